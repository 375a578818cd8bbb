"""Counts of right answers, compared with scipy's binomial distribution."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from goldgate.measures.binomial import at_least, examples_for, fewest_perfect, needed, power


@pytest.mark.parametrize("n", [1, 3, 50, 400])
@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9, 0.999])
def test_at_least_is_the_binomial_tail(n: int, rate: float) -> None:
    for k in sorted({0, 1, n // 2, n - 1, n, n + 1}):
        assert at_least(k, n, rate) == pytest.approx(binom.sf(k - 1, n, rate), rel=1e-9)
    assert (at_least(1, n, 0.0), at_least(n, n, 1.0), at_least(0, n, 0.0)) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize("level", [0.4, 0.025, 0.05 / 2**10])
@pytest.mark.parametrize("t", [0.0, 0.02, 0.5, 0.9, 0.99])
def test_needed_is_the_smallest_count_that_shows_it(t: float, level: float) -> None:
    for n in (1, 2, 10, 49, 200, 1000):
        k = needed(n, t, level)
        if k is None:
            assert binom.sf(n - 1, n, t) > level
        else:
            assert binom.sf(k - 1, n, t) <= level < binom.sf(k - 2, n, t)


def test_nothing_shows_certainty() -> None:
    assert needed(10_000, 1.0, 0.025) is None


@pytest.mark.parametrize(("t", "level"), [(0.95, 0.025), (0.99, 0.025), (0.9, 0.05 / 2**10)])
def test_fewest_perfect_is_where_a_perfect_result_starts_to_show_it(t: float, level: float) -> None:
    n = fewest_perfect(t, level)
    assert needed(n, t, level) == n
    assert needed(n - 1, t, level) is None


def test_the_least_number_of_examples_for_095_is_72() -> None:
    assert fewest_perfect(0.95, 0.025) == 72


def test_power_is_the_chance_to_reach_what_is_needed() -> None:
    assert power(200, 0.95, 0.9, 0.025) == pytest.approx(binom.sf(188, 200, 0.95), rel=1e-9)
    assert power(20, 0.99, 0.95, 0.025) == 0.0


def test_examples_for_has_the_power_asked_for() -> None:
    n = examples_for(0.95, 0.9, 0.025)
    assert power(n, 0.95, 0.9, 0.025) >= 0.8
    assert power(n // 2, 0.95, 0.9, 0.025) < 0.8
    assert examples_for(0.9, 0.9, 0.025) is None
    assert examples_for(0.8, 0.9, 0.025) is None
    assert examples_for(0.9001, 0.9, 0.025) is None
