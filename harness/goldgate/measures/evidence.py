"""What a measure knows of its examples, and what that shows. Here: what every kind answers, and the mean.

A missing answer is one value from `low` to `high`: nothing is known of it but the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
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

FAIL_LEVEL = 0.025  # a gate fails where the opposite is shown at this level, whatever the look


class Evidence(Protocol):
    """What gates ask of a measure. ids: (n,) example ids; bounds: the range that the estimate can have.

    approximate: whether its probabilities are a bootstrap's, and not exact.
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
    def n(self) -> int: ...
    @property
    def lost(self) -> int: ...
    @property
    def estimate(self) -> float: ...

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval; missing answers at their worst on either side. level: its coverage."""
        ...

    def observed(self, op: Op) -> float:
        """The estimate with missing answers at their worst for `measure op t`."""
        ...

    def bound_for(self, op: Op, level: float) -> float:
        """What the data shows at a level: at least this (">=") or at most this ("<=")."""
        ...

    def p_pass(self, op: Op, t: float) -> float:
        """p of `measure op t`: shown at every level from here on."""
        ...

    def p_fail(self, op: Op, t: float) -> float:
        """p of the opposite of `measure op t`, missing answers at their best for it."""
        ...

    def p_refuted(self, op: Op, t: float) -> float:
        """p of the opposite, missing answers at their worst for the gate: what is plausible has it large."""
        ...

    def take(self, keep: Callable[[int], bool], name: str) -> Self:
        """The examples at the positions that are kept."""
        ...

    def times(self, factor: float, name: str) -> Self:
        """The measure in another unit; factor is finite and not 0."""
        ...

    def minus(self, other: Evidence, name: str) -> Self:
        """The paired difference. Raises UserError for another kind of measure, or for other examples."""
        ...


@dataclass(frozen=True)
class Rows:
    """The examples behind a measure. ids: (n,) example ids; missing: (n,) bool; groups: (n,) labels or None."""

    name: str
    ids: tuple[str, ...]
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

    def _at(self, rows: Sequence[int], name: str) -> Self:
        """With the examples at these places; what a subclass knows of each is left for it to follow."""
        groups = None if self.groups is None else tuple(self.groups[i] for i in rows)
        return replace(self, name=name, ids=tuple(self.ids[i] for i in rows), missing=self.missing[rows], groups=groups)


@dataclass(frozen=True)
class Mean(Rows):
    """The mean of bounded values, with exact probabilities. Values are known up to [low, high], equal but for missing
    answers.

    low, high: (n,) floats in bounds.
    """

    low: Floats
    high: Floats
    approximate = False

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
        """The values as they count for passing `measure op t`: missing answers at the worst."""
        return self.pessimist if op == ">=" else self.optimist

    def bound_for(self, op: Op, level: float) -> float:
        if level == FAIL_LEVEL:
            return self._usual[0] if op == ">=" else self._usual[1]
        bound = intervals.lower_bound if op == ">=" else intervals.upper_bound
        return bound(self.worst_for(op), level)

    def p_pass(self, op: Op, t: float) -> float:
        """A threshold that cannot be missed has p = 0."""
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
    """Which values are better once they are multiplied."""
    if factor > 0:
        return better
    return "low" if better == "high" else "high"


def pairing(name: str, mine: Sequence[str], theirs: Sequence[str]) -> list[int]:
    """Where each of my examples stands among theirs. Raises UserError unless both are on the same examples."""
    if set(mine) != set(theirs):
        apart = sorted(set(mine) ^ set(theirs))
        raise UserError(
            f"{name}: the two are measured on different examples ({len(apart)} of them, first {apart[0]})",
            hint="compare measures on the same split and the same tags",
        )
    place = {i: k for k, i in enumerate(theirs)}
    return [place[i] for i in mine]


def check_groups(name: str, mine: Sequence[str] | None, theirs: Sequence[str] | None, order: Sequence[int]) -> None:
    """Raises UserError unless both group their examples alike. order: where each of mine stands among theirs."""
    if (None if theirs is None else [theirs[k] for k in order]) != (None if mine is None else list(mine)):
        raise UserError(f"{name}: the two group their examples differently", hint="give both the same groups")


def unlike(name: str) -> UserError:
    """The error of a difference between measures of two kinds."""
    return UserError(f"{name}: the two are measures of different kinds", hint="subtract a mean from a mean")


def labelled(
    count: int,
    ids: Sequence[str] | None,
    groups: Sequence[str | None] | None,
    tags: Sequence[Iterable[str]] | None,
    name: str,
) -> tuple[tuple[str, ...], tuple[str, ...] | None, tuple[frozenset[str], ...]]:
    """Ids, groups and tags of `count` examples, checked: one each. An example without a group is one of its own."""
    named = tuple(str(i + 1) for i in range(count)) if ids is None else tuple(ids)
    for what, given in (("ids", named), ("groups", groups), ("tags", tags)):
        if given is not None and len(given) != count:
            raise UserError(f"{name}: {count} values but {len(given)} {what}", hint="give each value one")
    if len(set(named)) != len(named):
        raise UserError(f"{name}: an id stands twice", hint="give every example its own id")
    own = None if groups is None else tuple(f"={i}" if g is None else g for g, i in zip(groups, named, strict=True))
    return named, own, tuple(frozenset(t) for t in (tags if tags is not None else [()] * count))
