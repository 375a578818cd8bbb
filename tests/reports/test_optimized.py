"""The report shows an optimised prompt whole, and says what to do where its search got less than training."""

from __future__ import annotations

from goldgate.runs.optimized import OptimizedFacts, ShotFacts
from goldgate.runs.record import AttemptFacts, RunRecord
from goldgate_reports.optimized import optimized_prompts

FACTS = OptimizedFacts(
    file="optimized-4-m.json",
    optimizer="goldgate race 1",
    budget=900,
    budget_minutes=11.1,
    because="as long as training is expected to take",
    calls=890,
    seconds=600.0,
    candidates=40,
    system="Do it.",
    shots=(ShotFacts(id="t1", input="in", output="out"),),
)


def run_of(facts: OptimizedFacts, *seconds: float) -> RunRecord:
    attempts = tuple(AttemptFacts(k=k, seconds=s) for k, s in enumerate(seconds, 1))
    return RunRecord(attempts=attempts, optimized={"base+optimized:4": facts})


def test_a_search_that_got_as_much_needs_no_advice() -> None:
    (prompt,) = optimized_prompts(run_of(FACTS, 300.0, 290.0))
    assert prompt.less == ""
    assert prompt.effort == "The search got 890 of 900 answers, 10.0 min; training got 9.8 min."
    assert prompt.budget == (
        "Allowed were 900 answers in 11.1 min (as long as training is expected to take); searched by goldgate race 1."
    )
    assert (prompt.system, prompt.shots[0].output) == ("Do it.", "out")


def test_one_that_got_less_says_how_to_search_with_more() -> None:
    (prompt,) = optimized_prompts(run_of(FACTS, 600.0, 600.0))
    assert "the search got LESS" in prompt.effort
    assert "optimize: {minutes: 20}" in prompt.less
    assert "delete optimized-4-m.json" in prompt.less


def test_a_run_without_one_shows_none() -> None:
    assert optimized_prompts(RunRecord()) == ()
