"""Right answers out of n: how many show a threshold, how likely that is, how many examples it takes.

Clopper-Pearson throughout, so any statistics package agrees.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np

from goldgate.measures.tail import mass_below_zero

POWER = 0.8  # "would show it" means in 4 cases of 5
MOST = 1_000_000  # examples; beyond this a plan is no plan


def at_least(k: int, n: int, rate: float) -> float:
    """P(Binomial(n, rate) >= k), relative error under 1e-10. 0 <= k <= n + 1."""
    if k <= 0:
        return 1.0
    if k > n or rate <= 0.0:
        return 0.0
    if rate >= 1.0:
        return 1.0
    return mass_below_zero(np.array([1.0 - rate, -rate]), np.array([float(k), float(n - k + 1)]))


def needed(n: int, t: float, level: float) -> int | None:
    """Fewest right answers of n that show `rate >= t` at the level; None where n do not. level: below 0.5."""
    if at_least(n, n, t) > level:
        return None
    low = math.floor(n * t)  # a binomial's median is no smaller, so this many are too few at any level under 0.5
    high = min(n, math.ceil(n * t + math.sqrt(n * math.log(1.0 / level) / 2.0)))  # Hoeffding: these are enough
    return low + bisect_left(range(low, high), True, key=lambda k: at_least(k, n, t) <= level)


def fewest_perfect(t: float, level: float) -> int:
    """Examples of which all must be right to show `rate >= t`: below it nothing can."""
    return math.ceil(math.log(level) / math.log(t) - 1e-12)


def power(n: int, truth: float, t: float, level: float) -> float:
    """Chance that n examples show `rate >= t` where the truth is `truth`."""
    k = needed(n, t, level)
    return 0.0 if k is None else at_least(k, n, truth)


def examples_for(truth: float, t: float, level: float, goal: float = POWER) -> int | None:
    """About how many examples show `rate >= t` with the given power; None where truth <= t or it takes over a million.

    By halving, so within the saw-tooth of the power (a few examples); `gates.planning` gives the exact number.
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
