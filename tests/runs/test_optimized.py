"""A run says what the search of a prompt got beside training, and plainly where that was less."""

from __future__ import annotations

import pytest

from goldgate.runs.optimized import OptimizedFacts

FACTS = OptimizedFacts(
    budget=1500,
    calls=1490,
    seconds=660.0,
    candidates=57,
    examples=96,
    scores={"style_ok": 0.5208, "style_score": 0.9},
    first={"style_ok": 0.4479, "style_score": 0.9},
)


@pytest.mark.parametrize(("trained", "less"), [(600.0, False), (660.0, False), (662.0, False), (670.0, True)])
def test_a_search_that_got_less_than_training_is_told(trained: float, less: bool) -> None:
    assert FACTS.got_less(trained) is less
    assert ("LESS" in FACTS.effort(trained)) is less


def test_the_time_of_the_reflection_model_counts() -> None:
    helped = FACTS.model_copy(
        update={"reflection": "openai:m@http://localhost:1/v1", "reflections": 7, "reflection_seconds": 60.0}
    )
    assert helped.minutes == 12.0
    assert helped.effort(700.0) == (
        "the search got 1,490 of 1,500 answers and 7 proposals by openai:m@http://localhost:1/v1, 12.0 min; training"
        " got 11.7 min"
    )


def test_what_was_found_is_told_beside_the_prompt_of_few_shot() -> None:
    assert FACTS.result() == ("the best of 57 prompts: style_ok 0.521 on 96 examples of train, few_shot's 0.448")
    assert OptimizedFacts(candidates=3).result() == "the best of 3 prompts"
