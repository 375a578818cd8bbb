"""Confidence bounds: the t at which p(t) equals the level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from goldgate.base.errors import UserError
from goldgate.measures import interval, lower_bound, sample, upper_bound

unit = st.floats(0.0, 1.0, allow_subnormal=False)


@pytest.mark.parametrize("n", [1, 2, 5, 20, 200, 5000])
@pytest.mark.parametrize("level", [0.25, 0.025, 0.0125, 0.05 / 2**10, 1e-9])
def test_on_zero_one_data_bounds_are_clopper_pearsons(n: int, level: float) -> None:
    for k in sorted({0, 1, n // 2, int(0.9 * n), n - 1, n}):
        data = sample(np.r_[np.ones(k), np.zeros(n - k)], 0, 1)
        low = beta.ppf(level, k, n - k + 1) if k else 0.0
        high = beta.isf(level, k + 1, n - k) if k < n else 1.0
        assert lower_bound(data, level) == pytest.approx(low, abs=1e-9)
        assert upper_bound(data, level) == pytest.approx(high, abs=1e-9)


@given(st.lists(unit, min_size=1, max_size=15), st.sampled_from([0.2, 0.025, 0.001, 1e-6]))
@settings(deadline=None, max_examples=150)
def test_p_at_a_bound_is_the_level(values: list[float], level: float) -> None:
    data = sample(values, 0, 1)
    for bound, side, worst in ((lower_bound, "lower", 0.0), (upper_bound, "upper", 1.0)):
        t = bound(data, level)
        inward = 1.0 if side == "lower" else -1.0
        # p is steep if values cluster at an end, so the level must be met within the precision of the bound.
        outer = min(max(t - inward * 1e-8, 0.0), 1.0)
        inner = min(max(t + inward * 1e-8, 0.0), 1.0)
        assert data.p(outer, side) <= level * 1.0001 or abs(t - worst) < 1e-7
        assert data.p(inner, side) >= level * 0.9999


@given(st.lists(unit, min_size=1, max_size=15))
@settings(deadline=None, max_examples=100)
def test_the_estimate_lies_inside_and_a_smaller_level_is_wider(values: list[float]) -> None:
    data = sample(values, 0, 1)
    low, high = interval(data)
    wide_low, wide_high = interval(data, 0.999)
    assert 0.0 <= wide_low <= low + 1e-9 <= data.mean + 2e-9
    assert data.mean <= high + 1e-9 <= wide_high + 2e-9 <= 1.0 + 2e-9


def test_all_worst_and_all_best_end_at_the_range() -> None:
    assert lower_bound(sample([3.0] * 9, 3, 7), 0.025) == 3.0
    assert upper_bound(sample([7.0] * 9, 3, 7), 0.025) == 7.0
    assert lower_bound(sample([7.0] * 9, 3, 7), 0.025) == pytest.approx(3 + 4 * 0.025 ** (1 / 9))


def test_a_large_possible_group_widens_the_interval() -> None:
    x, groups = [1.0] * 40, [str(i // 2) for i in range(40)]
    alone, paired = sample(x, 0, 1), sample(x, 0, 1, groups)
    feared = sample(x, 0, 1, groups, max_group=10)
    assert lower_bound(alone, 0.025) > lower_bound(paired, 0.025) > lower_bound(feared, 0.025)


def test_levels_out_of_range_are_user_errors() -> None:
    data = sample([0.5], 0, 1)
    for level in (0.0, 0.5, -1.0, float("nan")):
        with pytest.raises(UserError, match="level"):
            lower_bound(data, level)
    for level in (0.0, 1.0, 95.0):
        with pytest.raises(UserError, match="level"):
            interval(data, level)
