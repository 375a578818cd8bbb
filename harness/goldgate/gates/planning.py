"""Planning: what a golden split of a given size can show, and how many examples a gate needs."""

from __future__ import annotations

import math

from goldgate.base.errors import UserError
from goldgate.measures import Reading
from goldgate.measures.binomial import POWER, at_least, examples_for, fewest_perfect, needed, power
from goldgate.measures.evidence import FAIL_LEVEL

LADDER = (0.99, 0.98, 0.95, 0.90, 0.85, 0.80, 0.75, 0.70, 0.60, 0.50)  # thresholds that people commonly write
_LOOK_AHEAD = 0.15  # the saw-tooth of the power is followed for this share of n beyond the first crossing
_TEETH = 6  # ... and for at least this many teeth; each is about 1 / (1 - t) examples long


def successes_needed(n: int, t: float, level: float) -> int | None:
    """Finds the fewest right answers that show `rate >= t`.

    Args:
        n: Number of examples, at least 1.
        t: Threshold in (0, 1).
        level: Level per side, in (0, 0.5).

    Returns:
        The number of right answers; None if not even n of n are enough.

    Raises:
        UserError: An argument is out of range.
    """
    _check(t, level)
    if n < 1:
        raise UserError(f"{n} examples cannot show anything", hint="plan with at least 1")
    return needed(n, t, level)


def least_right(n: int, t: float, level: float, reading: Reading) -> int | None:
    """Finds the fewest right answers with which the gate `rate >= t` passes by its reading.

    Args:
        n: Number of examples.
        t: Threshold in [0, 1].
        level: Level of a shown gate, per side.
        reading: The gate's reading.

    Returns:
        The number of right answers; None if not even n of n are enough.
    """
    if reading == "observed":
        return math.ceil(n * t - 1e-9)
    if t == 0.0:
        return 0
    if reading == "plausible":
        refuting = needed(n, 1.0 - t, FAIL_LEVEL)  # this many wrong answers show the opposite
        return 0 if refuting is None else n - refuting + 1
    return needed(n, t, level)


def examples_needed(truth: float, t: float, level: float, goal: float = POWER) -> int | None:
    """Finds the number of examples from which the power to show `rate >= t` stays at the goal.

    Args:
        truth: The true rate.
        t: Threshold in (0, 1).
        level: Level per side, in (0, 0.5).
        goal: The power to reach.

    Returns:
        The smallest number from which the power never falls below `goal`; None if truth <= t or if it would take more
        than a million.

    Raises:
        UserError: The threshold or the level is out of range.
    """
    _check(t, level)
    near = examples_for(truth, t, level, goal)
    if near is None:
        return None
    last = near + max(math.ceil(_TEETH / (1.0 - t)), round(_LOOK_AHEAD * near))
    for n in range(last, 0, -1):
        if power(n, truth, t, level) < goal:
            return n + 1
    return 1


def showable(n: int, level: float, truth: float = 0.95, goal: float = POWER) -> float | None:
    """Finds the highest common threshold that n examples can show. For 50 examples at the first look it is 0.80.

    Args:
        n: Number of examples.
        level: Level per side.
        truth: The true rate.
        goal: The power to reach.

    Returns:
        The threshold, one of LADDER; None if no threshold reaches the power.
    """
    return next((t for t in LADDER if t < truth and power(n, truth, t, level) >= goal), None)


def _check(t: float, level: float) -> None:
    if not 0.0 < t < 1.0:
        raise UserError(f"cannot plan for a rate of {t:g}", hint="give a threshold between 0 and 1")
    if not 0.0 < level < 0.5:
        raise UserError(f"a level must be between 0 and 0.5, not {level:g}", hint="the first look has 0.025")


__all__ = ["at_least", "examples_needed", "fewest_perfect", "least_right", "power", "showable", "successes_needed"]
