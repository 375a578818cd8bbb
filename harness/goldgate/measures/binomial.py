"""Counts of right answers: how many show a threshold, how likely that is, and how many examples it takes.

All probabilities are Clopper-Pearson's, so any statistics package gives the same numbers.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np

from goldgate.measures.tail import mass_below_zero

POWER = 0.8  # "would show it" means in 4 of 5 cases
MOST = 1_000_000  # examples; nobody can plan for more


def at_least(k: int, n: int, rate: float) -> float:
    """Computes P(Binomial(n, rate) >= k).

    Args:
        k: Number of successes, from 0 to n + 1.
        n: Number of trials.
        rate: Probability of a success.

    Returns:
        The probability, with a relative error under 1e-10.
    """
    if k <= 0:
        return 1.0
    if k > n or rate <= 0.0:
        return 0.0
    if rate >= 1.0:
        return 1.0
    return mass_below_zero(np.array([1.0 - rate, -rate]), np.array([float(k), float(n - k + 1)]))


def needed(n: int, t: float, level: float) -> int | None:
    """Finds the fewest right answers that show `rate >= t`.

    Args:
        n: Number of examples.
        t: Threshold.
        level: Level per side, below 0.5.

    Returns:
        The number of right answers; None if not even n of n are enough.
    """
    if at_least(n, n, t) > level:
        return None
    low = math.floor(n * t)  # not above a binomial's median, so too few at any level under 0.5
    high = min(n, math.ceil(n * t + math.sqrt(n * math.log(1.0 / level) / 2.0)))  # enough by Hoeffding's inequality
    return low + bisect_left(range(low, high), True, key=lambda k: at_least(k, n, t) <= level)


def fewest_perfect(t: float, level: float) -> int:
    """Finds the fewest examples that can show `rate >= t`, which they do only if all are right.

    Args:
        t: Threshold in (0, 1).
        level: Level per side.

    Returns:
        The number of examples.
    """
    return math.ceil(math.log(level) / math.log(t) - 1e-12)


def power(n: int, truth: float, t: float, level: float) -> float:
    """Computes the chance that n examples show `rate >= t`.

    Args:
        n: Number of examples.
        truth: The true rate.
        t: Threshold.
        level: Level per side.

    Returns:
        The chance, in [0, 1].
    """
    k = needed(n, t, level)
    return 0.0 if k is None else at_least(k, n, truth)


def caught(n: int, t: float, level: float, goal: float = POWER) -> float | None:
    """Finds the best rate that n examples show to be below a threshold with a given power.

    It is what a plausible gate `rate >= t` catches. Values between 0 and 1 vary less than right and wrong answers, so
    for their mean it catches at least as much.

    Args:
        n: Number of independent examples.
        t: Threshold in (0, 1).
        level: Level per side.
        goal: The power.

    Returns:
        The rate, to within 0.001; None if no result on n examples shows it.
    """
    wrong = needed(n, 1.0 - t, level)
    if wrong is None:
        return None
    low, high = 1.0 - t, 1.0
    while high - low > 0.001:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if at_least(wrong, n, middle) >= goal else (middle, high)
    return 1.0 - high


def examples_for(truth: float, t: float, level: float, goal: float = POWER) -> int | None:
    """Finds about how many examples show `rate >= t` with a given power.

    Bisection ignores the saw-tooth of the power, so the result can be a few examples off; `gates.planning` has the
    exact number.

    Args:
        truth: The true rate.
        t: Threshold in (0, 1).
        level: Level per side.
        goal: The power to reach.

    Returns:
        The number of examples; None if truth <= t or if it would take more than a million.
    """
    if truth <= t:
        return None
    low, high = 0, fewest_perfect(t, level)
    while power(high, truth, t, level) < goal:
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if power(middle, truth, t, level) >= goal:
            high = middle
        else:
            low = middle
    return high
