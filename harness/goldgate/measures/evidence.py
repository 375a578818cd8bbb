"""The evidence behind a measure: the protocol of all kinds, and the mean of bounded values.

A missing answer may have any value from `low` to `high`; only this range is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from goldgate.base.errors import UserError
from goldgate.measures import intervals
from goldgate.measures.tail import Floats, Sample, Side, sample

Op = Literal[">=", "<="]
Better = Literal["high", "low"]

FAIL_LEVEL = 0.025  # a gate fails if the opposite is shown at this level, at every look


class Evidence(Protocol):
    """What gates need from a measure.

    Attributes:
        name: What messages call it.
        ids: (n,) example ids.
        bounds: Range of the estimate.
        better: Whether high or low values are better.
        approximate: Whether its probabilities come from a bootstrap instead of the test for means.
        instead: What to gate instead of a measure for which no bound holds; empty if it can be gated.
        n: Number of examples, including missing answers.
        lost: Number of missing answers.
        estimate: The estimate from the answers that are not missing.
    """

    @property
    def name(self) -> str: ...
    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def bounds(self) -> tuple[float, float]: ...
    @property
    def better(self) -> Better: ...
    @property
    def approximate(self) -> bool: ...
    @property
    def instead(self) -> str: ...
    @property
    def n(self) -> int: ...
    @property
    def lost(self) -> int: ...
    @property
    def estimate(self) -> float: ...

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Computes a confidence interval, with missing answers at their worst for each side.

        Args:
            level: Its coverage, in (0, 1).

        Returns:
            The lower and the upper end.
        """
        ...

    def observed(self, op: Op) -> float:
        """Computes the estimate with missing answers at their worst for `measure op t`."""
        ...

    def bound_for(self, op: Op, level: float) -> float:
        """Computes the bound that the data shows at a level: a lower bound for ">=", an upper bound for "<="."""
        ...

    def p_pass(self, op: Op, t: float) -> float:
        """Computes p of `measure op t`, which is shown at every level from p upwards."""
        ...

    def p_fail(self, op: Op, t: float) -> float:
        """Computes p of the opposite of `measure op t`, with missing answers at their best for the gate."""
        ...

    def p_refuted(self, op: Op, t: float) -> float:
        """Computes p of the opposite, with missing answers at their worst for the gate; it is large if plausible."""
        ...

    def take(self, keep: Callable[[int], bool], name: str) -> Self:
        """Selects the examples at the positions for which `keep` is true."""
        ...

    def times(self, factor: float, name: str) -> Self:
        """Multiplies the measure by a factor that is finite and not 0."""
        ...

    def plus(self, constant: float, name: str) -> Self:
        """Adds a finite number to the measure."""
        ...

    def minus(self, other: Evidence, name: str) -> Self:
        """Computes the paired difference. Raises UserError for another kind of measure or for different examples."""
        ...


@dataclass(frozen=True)
class Rows:
    """The examples behind a measure.

    Attributes:
        name: What messages call the measure.
        ids: (n,) example ids.
        missing: (n,) whether the answer is missing.
        bounds: Range of the estimate.
        groups: (n,) labels of examples that depend on each other; None if all are independent.
        max_group: Size of the largest group that may occur.
        better: Whether high or low values are better.
    """

    name: str
    ids: tuple[str, ...]
    missing: NDArray[np.bool_]
    bounds: tuple[float, float]
    groups: tuple[str, ...] | None
    max_group: int
    better: Better

    @property
    def n(self) -> int:
        """Number of examples, including missing answers."""
        return len(self.ids)

    @property
    def lost(self) -> int:
        """Number of missing answers."""
        return int(self.missing.sum())

    def _at(self, rows: Sequence[int], name: str) -> Self:
        """Selects the examples at these positions; subclasses select their own columns."""
        groups = None if self.groups is None else tuple(self.groups[i] for i in rows)
        return replace(self, name=name, ids=tuple(self.ids[i] for i in rows), missing=self.missing[rows], groups=groups)


@dataclass(frozen=True)
class Mean(Rows):
    """The mean of bounded values, by Gaffke's bound.

    It is exact (Clopper-Pearson) for right and wrong answers to independent examples; for other values and for groups
    it was conservative in every simulation tried (docs/explanation/statistics.md), which is no proof.

    Attributes:
        low: (n,) lowest possible values, within the bounds.
        high: (n,) highest possible values, equal to `low` except for missing answers.
    """

    low: Floats
    high: Floats
    approximate = False
    instead = ""

    @cached_property
    def pessimist(self) -> Sample:
        """The values with every missing answer at its lowest value."""
        return sample(self.low, *self.bounds, self.groups, self.max_group)

    @cached_property
    def optimist(self) -> Sample:
        """The values with every missing answer at its highest value."""
        return self.pessimist if not self.lost else sample(self.high, *self.bounds, self.groups, self.max_group)

    @cached_property
    def estimate(self) -> float:
        """Mean over the answers that are not missing; the worst value if all are."""
        there = self.low[~self.missing]
        if there.size:
            return math.fsum(there) / there.size
        return self.pessimist.mean if self.better == "high" else self.optimist.mean

    @cached_property
    def yes_no(self) -> bool:
        """Whether every value is 0 or 1 and examples are independent, so that the number of right answers suffices."""
        alone = self.max_group == 1 and (self.groups is None or len(set(self.groups)) == self.n)
        whole = np.isin(self.low, (0.0, 1.0)).all() and np.isin(self.high, (0.0, 1.0)).all()
        return bool(self.bounds == (0.0, 1.0) and alone and whole)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        if level == 0.95:
            return self._usual
        return intervals.interval(self.pessimist, level)[0], intervals.interval(self.optimist, level)[1]

    @cached_property
    def _usual(self) -> tuple[float, float]:
        error = FAIL_LEVEL
        return intervals.lower_bound(self.pessimist, error), intervals.upper_bound(self.optimist, error)

    def observed(self, op: Op) -> float:
        return self.worst_for(op).mean

    def worst_for(self, op: Op) -> Sample:
        """Selects the values that count for passing `measure op t`, with missing answers at their worst."""
        return self.pessimist if op == ">=" else self.optimist

    def bound_for(self, op: Op, level: float) -> float:
        if level == FAIL_LEVEL:
            return self._usual[0] if op == ">=" else self._usual[1]
        bound = intervals.lower_bound if op == ">=" else intervals.upper_bound
        return bound(self.worst_for(op), level)

    def p_pass(self, op: Op, t: float) -> float:
        """Computes p of `measure op t`; a threshold that every value meets has p = 0."""
        side: Side = "lower" if op == ">=" else "upper"
        sure = self.bounds[0] if op == ">=" else self.bounds[1]
        return 0.0 if t == sure else self.worst_for(op).p(t, side)

    def p_fail(self, op: Op, t: float) -> float:
        data, side = (self.optimist, "upper") if op == ">=" else (self.pessimist, "lower")
        return 1.0 if t == self.bounds[0 if op == ">=" else 1] else data.p(t, side)  # type: ignore[arg-type]

    def p_refuted(self, op: Op, t: float) -> float:
        side: Side = "upper" if op == ">=" else "lower"
        return 1.0 if t == self.bounds[0 if op == ">=" else 1] else self.worst_for(op).p(t, side)

    def take(self, keep: Callable[[int], bool], name: str) -> Mean:
        rows = [i for i in range(self.n) if keep(i)]
        return replace(self._at(rows, name), low=self.low[rows], high=self.high[rows])

    def times(self, factor: float, name: str) -> Mean:
        low, high = (self.low, self.high) if factor > 0 else (self.high, self.low)
        ends = sorted((factor * self.bounds[0], factor * self.bounds[1]))
        return replace(
            self,
            name=name,
            low=factor * low,
            high=factor * high,
            bounds=(ends[0], ends[1]),
            better=turned(self.better, factor),
        )

    def plus(self, constant: float, name: str) -> Mean:
        bounds = (self.bounds[0] + constant, self.bounds[1] + constant)
        return replace(self, name=name, low=self.low + constant, high=self.high + constant, bounds=bounds)

    def minus(self, other: Evidence, name: str) -> Mean:
        if not isinstance(other, Mean):
            raise unlike(name)
        order = pairing(name, self.ids, other.ids)
        check_groups(name, self.groups, other.groups, order)
        return replace(
            self,
            name=name,
            low=self.low - other.high[order],
            high=self.high - other.low[order],
            missing=self.missing | other.missing[order],
            bounds=(self.bounds[0] - other.bounds[1], self.bounds[1] - other.bounds[0]),
            max_group=max(self.max_group, other.max_group),
        )


def turned(better: Better, factor: float) -> Better:
    """Finds which values are better after a multiplication.

    Args:
        better: Which values were better before.
        factor: The factor, not 0.

    Returns:
        The same for a positive factor, the opposite for a negative one.
    """
    if factor > 0:
        return better
    return "low" if better == "high" else "high"


def pairing(name: str, mine: Sequence[str], theirs: Sequence[str]) -> list[int]:
    """Matches the examples of two measures.

    Args:
        name: Name of the difference, for the message.
        mine: (n,) example ids of the first measure.
        theirs: (n,) example ids of the second measure.

    Returns:
        (n,) position in `theirs` of each example of `mine`.

    Raises:
        UserError: The two are measured on different examples.
    """
    if set(mine) != set(theirs):
        apart = sorted(set(mine) ^ set(theirs))
        raise UserError(
            f"{name}: the two are measured on different examples ({len(apart)} of them, first {apart[0]})",
            hint="compare measures on the same split and the same tags",
        )
    place = {i: k for k, i in enumerate(theirs)}
    return [place[i] for i in mine]


def check_groups(name: str, mine: Sequence[str] | None, theirs: Sequence[str] | None, order: Sequence[int]) -> None:
    """Checks that two measures group their examples in the same way.

    Args:
        name: Name of the difference, for the message.
        mine: (n,) groups of the first measure; None if it has none.
        theirs: (n,) groups of the second measure; None if it has none.
        order: (n,) position in `theirs` of each example of `mine`.

    Raises:
        UserError: The groups differ.
    """
    if (None if theirs is None else [theirs[k] for k in order]) != (None if mine is None else list(mine)):
        raise UserError(f"{name}: the two group their examples differently", hint="give both the same groups")


def unlike(name: str) -> UserError:
    """Makes the error for a difference between measures of different kinds."""
    return UserError(f"{name}: the two are measures of different kinds", hint="subtract a mean from a mean")
