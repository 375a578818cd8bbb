"""What a measure knows of its examples: per-example values between worst and best, and what they show.

A missing answer is one value from `low` to `high`: nothing is known of it but the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.measures import intervals
from harness.measures.tail import Floats, Sample, Side, sample

Op = Literal[">=", "<="]
Better = Literal["high", "low"]

FAIL_LEVEL = 0.025  # a gate fails where the opposite is shown at this level, whatever the look


@dataclass(frozen=True)
class Evidence:
    """Values of n examples, each known up to [low, high] (equal but for missing answers).

    ids: (n,) example ids; low, high: (n,) floats in bounds; missing: (n,) bool; groups: (n,) labels or None.
    """

    name: str
    ids: tuple[str, ...]
    low: Floats
    high: Floats
    missing: NDArray[np.bool_]
    bounds: tuple[float, float]
    groups: tuple[str, ...] | None
    max_group: int
    better: Better

    @property
    def n(self) -> int:
        return len(self.ids)

    @property
    def lost(self) -> int:
        """How many answers are missing."""
        return int(self.missing.sum())

    @cached_property
    def pessimist(self) -> Sample:
        """The values with every missing answer at its lowest."""
        return sample(self.low, *self.bounds, self.groups, self.max_group)

    @cached_property
    def optimist(self) -> Sample:
        """The values with every missing answer at its highest."""
        return self.pessimist if not self.lost else sample(self.high, *self.bounds, self.groups, self.max_group)

    @cached_property
    def estimate(self) -> float:
        """Mean over the answers that are there; the worst value where there is none."""
        there = self.low[~self.missing]
        if there.size:
            return math.fsum(there) / there.size
        return self.pessimist.mean if self.better == "high" else self.optimist.mean

    @cached_property
    def yes_no(self) -> bool:
        """Whether every value is 0 or 1 and examples are independent: then counts of right answers say it all."""
        alone = self.max_group == 1 and (self.groups is None or len(set(self.groups)) == self.n)
        whole = np.isin(self.low, (0.0, 1.0)).all() and np.isin(self.high, (0.0, 1.0)).all()
        return bool(self.bounds == (0.0, 1.0) and alone and whole)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the mean, missing answers at their worst on either side. level: its coverage."""
        if level == 0.95:
            return self._usual
        return intervals.interval(self.pessimist, level)[0], intervals.interval(self.optimist, level)[1]

    @cached_property
    def _usual(self) -> tuple[float, float]:
        error = FAIL_LEVEL
        return intervals.lower_bound(self.pessimist, error), intervals.upper_bound(self.optimist, error)

    def worst_for(self, op: Op) -> Sample:
        """The values as they count for passing `measure op t`: missing answers at the worst."""
        return self.pessimist if op == ">=" else self.optimist

    def bound_for(self, op: Op, level: float) -> float:
        """What the data shows at a level: at least this (">=") or at most this ("<=")."""
        if level == FAIL_LEVEL:
            return self._usual[0] if op == ">=" else self._usual[1]
        bound = intervals.lower_bound if op == ">=" else intervals.upper_bound
        return bound(self.worst_for(op), level)

    def p_pass(self, op: Op, t: float) -> float:
        """p of `measure op t`: shown at every level from here on. A threshold that cannot be missed has p = 0."""
        side: Side = "lower" if op == ">=" else "upper"
        sure = self.bounds[0] if op == ">=" else self.bounds[1]
        return 0.0 if t == sure else self.worst_for(op).p(t, side)

    def p_fail(self, op: Op, t: float) -> float:
        """p of the opposite of `measure op t`, missing answers at their best for it."""
        data, side = (self.optimist, "upper") if op == ">=" else (self.pessimist, "lower")
        return 1.0 if t == self.bounds[0 if op == ">=" else 1] else data.p(t, side)  # type: ignore[arg-type]

    def p_refuted(self, op: Op, t: float) -> float:
        """p of the opposite of `measure op t`, missing answers at their worst for the gate: what is plausible has it
        large.
        """
        side: Side = "upper" if op == ">=" else "lower"
        return 1.0 if t == self.bounds[0 if op == ">=" else 1] else self.worst_for(op).p(t, side)

    def take(self, keep: Callable[[int], bool], name: str) -> Evidence:
        """The examples at the positions that are kept."""
        rows = [i for i in range(self.n) if keep(i)]
        groups = None if self.groups is None else tuple(self.groups[i] for i in rows)
        return Evidence(
            name, tuple(self.ids[i] for i in rows), self.low[rows], self.high[rows], self.missing[rows], self.bounds,
            groups, self.max_group, self.better,
        )
