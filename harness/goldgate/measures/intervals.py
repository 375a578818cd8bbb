"""Confidence bounds for the mean of bounded values: the t at which p(t) equals the level."""

from __future__ import annotations

import math
from collections.abc import Callable

from goldgate.base.errors import UserError
from goldgate.measures.tail import Sample, Side, log_mass_near

_PRECISION = 1e-10  # of a bound, as a share of the range


def lower_bound(data: Sample, level: float) -> float:
    """Computes a lower confidence bound for the mean of bounded values.

    Args:
        data: The values.
        level: One-sided error rate in (0, 0.5).

    Returns:
        The bound in [lo, hi], computed to within 1e-10 of the range; for 0/1 values it is Clopper-Pearson's.

    Raises:
        UserError: The level is out of range.

    Source:
        Gaffke 2005; Learned-Miller & Thomas 2019 (arXiv 1905.06208).
    """
    return _bound(data, level, "lower")


def upper_bound(data: Sample, level: float) -> float:
    """Computes an upper confidence bound for the mean of bounded values, the mirror image of `lower_bound`.

    Args:
        data: The values.
        level: One-sided error rate in (0, 0.5).

    Returns:
        The bound in [lo, hi], computed to within 1e-10 of the range.

    Raises:
        UserError: The level is out of range.
    """
    return _bound(data, level, "upper")


def interval(data: Sample, level: float = 0.95) -> tuple[float, float]:
    """Computes a two-sided confidence interval with half of the error on each side.

    Args:
        data: The values.
        level: Coverage in (0, 1).

    Returns:
        The lower and the upper bound.

    Raises:
        UserError: The level is out of range.
    """
    if not 0.0 < level < 1.0:
        raise UserError(f"an interval's level must be between 0 and 1, not {level:g}", hint="write 0.95 for 95%")
    error = (1.0 - level) / 2.0
    return lower_bound(data, error), upper_bound(data, error)


def _bound(data: Sample, level: float, side: Side) -> float:
    if not 0.0 < level < 0.5:
        raise UserError(f"a bound's level must be between 0 and 0.5, not {level:g}", hint="write 0.025 for 2.5%")
    worst = data.lo if side == "lower" else data.hi
    ends = data.totals / data.sizes
    if (ends == worst).all():
        return worst
    goal = math.log(level)
    span = data.mean - worst

    def near(share: float) -> float:
        return log_mass_near(*data.terms(worst + share * span, side)) - goal

    def exact(share: float) -> float:
        p = data.p(worst + share * span, side)
        return (math.log(p) if p > 0.0 else -math.inf) - goal

    # In terms of the share of the way from the worst value to the mean, both sides are a rising function with one root.
    guess = _root(near, 0.0, 1.0, 0.9, 10.0, 1e-4)
    slope = (near(guess * (1.0 + 1e-4)) - near(guess)) / (guess * 1e-4) if guess > 0.0 else 1.0
    share = _root(exact, 0.0, 1.0, guess, slope, _PRECISION)
    return min(max(worst + share * span, data.lo), data.hi)


def _root(rise: Callable[[float], float], low: float, high: float, start: float, slope: float, within: float) -> float:
    """The root of a rising function on (low, high): secant steps from a first slope, bisection if one leaves it."""
    x, last_x, last_y = start, math.nan, math.nan
    for _ in range(100):
        y = rise(x)
        if y == 0.0:
            return x
        low, high = (x, high) if y < 0.0 else (low, x)
        if math.isfinite(last_y) and math.isfinite(y) and y != last_y:
            slope = (y - last_y) / (x - last_x)
        moved = x - y / slope if math.isfinite(y) and slope > 0.0 else math.nan
        if not low < moved < high:
            moved = 0.5 * (low + high)
        last_x, last_y = x, y
        if abs(moved - x) <= within or high - low <= within:
            return moved
        x = moved
    return x
