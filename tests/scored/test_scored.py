"""Scored: every metric an attribute, slices by tag, missing answers missing, unknown names named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.base.files import write_json
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context, scorer_versions, scorers_for
from goldgate.scorers.own import OwnScorer
from goldgate.subjects import Answer
from goldgate.task.examples import Example, Split, card_of, load_split, write_card
from goldgate.task.project import Project
from goldgate.task.task import Task

MakeTask = Callable[..., tuple[Project, Task]]
SCHEMA = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"], "additionalProperties": False}
SPLIT = Split(
    "dev",
    (
        Example("a", "one", {"n": 1}, tags=("odd",)),
        Example("b", "two", {"n": 2}, tags=("even",)),
        Example("c", "three", {"n": 3}, tags=("odd",), accept=({"n": 30},)),
        Example("d", "four", {"n": 4}),
    ),
)
TEXTS = {"a": '{"n": 1}', "b": '{"n": "2"}', "c": '{"n": 30}', "d": None}


@pytest.fixture
def scored(make_task: MakeTask, tmp_path: Path) -> Scored:
    _, task = make_task(
        {"kind": "json", "prices": {"per_million_input": 1.0, "per_million_output": 2.0}},
        SCHEMA,
        train=[("x", {"n": 1})],
    )
    answers = {
        e.id: Answer(e.id, TEXTS[e.id], "stop" if TEXTS[e.id] else "error", 100, 10, 0.0, None, "me", e.id, e.digest)
        for e in SPLIT
    }
    return Scored("candidate", ScoreTable(Context(task, tmp_path), SPLIT, answers))


def test_metrics_are_attributes(scored: Scored) -> None:
    assert scored.exact_match.value == pytest.approx(2 / 3)
    assert scored.schema_valid.value == pytest.approx(2 / 3)
    assert scored.json_valid.value == 1.0
    assert scored.exact_match.name == "exact_match"


def test_any_accepted_output_is_right(scored: Scored) -> None:
    assert scored.values("exact_match")["c"] == 1.0


def test_a_missing_answer_counts_for_neither_side(scored: Scored) -> None:
    assert scored.values("exact_match")["d"] is None
    assert (scored.exact_match.n, scored.exact_match.missing) == (4, 1)
    assert scored.exact_match.verdict("<=", 0.99).missing == 1


def test_slices_go_by_tag(scored: Scored) -> None:
    assert scored.on("odd").exact_match.n == 2
    assert scored.on("odd").exact_match.name == "exact_match[odd]"
    assert scored.on(("odd", "even")).exact_match.n == 3


def test_an_empty_slice_is_an_error_that_names_the_nearest_tag(scored: Scored) -> None:
    with pytest.raises(UserError, match='no example of dev carries the tag "od"\n  did you mean "odd"'):
        scored.on("od")
    with pytest.raises(UserError, match="the slice is empty"):
        scored.on(())


@pytest.fixture
def known(scored: Scored) -> Scored:
    """The same, once it is known how near each example is to train."""
    data = scored._scores.context.task.data
    rows = {e.id: {"stratum": s} for e, s in zip(SPLIT, ("far", "near", "near", "far"), strict=True)}
    splits = {"train": load_split(Project(data.parents[1], data), "demo", "train"), "dev": SPLIT, "golden": SPLIT}
    write_card(data, card_of("demo", splits, "", "", ""))
    write_json(
        data / "novelty.json", {"splits": {n: s.fingerprint for n, s in splits.items()}, "dev": rows, "golden": {}}
    )
    return scored


def test_novelty_strata_are_tags(known: Scored) -> None:
    assert [e.id for e in known.on("novelty:far").examples()] == ["a", "d"]
    assert known.on("novelty:near").exact_match.name == "exact_match[novelty:near]"
    assert known.on("odd").on("novelty:near").exact_match.n == 1
    assert known.on(("novelty:far", "odd")).exact_match.n == 3
    assert known.exact_match.on("novelty:far").n == 2
    assert known.on("novelty:near").exact_match.verdict("<=", 1.0)  # it is a slice by inputs: it may be gated


def test_a_stratum_that_is_empty_or_misspelled_is_named(known: Scored) -> None:
    with pytest.raises(UserError, match='carries the tag "novelty:twin"'):
        known.on("novelty:twin")
    with pytest.raises(UserError, match='"novelty:fra"\n  did you mean "novelty:far"'):
        known.on("novelty:fra")


def test_without_novelty_json_a_stratum_says_what_to_do_and_tags_go_on(scored: Scored) -> None:
    with pytest.raises(UserError, match="never computed\n  write it with `goldgate prepare demo`"):
        scored.on(("odd", "novelty:far"))
    assert scored.on("odd").exact_match.n == 2


def test_an_unknown_metric_is_named(scored: Scored) -> None:
    with pytest.raises(UserError, match='no metric "exact_mach"'):
        _ = scored.exact_mach
    with pytest.raises(UserError, match='no metric "style_ok"'):
        _ = scored.style_ok


def test_cost_follows_prices_and_its_bound_follows_the_limits(scored: Scored) -> None:
    cost = scored.cost_per_1k
    assert cost.value == pytest.approx((100 * 1.0 + 10 * 2.0) / 1000)
    assert cost.bounds == (0.0, pytest.approx((2048 * 1.0 + 12 * 2.0) / 1000))


def test_an_answer_that_is_not_there_is_an_error(scored: Scored, make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "json"}, SCHEMA, train=[("x", {"n": 1})])
    with pytest.raises(UserError, match="4 of 4 answers are missing"):
        _ = Scored("candidate", ScoreTable(Context(task, tmp_path), SPLIT, {})).exact_match


def test_metrics_that_lack_their_settings_are_not_offered(make_task: MakeTask) -> None:
    _, task = make_task({"kind": "text"}, train=[("x", "y")])
    assert "style_ok" not in scorers_for(task)
    assert "cost_per_1k" not in scorers_for(task)
    assert scorer_versions(task)["exact_match"] == 2


def test_metrics_that_no_report_lists_are_there_for_a_gate(scored: Scored) -> None:
    assert not {"field_f1", "empty_rate", "refusal_rate"} & set(scored.metrics())
    assert scored.field_f1.value == pytest.approx(2 / 3)
    assert scored.empty_rate.evidence.better == "low"


HEAD = "from goldgate import scorer\n@scorer\ndef own(example, text):\n"


def own(task: Task, code: str) -> OwnScorer:
    """A scorer whose code lies in the suite."""
    file = task.folder / "conftest.py"
    file.write_text(code)
    names: dict[str, object] = {"__file__": str(file)}
    exec(compile(code, str(file), "exec"), names)
    found = names["own"]
    assert isinstance(found, OwnScorer)
    return found


def test_a_users_scorer_sees_no_examples_outside_of_its_slice(scored: Scored) -> None:
    task = scored._scores.context.task
    odd = own(task, HEAD + "    return 'odd' in example.tags or 1/0\n")
    assert scored.on("odd").by(odd).value == 1.0
    assert scored.on("odd").by(odd).name == "own[odd]"
    with pytest.raises(UserError, match="own fails on example b with ZeroDivisionError: 'division by zero'"):
        scored.by(odd)


def test_values_of_a_users_scorer_are_not_those_of_other_answers(scored: Scored) -> None:
    scores = scored._scores
    short = own(scores.context.task, HEAD + "    return text != '1'\n")
    assert scored.by(short).value == 1.0
    scores.ask = lambda split, sample: {e.id: replace(scores.answers[e.id], text="1") for e in split}
    assert Scored("candidate", scores.asked(SPLIT, 1)).by(short).value == 0.0
    assert Scored("candidate", scores.asked(SPLIT, 1)).by(short).missing == 0


def test_a_slice_chosen_by_answers_is_not_gated_by_a_users_scorer(scored: Scored) -> None:
    short = own(scored._scores.context.task, HEAD + "    return 1\n")
    picked = scored.where(lambda example, answer: answer.text is not None)
    assert picked.by(short).value == 1.0
    with pytest.raises(UserError, match="never gated"):
        _ = picked.by(short) >= 0.5


def test_a_users_scorer_is_gated_only_towards_what_it_calls_better(scored: Scored) -> None:
    """An answer that was cut off has the worst value: asked the other way round, it would help."""
    high = own(
        scored._scores.context.task,
        "from goldgate import scorer\n@scorer(bounds=(0, 99))\ndef own(example, text):\n    return len(text)\n",
    )
    measure = scored.by(high)
    assert measure >= 0.0
    for other in (measure, measure.p95, measure.on("odd"), 2 * measure, measure - measure):
        with pytest.raises(UserError, match=r"high values of .* are better"):
            _ = other <= 99.0
        with pytest.raises(UserError, match=r"high values of .* are better"):
            other.plausible.__le__(99.0)
        with pytest.raises(UserError, match=r"high values of .* are better"):
            other.verdict("<=", 99.0)
    with pytest.raises(UserError, match="the candidate on its left"):
        _ = measure <= measure
    assert (-1 * measure) <= 0.0
