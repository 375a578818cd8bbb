"""Arithmetic of measures: what is a mean over examples keeps its exact evidence, anything else says what to write."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.measures import Estimate, Measure, Recording, Use, macro_f1, p_value, recording, seconds

A = Measure([1.0, 1.0, 0.0, 1.0] * 20, name="a")
B = Measure([1.0, 0.0, 0.0, 1.0] * 20, name="b")
values = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, None]), min_size=2, max_size=12).filter(
    lambda row: any(v is not None for v in row)
)


@pytest.mark.parametrize(
    ("made", "name", "estimate", "bounds"),
    [
        (1 - A, "1 - a", 0.25, (0.0, 1.0)),
        (-A, "-a", -0.75, (-1.0, 0.0)),
        (+A, "a", 0.75, (0.0, 1.0)),
        (A + 0.5, "a + 0.5", 1.25, (0.5, 1.5)),
        (0.5 + A, "a + 0.5", 1.25, (0.5, 1.5)),
        (A - 0.5, "a - 0.5", 0.25, (-0.5, 0.5)),
        (A / 2, "a / 2", 0.375, (0.0, 0.5)),
        (A + B, "a + b", 1.25, (0.0, 2.0)),
        (A - B, "a - b", 0.25, (-1.0, 1.0)),
        (A - (B + 0.1), "a - (b + 0.1)", 0.15, (-1.1, 0.9)),
        (0.5 * (A + B), "0.5 * (a + b)", 0.625, (0.0, 1.0)),
        (1 - (A - B), "1 - (a - b)", 0.75, (0.0, 2.0)),
        (sum([A, B]) / 2, "(a + b) / 2", 0.625, (0.0, 1.0)),
        (np.float64(0.5) * A, "0.5 * a", 0.375, (0.0, 0.5)),
        (np.float32(0.5) + A, "a + 0.5", 1.25, (0.5, 1.5)),
        (np.int64(1) - A, "1 - a", 0.25, (0.0, 1.0)),
    ],
)
def test_a_sum_is_again_a_mean_over_examples(
    made: Any, name: str, estimate: float, bounds: tuple[float, float]
) -> None:
    assert made.name == name
    assert made.value == pytest.approx(estimate)
    assert made.bounds == pytest.approx(bounds)


@given(values, st.sampled_from([0.2, 0.5, 0.8]))
def test_the_error_rate_is_the_accuracy_turned_around(row: list[float | None], t: float) -> None:
    m = Measure(row)
    for level in (0.025, 0.0125):
        with recording(Recording(level=level)):
            right, wrong = m.verdict(">=", t), (1 - m).verdict("<=", 1 - t)
    assert wrong.outcome == right.outcome
    assert wrong.p == pytest.approx(right.p, rel=1e-9)
    assert (-m).verdict("<=", -t).p == pytest.approx(right.p, rel=1e-9)
    assert (m + 0.25).verdict(">=", t + 0.25).p == pytest.approx(right.p, rel=1e-9)


@given(values)
def test_a_sum_treats_missing_answers_as_the_worst_of_each(row: list[float | None]) -> None:
    m = Measure(row)
    doubled, both = (2 * m).evidence, (m + m).evidence
    assert doubled.bound_for(">=", 0.025) == pytest.approx(both.bound_for(">=", 0.025))
    assert doubled.bound_for("<=", 0.025) == pytest.approx(both.bound_for("<=", 0.025))


def test_a_threshold_relative_to_another_measure_is_a_paired_comparison() -> None:
    for verdict in (A >= B + 0.1, A - 0.1 >= B, B <= A - 0.1, B + 0.1 <= A):
        assert verdict.outcome == (A - B >= 0.1).outcome == "pass"
        assert verdict.p == pytest.approx((A - B >= 0.1).p)


def test_bootstrapped_measures_shift_too() -> None:
    f1 = macro_f1(list("ab") * 20, list("ab") * 19 + list("aa"), labels=("a", "b"), name="f1")
    assert (1 - f1).value == pytest.approx(1 - f1.value)
    assert (1 - f1).interval() == pytest.approx(tuple(1 - end for end in reversed(f1.interval())), abs=0.02)
    assert (f1 + f1 - f1).value == pytest.approx(f1.value)
    waited = seconds([1.0, 2.0, 4.0])
    assert (waited + 0.5).p50.value == (waited.p50 + 0.5).value == 2.5


def test_a_range_is_two_gates() -> None:
    seen: list[str] = []
    with recording(Recording(record=lambda verdict, _: seen.append(verdict.gate))):
        assert 0.5 <= A <= 0.95
        assert np.float64(0.5) <= A
    assert seen == ["a >= 0.50", "a <= 0.95", "a >= 0.50"]


NO: dict[str, Callable[[Any], object]] = {
    "float": float,
    "int": int,
    "complex": complex,
    "bool": bool,
    "not": operator.not_,
    "round": round,
    "round to 2": lambda m: round(m, 2),
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "len": len,
    "list": list,
    "min": min,
    "item": lambda m: m["tag"],
    "in": lambda m: m in [0.5],
    "strict": lambda m: 0.1 < m < 0.5,
    "equal": lambda m: m == 0.5,
    "unequal": lambda m: m != 0.5,
    "power": lambda m: m**2,
    "reflected power": lambda m: 2**m,
    "floor division": lambda m: m // 2,
    "remainder": lambda m: m % 2,
    "divmod": lambda m: divmod(m, 2),
    "matrix product": lambda m: m @ m,
    "inverse": lambda m: 1 / m,
    "and": lambda m: m & m,
    "or": lambda m: True | m,
    "invert": lambda m: ~m,
    "an array": lambda m: np.array([0.5]) * m,
    "plus text": lambda m: m + "0.1",
    "minus none": lambda m: m - None,
    "times true": lambda m: m * True,
    "plus nan": lambda m: m + math.nan,
    "minus infinity": lambda m: m - math.inf,
    "over zero": lambda m: m / 0,
    "as an index": lambda m: [1, 2][m],
}


@pytest.mark.parametrize("do", NO.values(), ids=NO)
@pytest.mark.parametrize("of", [A, A.plausible], ids=["measure", "reading"])
def test_anything_else_is_one_line_that_says_what_to_write(of: object, do: Callable[[Any], object]) -> None:
    with pytest.raises(UserError) as caught:
        do(of)
    assert caught.value.hint
    assert "\n" not in caught.value.what


@pytest.mark.parametrize("do", [lambda: A * B, lambda: A / B])
def test_a_product_and_a_ratio_are_no_mean(do: Callable[[], object]) -> None:
    with pytest.raises(UserError, match="not a mean over examples"):
        do()


@pytest.mark.parametrize(
    "do", [lambda r: r - 0.1, lambda r: 0.1 - r, lambda r: -r, lambda r: 0.5 * r, lambda r: r - r, lambda r: r / 2]
)
def test_a_reading_comes_after_the_arithmetic(do: Callable[[Any], object]) -> None:
    with pytest.raises(UserError, match=r"(?s)can only be compared.*\(a - b\)\.plausible >="):
        do(A.plausible)


def test_the_parts_of_a_sum_go_the_same_way() -> None:
    good = Measure([1.0, 0.0]).restricted(Use(one_way=True))
    bad = Measure([1.0, 0.0], better="low")
    assert (good + good).value == 1.0
    assert (good - bad).value == 0.0
    with pytest.raises(UserError, match="write measure - measure"):
        good + bad


def test_formats_show_the_estimate() -> None:
    assert f"{A:.1%} {A:.3f}" == "75.0% 0.750"
    assert f"{A}" == repr(A)


HIDDEN, MARKED = (A.restricted(Use(hold=hold)) for hold in ("hidden", "marked"))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_hide_as_much(copied: Callable[[Measure], Measure]) -> None:
    assert math.isnan(copied(HIDDEN).value)
    assert isinstance(copied(MARKED).value, Estimate)
    assert copied(A).value == 0.75


@pytest.mark.parametrize(
    "made",
    [HIDDEN - B, B - HIDDEN, HIDDEN + B, 1 - HIDDEN, 2 * HIDDEN, -HIDDEN, HIDDEN / 3, HIDDEN.percentile(30)],
    ids=str,
)
def test_whatever_is_calculated_from_a_hidden_measure_is_hidden(made: Measure) -> None:
    assert [str(number) for number in (made.value, *made.interval())] == ["hidden"] * 3
    assert "(hidden, n = 80)" in repr(made)
    for read in (
        lambda: made.evidence,
        lambda: made.missing,
        lambda: made.verdict(">=", 0.1),
        lambda: made.where(bool),
    ):
        with pytest.raises(UserError, match=r"golden decides: the numbers of .* are hidden"):
            read()
    with recording(Recording(record=lambda verdict, judged: None)):
        verdict = made >= made.bounds[0]
    assert verdict
    assert [str(n) for n in (verdict.estimate, verdict.low, verdict.high, verdict.p)] == ["hidden"] * 4


@pytest.mark.parametrize(
    "number",
    [
        MARKED.value,
        MARKED.value + 0.05,
        0.05 - MARKED.value,
        MARKED.value / 2,
        2**MARKED.value,
        -MARKED.value,
        abs(MARKED.value),
        round(MARKED.value, 1),
        MARKED.interval()[0],
        (MARKED - B).value,
        (MARKED >= 0.0).low,
        sum([MARKED.value, MARKED.value]),
    ],
)
def test_what_is_calculated_from_an_estimate_is_no_threshold(number: float) -> None:
    assert isinstance(number, Estimate)
    for do in (lambda: number <= A, lambda: number >= A, lambda: A - number, lambda: A * number, lambda: number + A):
        with pytest.raises(UserError, match=r"(?s)as if that were certain.*candidate.exact_match - prompted"):
            do()


@given(st.floats(-3, 3))
def test_nothing_finds_a_number_in_a_hidden_estimate(other: float) -> None:
    hidden = HIDDEN.value
    assert math.isnan(float(hidden))
    assert math.isnan(np.float64(hidden))
    assert math.isnan(hidden + other)
    assert math.isnan(other * hidden)
    compare: list[Callable[[], object]] = [lambda: hidden < other, lambda: other <= hidden, lambda: hidden == other]
    for do in (*compare, lambda: max(hidden, other), lambda: bool(hidden), lambda: hidden in [other]):
        with pytest.raises(UserError, match="golden decides"):
            do()


def test_an_estimate_as_a_threshold_passes_equal_models_too_often_and_a_difference_does_not() -> None:
    rng = np.random.default_rng(0)
    pairs = [(rng.random((2, 100)) < 0.8).astype(float) for _ in range(2_000)]
    by_estimate = np.mean([p_value(one, float(other.mean()), 0, 1, "lower") <= 0.025 for one, other in pairs])
    by_difference = np.mean([p_value(one - other, 0.0, -1, 1, "lower") <= 0.025 for one, other in pairs])
    assert by_estimate == pytest.approx(0.0625, abs=0.01)
    assert by_difference < 0.025
