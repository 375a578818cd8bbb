"""Estimates as reports show them: those of golden as they were recorded, those of dev as a measure would give them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.measures import Measure
from goldgate.runs.golden import DifferenceRow, MeasureRow
from goldgate_reports.against import standing
from goldgate_reports.estimates import Estimate, averaged, measured, of_row, of_verdict, paired
from goldgate_reports.records import Column

value = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
values = st.lists(value, min_size=1, max_size=12)


def column(numbers: list[float | None], bounds: tuple[float, float] = (0.0, 1.0), better: str = "high") -> Column:
    return Column({f"e{i}": v for i, v in enumerate(numbers)}, bounds, better)


def sure(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


@given(values)
@settings(deadline=None, max_examples=40)
def test_an_estimate_on_dev_is_the_measures_own(numbers: list[float | None]) -> None:
    made, measure = sure(measured("exact_match", column(numbers))), Measure(numbers)
    assert (made.value, made.n, made.missing) == (measure.value, measure.n, measure.missing)
    assert (made.low, made.high) == pytest.approx(measure.interval())


@given(values)
@settings(deadline=None, max_examples=40)
def test_the_average_is_the_estimate_without_its_interval(numbers: list[float | None]) -> None:
    quick, whole = sure(averaged("exact_match", column(numbers))), sure(measured("exact_match", column(numbers)))
    assert (quick.text, quick.count, quick.missing) == (whole.text, whole.count, whole.missing)
    assert not quick.known
    assert whole.known


@given(st.lists(st.tuples(value, value), min_size=1, max_size=10))
@settings(deadline=None, max_examples=40)
def test_a_difference_turned_round_is_the_same_one_with_the_other_sign(pairs: list[tuple[Any, Any]]) -> None:
    ours, theirs = column([a for a, _ in pairs]), column([b for _, b in pairs])
    one, other = sure(paired("exact_match", ours, theirs)), sure(paired("exact_match", theirs, ours))
    assert one.low == pytest.approx(-(other.high or 0.0), abs=1e-8)
    assert one.high == pytest.approx(-(other.low or 0.0), abs=1e-8)
    if any(a is not None and b is not None for a, b in pairs):
        assert one.value == pytest.approx(-(other.value or 0.0))
    swapped = {"better": "worse", "worse": "better"}
    reads = standing(other, "high")
    assert standing(one, "high") == swapped.get(str(reads), reads)


@given(values)
@settings(deadline=None, max_examples=25)
def test_nothing_is_ahead_of_itself(numbers: list[float | None]) -> None:
    same = sure(paired("exact_match", column(numbers), column(numbers)))
    assert standing(same, "high") == "not shown apart"
    assert same.missing == numbers.count(None)


@given(values, st.permutations(range(12)))
@settings(deadline=None, max_examples=25)
def test_the_order_of_lines_in_the_record_changes_nothing(numbers: list[float | None], order: list[int]) -> None:
    items = list(column(numbers).values.items())
    shuffled = dict(items[i] for i in order if i < len(items))
    assert measured("m", Column(shuffled, (0.0, 1.0), "high")) == measured("m", column(numbers))


def test_only_examples_that_both_answered_are_compared() -> None:
    ours, theirs = Column({"a": 1.0, "b": 0.0}, (0.0, 1.0), "high"), Column({"b": 0.0, "c": 1.0}, (0.0, 1.0), "high")
    made = sure(paired("exact_match", ours, theirs))
    assert (made.n, made.text) == (1, "0.0 points")
    assert paired("exact_match", ours, Column({"c": 1.0}, (0.0, 1.0), "high")) is None


def test_a_slice_has_its_own_examples_and_an_empty_one_is_none() -> None:
    data = column([1.0, 0.0, 1.0])
    assert sure(measured("exact_match", data, frozenset({"e0", "e2", "other"}))).text == "100.0%"
    assert measured("exact_match", data, frozenset()) is None
    assert averaged("exact_match", data, frozenset({"other"})) is None


def test_shares_are_compared_in_points_and_tokens_in_tokens() -> None:
    share = sure(paired("exact_match", column([1.0, 1.0]), column([0.0, 1.0])))
    assert share.text == "+50.0 points"
    tokens = sure(paired("tokens_in", column([90.0], (0.0, 2000.0), "low"), column([800.0], (0.0, 2000.0), "low")))
    assert tokens.text == "\u2212710"


@pytest.mark.parametrize(
    ("low", "high", "better", "said"),
    [
        (0.1, 0.2, "high", "better"),
        (0.1, 0.2, "low", "worse"),
        (-0.2, -0.1, "high", "worse"),
        (-0.2, -0.1, "low", "better"),
        (-0.1, 0.1, "high", "not shown apart"),
        (0.0, 0.2, "high", "not shown apart"),
        (-0.2, 0.0, "low", "not shown apart"),
        (None, 0.2, "high", None),
        (0.1, None, "high", None),
    ],
)
def test_an_interval_that_holds_zero_shows_nothing_apart(
    low: float | None, high: float | None, better: str, said: str | None
) -> None:
    assert standing(Estimate(0.1, low, high, 10, "points"), better) == said


def test_without_a_difference_there_is_no_standing() -> None:
    assert standing(None, "high") is None


def test_a_recorded_row_is_shown_as_it_stands() -> None:
    made = of_row(MeasureRow(metric="exact_match", estimate=0.923, low=0.88, high=0.95, n=200, missing=3))
    assert (made.text, made.interval, made.count, made.missing) == ("92.3%", "88.0% to 95.0%", "200", 3)


def gap(metric: str, estimate: float, low: float, high: float) -> DifferenceRow:
    return DifferenceRow(metric=metric, reference="base", estimate=estimate, low=low, high=high)


def test_a_recorded_difference_of_shares_is_in_points() -> None:
    made = of_row(gap("exact_match", 0.05, -0.01, 0.11))
    assert (made.text, made.interval, made.ends) == ("+5.0 points", "−1.0 to +11.0 points", "−1.0 to +11.0")


def test_a_recorded_difference_of_tokens_keeps_its_unit_and_shows_its_sign() -> None:
    made = of_row(gap("tokens_in", 12.0, 3.0, 21.0))
    assert (made.text, made.ends) == ("+12", "+3 to +21")


@pytest.mark.parametrize("missing", ["estimate", "low", "high"])
def test_what_was_not_recorded_is_not_known(missing: str) -> None:
    row = {"metric": "exact_match", "estimate": 0.9, "low": 0.8, "high": 0.95, "n": 50, missing: None}
    made = of_row(MeasureRow.model_validate(row))
    assert not made.known
    assert (made.text if missing == "estimate" else made.interval) == "not recorded"


def test_the_bounds_of_a_verdict_decide_the_unit() -> None:
    verdict = Measure([0.0, 1.0], name="m") >= 0.5
    assert of_verdict(verdict).text == "50.0%"
    assert of_verdict(replace(verdict, bounds=(0.0, 4.0))).text == "0.5"
    assert of_verdict(replace(verdict, metric="a - b", bounds=(-1.0, 1.0))).text == "+50.0 points"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_of_a_verdict_that_is_not_finite_was_not_recorded(number: float) -> None:
    verdict = replace(Measure([0.0, 1.0], name="m") >= 0.5, estimate=number, low=number, high=number)
    assert of_verdict(verdict).text == "not recorded"
    assert not of_verdict(verdict).known
