"""Who stands beside whom: which model is the tuned one, in which metric the gain is told, and tables by tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.measures import Measure
from goldgate_reports.against import better_of, compared, primary_metric, quality_metrics
from goldgate_reports.gates import golden_gates
from goldgate_reports.records import Column, Records
from goldgate_reports.who import Subjects, subjects_of

from .small import attempt_of, golden_of, golden_record, row, run_of

WHO = Subjects("tuned", "tuned", "base", "linear", {"tuned": 2, "adapter:x/1/adapter": 1})


def column(values: Sequence[float | None], better: str = "high", bounds: tuple[float, float] = (0.0, 1.0)) -> Column:
    return Column({f"e{i}": v for i, v in enumerate(values)}, bounds, better)


def records(
    scores: Mapping[str, Mapping[str, Column]],
    golden: Mapping[str, Any] | None = None,
    tags: Mapping[str, tuple[str, ...]] | None = None,
    attempts: Sequence[str] = (),
    **run: Any,
) -> Records:
    made = tuple(attempt_of({"k": k, "subject": s}) for k, s in enumerate(attempts, 1))
    return Records(run_of(run), golden_of(golden), scores, {}, tags or {}, made)


@pytest.mark.parametrize(
    ("subject", "name", "role"),
    [
        ("tuned", "tuned", "tuned"),
        ("base", "base", "the best prompting-only baseline"),
        ("linear", "linear", "linear model on embeddings"),
        ("adapter:x/1/adapter", "attempt 1", "another attempt"),
        ("base+few_shot:4", "base+few_shot:4", "prompting only"),
        ("adapter:runs/old", "adapter old", "prompting only"),
    ],
)
def test_every_subject_has_a_short_name_and_a_role(subject: str, name: str, role: str) -> None:
    assert (WHO.shown(subject), WHO.role(subject)) == (name, role)


def test_the_best_attempt_is_the_tuned_model_where_dev_scored_it() -> None:
    scores = {"a1": {"m": column([1.0])}, "a2": {"m": column([0.0])}}
    who = subjects_of(records(scores, attempts=["a1", "a2"], best=1, prompted="base"))
    assert (who.tuned_dev, who.prompted, who.attempts) == ("a1", "base", {"a1": 1, "a2": 2})


def test_goldens_candidate_is_the_tuned_model_where_dev_lacks_the_best_attempt() -> None:
    scores = {"champion": {"m": column([1.0])}}
    who = subjects_of(records(scores, golden_record(subject="champion"), attempts=["a1"]))
    assert (who.tuned_dev, who.tuned_golden) == ("champion", "champion")


def test_a_model_under_two_names_is_one_model() -> None:
    who = Subjects("attempts/2", "champion", None, None, {"attempts/2": 2})
    assert {who.shown("attempts/2"), who.shown("champion")} == {"tuned"}


def test_the_gain_is_told_in_the_metric_of_the_gate_that_compares_with_prompting() -> None:
    a, b = Measure([1.0] * 9, name="field_accuracy"), Measure([0.0] * 9, name="prompted.field_accuracy")
    golden = golden_record(row(Measure([1.0] * 9, name="exact_match") >= 0.5), row((a - b) >= 0.1))
    data = records({"tuned": {"exact_match": column([1.0]), "field_accuracy": column([1.0])}}, golden)
    assert primary_metric(data, WHO, golden_gates(data)) == "field_accuracy"


@pytest.mark.parametrize(
    ("metrics", "primary"),
    [
        (["field_accuracy", "exact_match"], "exact_match"),
        (["similarity", "style_score", "style_ok"], "style_ok"),
        (["similarity"], "similarity"),
        (["my_own", "other"], "my_own"),
        ([], "exact_match"),
    ],
)
def test_else_in_the_strictest_quality_metric(metrics: list[str], primary: str) -> None:
    data = records({"tuned": {m: column([1.0]) for m in metrics}})
    assert primary_metric(data, WHO, ()) == primary


@given(st.permutations(["tuned", "base", "linear", "other"]))
@settings(deadline=None, max_examples=12)
def test_tuned_comes_first_and_the_best_prompting_second_whatever_the_files_order(order: list[str]) -> None:
    data = records({s: {"exact_match": column([1.0, 0.0])} for s in order})
    rows = compared(data, WHO, "exact_match").dev
    assert [r.full for r in rows[:2]] == ["tuned", "base"]
    assert sorted(r.full for r in rows) == sorted(order)
    assert [r.cells[0].ahead is None for r in rows if r.cells[0]] == [True, False, False, False]


def test_all_rows_of_a_metric_share_one_axis() -> None:
    scores = {"tuned": {"m": column([1.0] * 40)}, "base": {"m": column([0.0] * 40)}}
    rows = compared(records(scores), WHO, "m").dev
    assert len({r.chart.ticks for r in rows if r.chart}) == 1
    assert rows[0].ahead_chart is None
    assert rows[1].ahead_chart is not None
    assert rows[1].ahead_chart.threshold is not None, "zero is drawn, to see on which side the difference lies"


def test_a_smaller_cost_stands_better() -> None:
    scores = {
        "tuned": {"tokens_in": column([90.0] * 30, "low", (0.0, 2000.0))},
        "base": {"tokens_in": column([800.0] * 30, "low", (0.0, 2000.0))},
    }
    made = compared(records(scores), WHO, "tokens_in")
    assert made.columns == (("tokens in", "lower is better"),)
    assert made.dev[1].cells[0] is not None
    assert made.dev[1].cells[0].standing == "better"


def test_without_tuned_answers_there_is_nothing_to_compare() -> None:
    made = compared(records({"base": {"m": column([1.0])}}), WHO, "m")
    assert (made.dev, made.golden, made.tags) == ((), (), None)


def test_golden_differences_name_the_reference_by_what_it_is() -> None:
    golden = golden_record(
        subject="tuned",
        prompted="base",
        differences=[
            {"metric": "exact_match", "reference": "prompted", "estimate": 0.2, "low": 0.1, "high": 0.3},
            {"metric": "exact_match", "reference": "linear", "estimate": 0.0, "low": -0.1, "high": 0.1},
        ],
        measures=[{"subject": "base", "metric": "exact_match", "tag": None, "estimate": 0.5}],
        turned={"exact_match": {"right": 12, "wrong": 2, "p": 0.0129}},
    )
    first, second = compared(records({"tuned": {"exact_match": column([1.0])}}, golden), WHO, "exact_match").golden
    assert (first.reference, first.standing, first.turned) == ("base", "better", (12, 2, "0.0129"))
    assert first.theirs is not None
    assert first.theirs.text == "50.0%"
    assert (second.reference, second.standing, second.turned) == ("linear", "not shown apart", None)


@pytest.mark.parametrize("turned", [None, {}, {"other": {"right": 1}}])
def test_turned_examples_that_were_not_recorded_are_left_out(turned: Any) -> None:
    golden = golden_record(
        prompted="base",
        turned=turned,
        differences=[{"metric": "exact_match", "reference": "base", "estimate": 0.2, "low": 0.1, "high": 0.3}],
    )
    assert compared(records({}, golden), WHO, "exact_match").golden[0].turned is None


@given(st.lists(st.sets(st.sampled_from("abc")), min_size=1, max_size=10))
@settings(deadline=None, max_examples=30)
def test_a_tags_row_counts_exactly_the_examples_that_carry_it(carried: list[set[str]]) -> None:
    tags = {f"e{i}": tuple(sorted(found)) for i, found in enumerate(carried)}
    data = records({"tuned": {"exact_match": column([1.0] * len(carried))}}, tags=tags)
    table = compared(data, WHO, "exact_match").tags
    known = sorted({t for found in carried for t in found})
    assert [r.tag for r in table.rows] == known if table else not known
    for line in table.rows if table else ():
        assert int(line.n) == sum(line.tag in found for found in carried)


def test_novelty_strata_have_a_table_of_their_own() -> None:
    tags = {"e0": ("rare", "novelty:far"), "e1": ("novelty:near",), "e2": ("novelty:far",)}
    made = compared(records({"tuned": {"exact_match": column([1.0, 0.0, 0.0])}}, tags=tags), WHO, "exact_match")
    assert made.tags is not None
    assert [r.tag for r in made.tags.rows] == ["rare"]
    assert made.novelty is not None
    assert [(r.tag, r.n) for r in made.novelty.rows] == [("novelty:far", "2"), ("novelty:near", "1")]
    ((far, _),) = made.novelty.rows[0].cells
    assert far is not None
    assert far.value == 0.5


def test_goldens_tags_go_before_devs() -> None:
    golden = golden_record(
        subject="tuned",
        prompted="base",
        measures=[
            {
                "subject": "tuned",
                "metric": "exact_match",
                "tag": "rare",
                "estimate": 0.5,
                "low": 0.1,
                "high": 0.9,
                "n": 4,
            },
            {"subject": "tuned", "metric": "tokens_in", "tag": "rare", "estimate": 80.0, "n": 4},
            {"subject": "base", "metric": "exact_match", "tag": "rare", "estimate": 0.25, "n": 4},
        ],
    )
    data = records({"tuned": {"exact_match": column([1.0])}}, golden, {"e0": ("common",)})
    table = compared(data, WHO, "exact_match").tags
    assert table is not None
    assert (table.split, table.metrics, [r.tag for r in table.rows]) == ("golden", ("exact match",), ["rare"])
    (pair,) = table.rows[0].cells
    assert [e.text for e in pair if e is not None] == ["50.0%", "25.0%"]


def test_quality_is_what_is_a_share_and_no_price() -> None:
    columns = {
        "exact_match": column([1.0]),
        "tokens_in": column([9.0], bounds=(0.0, 99.0)),
        "stop_rate": column([1.0]),
        "similarity": column([0.5], bounds=(-1.0, 1.0)),
        "cost_per_1k": column([0.1]),
    }
    assert quality_metrics(columns) == ("exact_match",)


def test_what_is_better_is_what_the_record_says_and_else_more() -> None:
    data = records({"a": {"tokens_in": column([1.0], "low", (0.0, 9.0))}})
    assert (better_of(data, "tokens_in"), better_of(data, "unknown")) == ("low", "high")


def test_every_gap_is_over_the_best_prompt_for_its_metric_and_says_what_the_choice_may_have_cost() -> None:
    golden = golden_record(
        subject="tuned",
        prompted="base",
        prompted_for={"exact_match": "base", "numbers_kept": "near"},
        differences=[
            {"metric": "exact_match", "reference": "base", "estimate": 0.2, "low": 0.1, "high": 0.3},
            {"metric": "numbers_kept", "reference": "near", "estimate": 0.1, "low": 0.0, "high": 0.2},
        ],
        measures=[{"subject": s, "metric": "numbers_kept", "tag": None, "estimate": 0.6} for s in ("tuned", "near")],
        turned={"numbers_kept": {"right": 3, "wrong": 1, "p": 0.6}},
    )
    scores = {
        "tuned": {"exact_match": column([1.0, 1.0]), "numbers_kept": column([1.0, 1.0])},
        "base": {"exact_match": column([1.0, 0.0]), "numbers_kept": column([0.0, 0.0])},
        "near": {"exact_match": column([0.0, 0.0]), "numbers_kept": column([1.0, 0.0])},
    }
    choices = {
        "exact_match": {"subject": "base", "among": 3, "n": 114, "most": 0.021},
        "numbers_kept": {"subject": "near", "among": 3, "n": 114, "most": 0.0},
    }
    tags = {"e0": ("t",), "e1": ("t",)}
    data = records(scores, golden, tags, attempts=["tuned"], best=1, prompted="base", choices=choices)
    who = subjects_of(data)
    made = compared(data, who, "exact_match")
    assert [(r.reference, r.most) for r in made.golden] == [("base", "2.1"), ("near", "0.0")]
    assert made.golden[1].turned == (3, 1, "0.6")
    assert made.tags is not None
    assert made.tags.prompts == ("base", "near")
    theirs = [cell[1].text for cell in made.tags.rows[0].cells if cell[1] is not None]
    assert theirs == ["50.0%", "50.0%"]
    assert who.role("near") == "the best prompt for numbers kept"
    assert data.run.choices["exact_match"].words == (
        "chosen on dev among 3 prompts by 114 examples: the best of them may be up to 2.1 points better than the chosen"
        " one (95%)"
    )


def test_a_run_without_choices_takes_them_from_golden() -> None:
    who = subjects_of(records({}, golden_record(prompted="base", prompted_for={"numbers_kept": "near"})))
    assert (who.best("numbers_kept"), who.best("cost_per_1k")) == ("near", "base")
