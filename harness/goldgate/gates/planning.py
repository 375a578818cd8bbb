"""Planning: what a golden split of a given size can show, and how many examples a gate needs."""

from __future__ import annotations

import math

from goldgate.base.errors import UserError
from goldgate.measures import Reading
from goldgate.measures.binomial import POWER, at_least, examples_for, fewest_perfect, needed, power
from goldgate.measures.evidence import FAIL_LEVEL

LADDER = (0.99, 0.98, 0.95, 0.90, 0.85, 0.80, 0.75, 0.70, 0.60, 0.50)  # thresholds that people write
_LOOK_AHEAD = 0.15  # share of n beyond the first crossing over which the power's saw-tooth is followed
_TEETH = 6  # the least number of teeth that are followed; one is about 1 / (1 - t) examples long


def successes_needed(n: int, t: float, level: float) -> int | None:
    """Fewest right answers of n that show `rate >= t`; None where not even n of n do. t in (0, 1), n at least 1."""
    _check(t, level)
    if n < 1:
        raise UserError(f"{n} examples show nothing", hint="plan with at least 1")
    return needed(n, t, level)


def least_right(n: int, t: float, level: float, reading: Reading) -> int | None:
    """Fewest right answers of n with which the gate `rate >= t` passes by its reading; None where not even n of n do.

    t in [0, 1]; level: of a shown gate, per side.
    """
    if reading == "observed":
        return math.ceil(n * t - 1e-9)
    if t == 0.0:
        return 0
    if reading == "plausible":
        refuting = needed(n, 1.0 - t, FAIL_LEVEL)  # so many wrong answers show the opposite
        return 0 if refuting is None else n - refuting + 1
    return needed(n, t, level)


def examples_needed(truth: float, t: float, level: float, goal: float = POWER) -> int | None:
    """Number of examples from which the power to show `rate >= t` stays at `goal` or above, where `truth` is the rate.

    None where truth <= t, or where it takes more than a million.
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
    """The highest usual threshold that n examples show with the given power at the given truth; None for none.

    At n = 50 and the first look it is 0.80.
    """
    return next((t for t in LADDER if t < truth and power(n, truth, t, level) >= goal), None)


def _check(t: float, level: float) -> None:
    if not 0.0 < t < 1.0:
        raise UserError(f"a rate of {t:g} cannot be planned for", hint="give a threshold between 0 and 1")
    if not 0.0 < level < 0.5:
        raise UserError(f"a level lies between 0 and 0.5, not {level:g}", hint="the first look has 0.025")


__all__ = ["at_least", "examples_needed", "fewest_perfect", "least_right", "power", "showable", "successes_needed"]
