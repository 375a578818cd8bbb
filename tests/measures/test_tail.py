"""p(t) compared with exact results: the binomial on 0/1 data, otherwise partial fractions in rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, gamma

from goldgate.base.errors import UserError
from goldgate.measures import p_value, sample
from goldgate.measures.tail import log_mass_near, mass_below_zero

unit = st.floats(0.0, 1.0, allow_subnormal=False)
level = st.sampled_from([0.025, 0.0125, 0.05 / 2**10, 0.4])


def ones(k: int, n: int) -> np.ndarray:
    return np.r_[np.ones(k), np.zeros(n - k)]


def by_fractions(coefficients: list[Fraction]) -> Fraction:
    """P(sum c_j E_j < 0) for distinct c_j: sum over c_j < 0 of prod_{i != j} c_j / (c_j - c_i)."""
    total = Fraction(0)
    for j, cj in enumerate(coefficients):
        if cj < 0:
            part = Fraction(1)
            for i, ci in enumerate(coefficients):
                if i != j:
                    part *= cj / (cj - ci)
            total += part
    return total


@pytest.mark.parametrize("n", [1, 2, 7, 50, 500, 5000])
@pytest.mark.parametrize("a", [0.3, 0.025, 0.0125, 0.05 / 2**10, 1e-9])
def test_on_zero_one_data_p_is_the_binomial_tail(n: int, a: float) -> None:
    for k in sorted({1, n // 3, n // 2, int(0.9 * n), n - 1, n} - {0}):
        t = float(beta.ppf(a, k, n - k + 1))
        assert p_value(ones(k, n), t, 0, 1, "lower") == pytest.approx(binom.sf(k - 1, n, t), rel=1e-9)
        assert p_value(ones(k, n), t, 0, 1, "upper") == pytest.approx(binom.cdf(k, n, t), rel=1e-9)


def test_tiny_p_keeps_its_digits() -> None:
    assert p_value(ones(20_000, 20_000), 0.97, 0, 1, "lower") == pytest.approx(0.97**20_000, rel=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 30, 60])
@pytest.mark.parametrize("t", [0.125, 0.5, 0.75, 0.9375])
def test_on_distinct_values_p_is_the_sum_of_partial_fractions(n: int, t: float) -> None:
    x = np.random.default_rng(n).beta(3, 1, n)
    c = [Fraction(v) - Fraction(t) for v in x]
    assert p_value(x, t, 0, 1, "lower") == pytest.approx(float(by_fractions([*c, Fraction(-t)])), rel=1e-10)
    mirrored = [-v for v in c] + [Fraction(t) - 1]
    assert p_value(x, t, 0, 1, "upper") == pytest.approx(float(by_fractions(mirrored)), rel=1e-10)


def test_groups_share_one_weight_and_the_added_group_has_the_largest_size() -> None:
    x, groups, t = [0.9, 0.8, 0.2, 1.0, 0.7, 0.6], ["a", "a", "b", "b", "b", "c"], 0.5
    exact = [Fraction(v) for v in (0.9 + 0.8 - 2 * t, 0.2 + 1.0 + 0.7 - 3 * t, 0.6 - t)]
    for most, size in ((1, 3), (3, 3), (5, 5)):
        p = p_value(x, t, 0, 1, "lower", groups, most)
        assert p == pytest.approx(float(by_fractions([*exact, Fraction(-t * size)])), rel=1e-10)


def test_groups_of_one_are_no_groups() -> None:
    x = [0.2, 0.9, 0.7]
    assert p_value(x, 0.4, 0, 1, "lower", ["a", "b", "c"]) == p_value(x, 0.4, 0, 1, "lower")


def test_a_difference_of_two_gammas_is_the_f_distribution() -> None:
    """P(G_a <= r G_b) is a beta probability, even if the multiplicities are not whole."""
    for a, b, r in ((0.5, 1.5, 0.2), (7.25, 3.5, 1.0), (200.0, 3.0, 40.0)):
        p = mass_below_zero(np.array([1.0, -r]), np.array([a, b]))
        assert p == pytest.approx(beta.cdf(r / (1 + r), a, b), rel=1e-9)


def test_one_negative_term_is_a_laplace_transform() -> None:
    """P(G <= E) = E exp(-G) at every scale."""
    for scale in (1e-200, 1e-3, 1.0, 1e200):
        p = mass_below_zero(np.array([0.25, -1.0]) * scale, np.array([3.0, 1.0]))
        assert p == pytest.approx(1.25**-3, rel=1e-12)
    assert gamma(3).expect(lambda g: np.exp(-g / 4)) == pytest.approx(1.25**-3, rel=1e-6)


@pytest.mark.parametrize(
    ("values", "t", "lower", "upper"),
    [
        ([0.0], 0.5, 1.0, 0.5),  # all worst: shows nothing from below
        ([1.0], 0.5, 0.5, 1.0),
        ([0.0, 0.0], 0.0, 1.0, 1.0),  # exactly at the edge there is no evidence either way
        ([1.0, 1.0], 1.0, 1.0, 1.0),
        ([1.0, 0.0], 0.0, 0.0, 1.0),  # one success proves that the rate is above 0
        ([1.0, 0.0], 1.0, 1.0, 0.0),
        ([0.5, 0.5], 0.5, 1.0, 1.0),  # every value ties with t
        ([0.5, 1.0], 0.5, 0.5, 1.0),  # a tie is no evidence
    ],
)
def test_edges(values: list[float], t: float, lower: float, upper: float) -> None:
    assert p_value(values, t, 0, 1, "lower") == pytest.approx(lower)
    assert p_value(values, t, 0, 1, "upper") == pytest.approx(upper)


def test_a_near_tie_is_a_tie() -> None:
    x = [0.3] * 50 + [1.0] * 30
    assert p_value(x, 0.1 + 0.2, 0, 1, "lower") == pytest.approx(p_value(x, 0.3, 0, 1, "lower"), rel=1e-9)


@given(st.lists(unit, min_size=1, max_size=12), st.floats(0.01, 0.99), st.randoms())
@settings(deadline=None, max_examples=100)
def test_order_does_not_matter_to_the_last_bit(values: list[float], t: float, random) -> None:
    groups = [str(i % 3) for i in range(len(values))]
    rows = list(zip(values, groups, strict=True))
    random.shuffle(rows)
    x, g = [r[0] for r in rows], [r[1] for r in rows]
    for side in ("lower", "upper"):
        assert p_value(x, t, 0, 1, side) == p_value(values, t, 0, 1, side)
        assert p_value(x, t, 0, 1, side, g) == p_value(values, t, 0, 1, side, groups)


@given(st.lists(unit, min_size=1, max_size=12), st.floats(0.01, 0.99), st.data())
@settings(deadline=None, max_examples=200)
def test_a_better_value_is_never_worse_evidence(values: list[float], t: float, data) -> None:
    i = data.draw(st.integers(0, len(values) - 1))
    better = [*values]
    better[i] = data.draw(st.floats(values[i], 1.0))
    slack = 1 + 1e-9
    assert p_value(better, t, 0, 1, "lower") <= p_value(values, t, 0, 1, "lower") * slack + 1e-15
    assert p_value(values, t, 0, 1, "upper") <= p_value(better, t, 0, 1, "upper") * slack + 1e-15


@given(st.lists(unit, min_size=1, max_size=12), st.floats(0.01, 0.98), st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=100)
def test_a_higher_threshold_is_harder_to_show(values: list[float], t: float, share: float) -> None:
    above = t + share * (0.99 - t)
    assert p_value(values, t, 0, 1, "lower") <= p_value(values, above, 0, 1, "lower") * (1 + 1e-9) + 1e-15


@given(st.lists(unit, min_size=1, max_size=12), st.floats(0.01, 0.99), st.floats(0.1, 50), st.floats(-20, 20))
@settings(deadline=None, max_examples=100)
def test_the_unit_of_the_values_does_not_matter(values: list[float], t: float, scale: float, shift: float) -> None:
    lo, hi = shift, scale + shift
    moved = np.clip([scale * v + shift for v in values], lo, hi)
    p = p_value(values, t, 0, 1, "lower")
    # Values within rounding error of t may tie in one unit but not in the other, which moves p by that much.
    gap = min(abs(v - t) for v in values)
    if gap > 1e-6:
        assert p_value(moved, scale * t + shift, lo, hi, "lower") == pytest.approx(p, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("n", [20, 100, 500])
def test_the_saddle_point_alone_is_near_where_levels_lie(n: int) -> None:
    for k in (n // 2, int(0.9 * n), int(0.97 * n)):
        for a in (0.025, 0.001):
            t = float(beta.ppf(a, k, n - k + 1))
            assert log_mass_near(*sample(ones(k, n), 0, 1).terms(t, "lower")) == pytest.approx(np.log(a), abs=0.1)


def test_the_saddle_point_is_found_where_values_crowd_at_an_end() -> None:
    """With 20,000 right answers and one wrong, the saddle is close to the end of its bracket."""
    for k, n, t in ((19_999, 20_000, 0.999), (1, 100, 1e-6), (20_000, 20_000, 0.9995), (3, 20_000, 1e-5)):
        near = log_mass_near(*sample(ones(k, n), 0, 1).terms(t, "lower"))
        assert near == pytest.approx(np.log(binom.sf(k - 1, n, t)), abs=0.1)


def test_bad_values_are_user_errors() -> None:
    for values in ([], [float("nan")], [-0.1], [1.1], [float("inf")]):
        with pytest.raises(UserError):
            p_value(values, 0.5, 0, 1, "lower")
    with pytest.raises(UserError, match="2 groups for 3 values"):
        p_value([0.1, 0.2, 0.3], 0.5, 0, 1, "lower", ["a", "b"])
