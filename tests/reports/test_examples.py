"""Which dev examples a reader is shown: those that turned, those that are worst, and no more than twenty of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate_reports.against import quality_metrics
from goldgate_reports.examples import MOST_SHOWN, example_groups, turned, worst
from goldgate_reports.records import AnswerRow, Column, Records
from goldgate_reports.who import Subjects

from .small import run_of

WHO = Subjects("tuned", "tuned", "base", None, {})
value = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 0.99, 1.0]))
columns = st.lists(st.tuples(value, value), min_size=0, max_size=30)


def column(values: Sequence[float | None], bounds: tuple[float, float] = (0.0, 1.0)) -> Column:
    return Column({f"e{i:02d}": v for i, v in enumerate(values)}, bounds, "high")


def records(ours: Mapping[str, Column], theirs: Mapping[str, Column] | None = None, **more: Any) -> Records:
    scores = {"tuned": ours, **({"base": theirs} if theirs is not None else {})}
    ids = next(iter(ours.values())).values
    said = {i: AnswerRow(f"input of {i}", json.dumps({"a": 1}), '{"a": 2}', "stop") for i in ids}
    answers = dict.fromkeys(scores, said)
    return Records(run_of(more.pop("run", {})), None, scores, more.pop("answers", answers), more.pop("tags", {}))


@given(columns)
def test_an_example_turns_at_most_one_way(pairs: list[tuple[float | None, float | None]]) -> None:
    ours, theirs = column([a for a, _ in pairs]), column([b for _, b in pairs])
    right, wrong = turned(ours, theirs)
    assert not set(right) & set(wrong)
    assert turned(theirs, ours) == (wrong, right)
    net = sum(v == 1.0 for v in ours.values.values()) - sum(v == 1.0 for v in theirs.values.values())
    assert len(right) - len(wrong) == net


@given(columns)
def test_the_worst_are_all_that_are_not_right_and_only_they(pairs: list[tuple[float | None, float | None]]) -> None:
    ours = {"exact_match": column([a for a, _ in pairs]), "field_accuracy": column([b for _, b in pairs])}
    found = worst(ours, "exact_match")
    assert sorted(found) == sorted(i for i, v in ours["exact_match"].values.items() if v != 1.0)
    leading = [ours["exact_match"].values[i] for i in found]
    ranks = [-1.0 if v is None else v for v in leading]
    assert ranks == sorted(ranks), "a missing answer is worse than any wrong one"


def test_among_equals_the_other_metrics_decide_and_then_the_id() -> None:
    ours = {"exact_match": column([0.0, 0.0, 0.0]), "field_accuracy": column([0.9, 0.1, 0.9])}
    assert worst(ours, "exact_match") == ["e01", "e00", "e02"]


def test_what_an_answer_costs_makes_it_no_worse() -> None:
    costs = Column({"e00": 900.0, "e01": 10.0}, (0.0, 1000.0), "low")
    ours = {"exact_match": column([0.0, 0.0]), "tokens_in": costs, "stop_rate": column([1.0, 0.0])}
    assert quality_metrics(ours) == ("exact_match",)
    assert worst(ours, "exact_match") == ["e00", "e01"]


def test_examples_that_only_one_subject_answered_did_not_turn() -> None:
    ours, theirs = Column({"a": 1.0, "b": 1.0}, (0.0, 1.0), "high"), Column({"b": 0.0, "c": 1.0}, (0.0, 1.0), "high")
    assert turned(ours, theirs) == (["b"], [])


@pytest.mark.parametrize("many", [0, 1, 19, 20, 21, 60])
def test_no_group_shows_more_than_twenty_and_each_says_how_many_there_are(many: int) -> None:
    wrong, right = column([0.0] * many + [1.0]), column([1.0] * many + [1.0])
    groups = example_groups(records({"exact_match": wrong}, {"exact_match": right}), WHO, "exact_match")
    by_name = {g.name: g for g in groups}
    assert by_name["Newly wrong"].total == by_name["Worst answers"].total == many
    assert len(by_name["Newly wrong"].shown) == min(many, MOST_SHOWN)
    assert by_name["Newly right"].total == 0


def test_bad_news_comes_first() -> None:
    groups = example_groups(records({"m": column([0.0])}, {"m": column([1.0])}), WHO, "m")
    assert [g.name for g in groups] == ["Newly wrong", "Newly right", "Worst answers"]


def test_without_the_leading_metric_or_answers_there_is_nothing_to_show() -> None:
    data = records({"exact_match": column([0.0])})
    assert example_groups(data, WHO, "accuracy") == ()
    assert example_groups(records({"m": column([0.0])}, answers={}), WHO, "m") == ()
    assert example_groups(data, Subjects(None, None, None, None, {}), "exact_match") == ()


def test_an_example_shows_both_answers_its_tags_and_its_scores() -> None:
    data = records(
        {"exact_match": column([0.0]), "field_accuracy": column([0.25])},
        {"exact_match": column([1.0]), "field_accuracy": column([None])},
        tags={"e00": ("ocr",)},
    )
    shown = example_groups(data, WHO, "exact_match")[0].shown[0]
    assert (shown.id, shown.tags, shown.input) == ("e00", ("ocr",), "input of e00")
    assert [g.name for g in shown.difference.given] == ["tuned", "base"]
    assert shown.scores == (("exact match", "0%", "100%"), ("field accuracy", "25%", "no answer"))


def test_what_both_have_right_is_not_listed_among_the_scores() -> None:
    data = records(
        {"exact_match": column([0.0]), "json_valid": column([1.0])},
        {"exact_match": column([0.0]), "json_valid": column([1.0])},
    )
    assert [name for name, *_ in example_groups(data, WHO, "exact_match")[-1].shown[0].scores] == ["exact match"]


def test_an_example_in_two_groups_is_the_same_there() -> None:
    groups = example_groups(records({"m": column([0.0])}, {"m": column([1.0])}), WHO, "m")
    assert groups[0].shown[0] is groups[2].shown[0]


def test_a_scored_example_without_any_answer_is_a_broken_record() -> None:
    with pytest.raises(UserError, match=r'answers\.parquet: the scored example "e00" has no answer'):
        example_groups(records({"m": column([0.0])}, answers={"tuned": {}}), WHO, "m")


@pytest.mark.parametrize("length", [1_200, 1_201, 9_000])
def test_a_long_input_is_cut_and_counted(length: int) -> None:
    answers = {"tuned": {"e00": AnswerRow("i" * length, "{}", "{}", "stop")}}
    shown = example_groups(records({"m": column([0.0])}, answers=answers), WHO, "m")[0].shown[0]
    assert len(shown.input) + shown.input_left_out == length
    assert (shown.input_left_out > 0) == (length > 1_200)


def test_the_recorded_rules_decide_what_is_right_in_the_fields() -> None:
    data = records({"m": column([0.0])}, run={"fields": {"a": {"compare": "number", "tolerance": 1.0}}})
    cell = example_groups(data, WHO, "m")[0].shown[0].difference.fields[0].cells[0]
    assert cell is not None
    assert cell.outcome == "right", "1 and 2 agree within 1"


@pytest.mark.parametrize("fields", [None, {}])
def test_without_recorded_rules_every_field_is_exact(fields: Any) -> None:
    assert run_of({"fields": fields}).fields == {}


@pytest.mark.parametrize("fields", [{"a": {"compare": "roughly"}}, {"a": {"tolerance": -1.0}}, {"a": 3}, [1], "x"])
def test_rules_that_are_none_name_the_field_of_the_record(fields: Any) -> None:
    with pytest.raises(UserError, match=r'run\.json, field "fields'):
        run_of({"fields": fields})
