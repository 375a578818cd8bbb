"""Percentiles: exact order-statistic bounds, gates in both directions, missing answers at their worst."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from goldgate.base.errors import UserError
from goldgate.measures import Measure, seconds


def waits(values, **more) -> Measure:
    return seconds(values, **more)


def test_p95_is_the_smallest_value_that_95_percent_do_not_exceed() -> None:
    assert waits(range(1, 101)).p95.value == 95
    assert waits(range(1, 21)).p95.value == 19
    assert waits([3.0]).p95.value == 3.0
    assert waits(range(1, 101)).p50.value == 50


@pytest.mark.parametrize("n", [60, 100, 400])
def test_a_percentile_gate_is_a_binomial_test_on_the_share_below(n: int) -> None:
    x = waits(np.linspace(0.1, 2.0, n))
    for t in (1.2, 1.8, 1.95):
        inside = int((np.linspace(0.1, 2.0, n) <= t).sum())
        verdict = x.p95.verdict("<=", t)
        assert verdict.p == pytest.approx(binom.sf(inside - 1, n, 0.95), rel=1e-9)
        assert verdict.n == n


def test_bounds_agree_with_scipy() -> None:
    n, values = 200, np.arange(1, 201) / 10
    low, high = waits(values).p95.interval()
    expected_high = next((v for k, v in enumerate(values, 1) if binom.sf(k - 1, n, 0.95) <= 0.025), None)
    expected_low = max(v for k, v in enumerate(values, 1) if binom.sf(n - k, n, 0.05) <= 0.025)
    assert (low, high) == (expected_low, expected_high)


def test_too_few_examples_cannot_bound_a_high_percentile() -> None:
    verdict = waits([0.1] * 50).p95.verdict("<=", 2.0)
    assert verdict.outcome == "undecided"
    assert "no result on 50 examples can show it: it takes 72 of 72" in verdict.message
    assert waits([0.1] * 72).p95.verdict("<=", 2.0).outcome == "pass"


def test_a_slow_tail_fails_whatever_the_mean() -> None:
    x = waits([0.1] * 80 + [9.0] * 20)
    assert x.p95.verdict("<=", 2.0).outcome == "fail"
    assert x.p50.verdict("<=", 2.0).outcome == "pass"
    assert x.p95.verdict(">=", 2.0).outcome == "pass"


def test_a_missing_answer_counts_as_endless_for_passing_and_as_quick_for_failing() -> None:
    assert waits([0.1] * 72).p95.verdict("<=", 1.0).outcome == "pass"
    assert waits([0.1] * 71 + [None]).p95.verdict("<=", 1.0).outcome == "undecided"
    lost = waits([0.1] * 60 + [None] * 40)
    assert lost.p95.verdict("<=", 1.0).outcome == "undecided"
    assert lost.p95.interval()[1] == 86_400


def test_readings_of_a_percentile() -> None:
    x = waits([0.1] * 19 + [9.0])
    assert (x.p95.observed <= 1.0).outcome == "pass"
    assert (x.p95.plausible <= 1.0).outcome == "pass"
    assert (x.p95 <= 1.0).outcome == "undecided"
    assert (waits([0.1] * 10 + [None] * 10).p95.observed <= 1.0).outcome == "fail"


def test_groups_count_once() -> None:
    alone = waits([0.1] * 80).p95.verdict("<=", 1.0)
    paired = waits([0.1] * 80, groups=[str(i // 4) for i in range(80)], max_group=4).p95.verdict("<=", 1.0)
    assert alone.outcome == "pass"
    assert paired.outcome == "undecided"


def test_percentiles_slice_and_scale() -> None:
    x = waits([0.1, 0.2, 5.0, 6.0], tags=[["short"], ["short"], ["long"], ["long"]])
    assert x.on("short").p95.value == 0.2
    assert x.p95.on("long").value == 6.0
    assert (x * 1000).p50.value == 200.0
    assert (0.5 * x.p95).value == 3.0


def test_bounded_measures_have_percentiles_too() -> None:
    tokens = Measure([10, 20, 30, 40], bounds=(0, 80), name="tokens_out")
    assert tokens.percentile(75).value == 30
    assert tokens.p95.bounds == (0, 80)


@pytest.mark.parametrize("q", [0, 100, -1, float("nan")])
def test_no_such_percentile(q: float) -> None:
    with pytest.raises(UserError, match="no percentile"):
        waits([1.0]).percentile(q)


def test_quantiles_are_not_subtracted_nor_turned() -> None:
    a, b = waits([1.0, 2.0]), waits([2.0, 3.0])
    with pytest.raises(UserError, match="quantiles cannot be subtracted"):
        a.p95 - b.p95
    with pytest.raises(UserError, match="by a negative number"):
        -1 * a.p95
    with pytest.raises(UserError, match="only a mean of values"):
        a.p95.percentile(50)


@pytest.mark.parametrize("value", [-0.1, 86_401, float("nan")])
def test_seconds_are_from_nought_to_a_day(value: float) -> None:
    with pytest.raises(UserError, match="seconds for example 2"):
        seconds([1.0, value])
