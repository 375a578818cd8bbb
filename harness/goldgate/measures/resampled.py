"""Measures that are no bounded mean, macro-F1 and mean seconds: a bootstrap, and called approximate wherever it shows.

The draws are seeded, so the same data has the same verdict. A plain bootstrap of perfect answers is certain of itself;
so each draw adds what was not seen and may be, the worst for one side and the best for the other, as the exact test for
means does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from goldgate.base.errors import UserError
from goldgate.measures.evidence import Evidence, Op, Rows, check_groups, pairing, turned, unlike
from goldgate.measures.tail import Floats

DRAWS = 2_000  # a level under 1 in 2,001 cannot be shown
_AT_ONCE = 2_000_000  # weights in memory at a time


class Statistic(Protocol):
    """A number of weighted rows. Equal statistics can be subtracted."""

    def __call__(self, rows: Floats, weights: Floats) -> Floats:
        """rows: (n, k) floats, one row an example; weights: (d, n). Returns (d,) values."""
        ...

    def added(self, rows: Floats, high: bool) -> Floats:
        """(m, k) rows of what was not seen and may be: such as lower the value; with `high`, such as raise it."""
        ...


@dataclass(frozen=True)
class MacroF1:
    """The mean over labels of F1 = 2 tp / (2 tp + fp + fn). Rows: expected label and given label by number, -1 for an
    answer that is none. Labels that neither stand nor are given do not count, as in scikit-learn.

    labels: how many there are.
    """

    labels: int

    def __call__(self, rows: Floats, weights: Floats) -> Floats:
        labels = np.unique(rows[rows >= 0])
        asked = (rows[:, :1] == labels).astype(np.float64)
        given = (rows[:, 1:] == labels).astype(np.float64)
        hits = weights @ (asked * given)
        return np.asarray((2.0 * hits / (weights @ asked + weights @ given)).mean(axis=1))

    def added(self, rows: Floats, high: bool) -> Floats:
        """A wrong answer that costs the two rarest labels, the rarest being one that was not seen, if there is one; or
        a right answer to each label: with few examples of each, every label's F1 may be far better than it looks.
        """
        if high:
            return np.repeat(np.arange(self.labels, dtype=np.float64)[:, None], 2, axis=1)
        counts = np.bincount(rows[:, 0].astype(np.int64), minlength=self.labels)
        return np.argsort(counts, kind="stable")[None, :2].astype(np.float64)


@dataclass(frozen=True)
class Average:
    """The mean of values that have no upper end, at least 0. Rows: (n, 1). Beyond the largest seen nothing is known.

    machine: where they were measured: seconds of two machines are two statistics.
    """

    machine: str = ""

    def __call__(self, rows: Floats, weights: Floats) -> Floats:
        return np.asarray(weights @ rows[:, 0] / weights.sum(axis=1))

    def added(self, rows: Floats, high: bool) -> Floats:
        return np.array([[rows.max() if high else 0.0]])


@dataclass(frozen=True)
class PerplexityRatio:
    """How many times as large one model's perplexity is as another's. Rows: the other's log-probability of a passage
    less the one's, both summed over its tokens, and their number. Beyond the most seen a token nothing is known.
    """

    def __call__(self, rows: Floats, weights: Floats) -> Floats:
        return np.asarray(np.exp((weights @ rows[:, 0]) / (weights @ rows[:, 1])))

    def added(self, rows: Floats, high: bool) -> Floats:
        each = rows[:, 0] / rows[:, 1]
        return np.asarray(rows[[int(each.argmax() if high else each.argmin())]])


@dataclass(frozen=True)
class Part:
    """One term of a sum: factor times the statistic of the rows."""

    factor: float
    statistic: Statistic
    rows: Floats


@dataclass(frozen=True)
class Resampled(Rows):
    """A statistic of n examples, or a difference of two on the same examples. Rows of missing answers mean nothing.

    With a missing answer it may be looked at and not gated: what the worst answer would be is not known.
    """

    parts: tuple[Part, ...]
    approximate = True

    @cached_property
    def _there(self) -> NDArray[np.bool_]:
        if self.missing.all():
            raise UserError(f"{self.name}: every answer is missing", hint="there is nothing to measure")
        return ~self.missing

    @cached_property
    def estimate(self) -> float:
        rows = [p.rows[self._there] for p in self.parts]
        ones = np.ones((1, len(rows[0])))
        return float(sum(p.factor * p.statistic(r, ones)[0] for p, r in zip(self.parts, rows, strict=True)))

    def observed(self, op: Op) -> float:
        self._check_whole()
        return self.estimate

    @cached_property
    def draws(self) -> tuple[Floats, Floats]:
        """(DRAWS,) sorted values with what may lower them added, and as many with what may raise them."""
        groups = self.ids if self.groups is None else self.groups
        kept = [g for g, there in zip(groups, self._there, strict=True) if there]
        numbers = {g: k for k, g in enumerate(dict.fromkeys(kept))}
        sides = [self._rows(high=False), self._rows(high=True)]
        more = max(len(rows) for side in sides for rows in side) - len(kept)
        unit = np.array([*(numbers[g] for g in kept), *range(len(numbers), len(numbers) + more)])
        size = np.ones(len(unit))
        size[len(kept) :] = max(self.max_group, *np.bincount(unit).tolist())
        rng = np.random.default_rng(0)
        found: tuple[list[Floats], list[Floats]] = ([], [])
        step = max(1, _AT_ONCE // len(unit))
        for start in range(0, DRAWS, step):
            weights = rng.standard_exponential((min(step, DRAWS - start), unit[-1] + 1))[:, unit] * size
            for side, rows in zip(found, sides, strict=True):
                side.append(
                    sum(
                        (
                            p.factor * p.statistic(r, weights[:, : len(r)])
                            for p, r in zip(self.parts, rows, strict=True)
                        ),
                        np.zeros(len(weights)),
                    )
                )
        return np.sort(np.concatenate(found[0])), np.sort(np.concatenate(found[1]))

    def _rows(self, high: bool) -> list[Floats]:
        """Every part's rows with the added ones last, so that they move the sum down, or up."""
        return [
            np.vstack([r, p.statistic.added(r, high=(p.factor > 0) == high)])
            for p in self.parts
            for r in (p.rows[self._there],)
        ]

    def _check_whole(self) -> None:
        if self.lost:
            raise UserError(
                f"{self.name}: {self.lost} of {self.n} answers are missing, and what they could have been"
                " is not known for a measure that is no bounded mean",
                hint="collect them, or gate a mean",
            )

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        error = (1.0 - level) / 2.0
        return self._quantile(self.draws[0], error), self._quantile(self.draws[1], 1.0 - error)

    def bound_for(self, op: Op, level: float) -> float:
        return self._quantile(self.draws[0], level) if op == ">=" else self._quantile(self.draws[1], 1.0 - level)

    def _quantile(self, draws: Floats, share: float) -> float:
        return min(max(float(np.quantile(draws, share)), self.bounds[0]), self.bounds[1])

    def p_pass(self, op: Op, t: float) -> float:
        self._check_whole()
        wrong = int((self.draws[0] < t).sum() if op == ">=" else (self.draws[1] > t).sum())
        return (1 + wrong) / (DRAWS + 1)

    def p_fail(self, op: Op, t: float) -> float:
        self._check_whole()
        right = int((self.draws[1] >= t).sum() if op == ">=" else (self.draws[0] <= t).sum())
        return (1 + right) / (DRAWS + 1)

    def p_refuted(self, op: Op, t: float) -> float:
        return self.p_fail(op, t)

    @property
    def spread(self) -> float:
        """Standard error of the estimate."""
        return float(np.std(self.draws[0]))

    def take(self, keep: Callable[[int], bool], name: str) -> Resampled:
        rows = [i for i in range(self.n) if keep(i)]
        return replace(self._at(rows, name), parts=tuple(replace(p, rows=p.rows[rows]) for p in self.parts))

    def times(self, factor: float, name: str) -> Resampled:
        ends = sorted((factor * self.bounds[0], factor * self.bounds[1]))
        return replace(
            self,
            name=name,
            parts=tuple(replace(p, factor=factor * p.factor) for p in self.parts),
            bounds=(ends[0], ends[1]),
            better=turned(self.better, factor),
        )

    def minus(self, other: Evidence, name: str) -> Resampled:
        if not isinstance(other, Resampled):
            raise unlike(name)
        _check_alike(name, [p.statistic for p in (*self.parts, *other.parts)])
        order = pairing(name, self.ids, other.ids)
        check_groups(name, self.groups, other.groups, order)
        theirs = tuple(replace(p, factor=-p.factor, rows=p.rows[order]) for p in other.parts)
        return replace(
            self,
            name=name,
            parts=self.parts + theirs,
            missing=self.missing | other.missing[order],
            bounds=(self.bounds[0] - other.bounds[1], self.bounds[1] - other.bounds[0]),
            max_group=max(self.max_group, other.max_group),
        )


def _check_alike(name: str, statistics: Sequence[Statistic]) -> None:
    """Raises UserError unless all are one statistic, of one machine."""
    machines = sorted({s.machine for s in statistics if isinstance(s, Average)})
    if len({type(s) for s in statistics}) > 1:
        raise unlike(name)
    if len(machines) > 1:
        raise UserError(
            f"{name}: one was measured on {machines[0]}, the other on {machines[1]}",
            hint="measure both on one machine: run it there with --regenerate",
        )
