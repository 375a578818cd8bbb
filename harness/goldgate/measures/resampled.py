"""Bootstrap evidence for measures that are not bounded means, such as macro-F1 and mean seconds.

These measures are called approximate wherever they are shown. The draws are seeded, so the same data always gets the
same verdict. A plain bootstrap of perfect answers has no spread at all, so each draw adds rows that were not observed
but could occur, the worst for one side and the best for the other, as the test for means does.

Means of values without an upper limit are estimated but not gated. No bound for them holds whatever the values are
(Bahadur & Savage 1956): one value in a thousand, never observed, may move the mean by any amount.
`benchmarks/unbounded_means.py` simulates how often the bootstrap's misses.
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

DRAWS = 2_000  # the smallest possible p is 1 in 2,001
_AT_ONCE = 2_000_000  # bootstrap weights held in memory at a time


class Statistic(Protocol):
    """A function of weighted rows. Only measures of the same statistic can be subtracted.

    Attributes:
        instead: What to gate instead of a statistic for which no bound holds; empty if it can be gated.
    """

    @property
    def instead(self) -> str: ...

    def __call__(self, rows: Floats, weights: Floats) -> Floats:
        """Computes the statistic.

        Args:
            rows: (n, k) floats, one row per example.
            weights: (d, n) weights of the rows, one row per draw.

        Returns:
            (d,) values.
        """
        ...

    def added(self, rows: Floats, high: bool) -> Floats:
        """Makes rows that were not observed but could occur.

        Args:
            rows: (n, k) observed rows.
            high: Whether the added rows raise the statistic instead of lowering it.

        Returns:
            (m, k) rows.
        """
        ...

    def each(self, rows: Floats) -> Floats | None:
        """Computes the statistic of every row alone; None if one row has none.

        Args:
            rows: (n, k) rows, with NaN for missing answers.

        Returns:
            (n,) values.
        """
        ...


@dataclass(frozen=True)
class MacroF1:
    """The mean over labels of F1 = 2 tp / (2 tp + fp + fn).

    A row holds the numbers of the expected and the predicted label, -1 for an answer that is not a label. Labels that
    are neither expected nor predicted do not count, as in scikit-learn.

    Attributes:
        labels: Number of labels.
    """

    labels: int
    instead = ""

    def __call__(self, rows: Floats, weights: Floats) -> Floats:
        labels = np.unique(rows[rows >= 0])
        asked = (rows[:, :1] == labels).astype(np.float64)
        given = (rows[:, 1:] == labels).astype(np.float64)
        hits = weights @ (asked * given)
        return np.asarray((2.0 * hits / (weights @ asked + weights @ given)).mean(axis=1))

    def added(self, rows: Floats, high: bool) -> Floats:
        """Adds a wrong answer that costs the two rarest labels, or (`high`) a right answer for every label.

        With few examples per label, every label's true F1 may be far better than observed.
        """
        if high:
            return np.repeat(np.arange(self.labels, dtype=np.float64)[:, None], 2, axis=1)
        counts = np.bincount(rows[:, 0].astype(np.int64), minlength=self.labels)
        return np.argsort(counts, kind="stable")[None, :2].astype(np.float64)

    def each(self, rows: Floats) -> None:
        return None


@dataclass(frozen=True)
class Average:
    """The mean of non-negative values without an upper bound; rows are (n, 1).

    Nothing is assumed about values beyond the largest observed one.

    Attributes:
        machine: Where the values were measured; times of different machines are different statistics.
    """

    machine: str = ""
    instead = (
        "gate a percentile: assert candidate.latency.p95 <= 1.5; two subjects are compared by the median of their"
        " differences: assert (candidate.latency - prompted.latency).p50 <= 0"
    )

    def __call__(self, rows: Floats, weights: Floats) -> Floats:
        return np.asarray(weights @ rows[:, 0] / weights.sum(axis=1))

    def added(self, rows: Floats, high: bool) -> Floats:
        return np.array([[rows.max() if high else 0.0]])

    def each(self, rows: Floats) -> Floats:
        return rows[:, 0]


@dataclass(frozen=True)
class PerplexityRatio:
    """The ratio of two models' perplexities.

    A row holds, for one passage, the second model's log-probability minus the first model's, both summed over tokens,
    and the number of tokens. Nothing is assumed beyond the largest difference per token observed.
    """

    instead = "gate a percentile of the passages: assert general.perplexity_ratio.percentile(75) <= 1.10"

    def __call__(self, rows: Floats, weights: Floats) -> Floats:
        return np.asarray(np.exp((weights @ rows[:, 0]) / (weights @ rows[:, 1])))

    def added(self, rows: Floats, high: bool) -> Floats:
        each = rows[:, 0] / rows[:, 1]
        return np.asarray(rows[[int(each.argmax() if high else each.argmin())]])

    def each(self, rows: Floats) -> Floats:
        return np.asarray(np.exp(rows[:, 0] / rows[:, 1]))


@dataclass(frozen=True)
class Part:
    """One term of a sum: a factor times the statistic of the rows.

    Attributes:
        factor: The factor, not 0.
        statistic: The statistic.
        rows: (n, k) floats, one row per example.
    """

    factor: float
    statistic: Statistic
    rows: Floats


@dataclass(frozen=True)
class Resampled(Rows):
    """A statistic of n examples, or the difference of two on the same examples.

    If an answer is missing, the measure can be viewed but not gated, because the worst possible answer is unknown.

    Attributes:
        parts: The terms of the sum; their rows have no meaning for missing answers.
        constant: A number that is added to the sum.
    """

    parts: tuple[Part, ...]
    constant: float = 0.0
    approximate = True

    @property
    def instead(self) -> str:
        return next((p.statistic.instead for p in self.parts if p.statistic.instead), "")

    @cached_property
    def each(self) -> Floats | None:
        """(n,) the measure of every example alone, NaN for missing answers; None if one example has none."""
        total = np.full(self.n, self.constant)
        for part in self.parts:
            values = part.statistic.each(part.rows)
            if values is None:
                return None
            total += part.factor * values
        return total

    @cached_property
    def _there(self) -> NDArray[np.bool_]:
        if self.missing.all():
            raise UserError(f"{self.name}: every answer is missing", hint="collect the answers first")
        return ~self.missing

    @cached_property
    def estimate(self) -> float:
        rows = [p.rows[self._there] for p in self.parts]
        ones = np.ones((1, len(rows[0])))
        terms = (p.factor * p.statistic(r, ones)[0] for p, r in zip(self.parts, rows, strict=True))
        return float(sum(terms, self.constant))

    def observed(self, op: Op) -> float:
        self._check_whole()
        return self.estimate

    @cached_property
    def draws(self) -> tuple[Floats, Floats]:
        """(DRAWS,) sorted bootstrap values with added rows that lower them, and as many with rows that raise them."""
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
                        np.full(len(weights), self.constant),
                    )
                )
        return np.sort(np.concatenate(found[0])), np.sort(np.concatenate(found[1]))

    def _rows(self, high: bool) -> list[Floats]:
        """Every part's rows followed by the added ones that lower (or, with `high`, raise) the sum."""
        return [
            np.vstack([r, p.statistic.added(r, high=(p.factor > 0) == high)])
            for p in self.parts
            for r in (p.rows[self._there],)
        ]

    def _check_whole(self) -> None:
        if self.lost:
            raise UserError(
                f"{self.name}: {self.lost} of {self.n} answers are missing, and their worst case is unknown for a"
                " measure that is not a bounded mean",
                hint="collect the missing answers, or gate a bounded mean instead",
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
            constant=factor * self.constant,
            bounds=(ends[0], ends[1]),
            better=turned(self.better, factor),
        )

    def plus(self, constant: float, name: str) -> Resampled:
        bounds = (self.bounds[0] + constant, self.bounds[1] + constant)
        return replace(self, name=name, constant=self.constant + constant, bounds=bounds)

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
            constant=self.constant - other.constant,
            missing=self.missing | other.missing[order],
            bounds=(self.bounds[0] - other.bounds[1], self.bounds[1] - other.bounds[0]),
            max_group=max(self.max_group, other.max_group),
        )


def _check_alike(name: str, statistics: Sequence[Statistic]) -> None:
    """Raises UserError unless all are the same statistic, measured on the same machine."""
    machines = sorted({s.machine for s in statistics if isinstance(s, Average)})
    if len({type(s) for s in statistics}) > 1:
        raise unlike(name)
    if len(machines) > 1:
        raise UserError(
            f"{name}: one was measured on {machines[0]}, the other on {machines[1]}",
            hint="measure both on the same machine: run pytest there with --regenerate",
        )
