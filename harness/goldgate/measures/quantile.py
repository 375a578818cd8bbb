"""Quantiles of per-example values, such as p95 latency, with order-statistic bounds: exact for independent examples.

A quantile is at most t exactly if the share of values at most t is at least q. So every question about a quantile is a
question about a mean of zeros and ones, which the test for means answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from goldgate.base.errors import UserError
from goldgate.measures.evidence import FAIL_LEVEL, Evidence, Mean, Op, Rows
from goldgate.measures.resampled import Resampled
from goldgate.measures.tail import Floats


@dataclass(frozen=True)
class Quantile(Rows):
    """The q-quantile: the smallest value that at least a share q of the examples do not exceed.

    Attributes:
        low: (n,) lowest possible values, within the bounds.
        high: (n,) highest possible values, equal to `low` except for missing answers.
        q: The share, in (0, 1).
    """

    low: Floats
    high: Floats
    q: float
    approximate = False
    instead = ""

    @property
    def estimate(self) -> float:
        there = self.low[~self.missing]
        return self._of(there if there.size else self.high if self.better == "low" else self.low)

    def observed(self, op: Op) -> float:
        return self._of(self.low if op == ">=" else self.high)

    def _of(self, values: Floats) -> float:
        return float(np.sort(values)[max(math.ceil(self.q * values.size - 1e-9), 1) - 1])

    def share(self, op: Op, t: float) -> tuple[Mean, float]:
        """Restates `quantile op t` as a gate on a mean.

        Args:
            op: The comparison.
            t: The threshold.

        Returns:
            The share of values on the good side of t, and what it must reach.
        """
        low, high = (self.low >= t, self.high >= t) if op == ">=" else (self.high <= t, self.low <= t)
        side = "at least" if op == ">=" else "at most"
        mean = Mean(
            f"share {side} {t:g}",
            self.ids,
            self.missing,
            (0.0, 1.0),
            self.groups,
            self.max_group,
            "high",
            low.astype(np.float64),
            high.astype(np.float64),
        )
        return mean, 1.0 - self.q if op == ">=" else self.q

    def p_pass(self, op: Op, t: float) -> float:
        mean, rate = self.share(op, t)
        return mean.p_pass(">=", rate)

    def p_fail(self, op: Op, t: float) -> float:
        mean, rate = self.share(op, t)
        return mean.p_fail(">=", rate)

    def p_refuted(self, op: Op, t: float) -> float:
        mean, rate = self.share(op, t)
        return mean.p_refuted(">=", rate)

    def bound_for(self, op: Op, level: float) -> float:
        """Finds the best order statistic that is shown at a level; the end of the range if none is."""
        values = np.unique(self.low if op == ">=" else self.high)
        shown = [0, len(values)]  # values[:k] are shown to be reached (">="), values[k:] not to be exceeded ("<=")
        while shown[0] < shown[1]:
            middle = (shown[0] + shown[1]) // 2
            good = self.p_pass(op, float(values[middle])) <= level
            if good == (op == ">="):
                shown[0] = middle + 1
            else:
                shown[1] = middle
        if op == ">=":
            return float(values[shown[0] - 1]) if shown[0] else self.bounds[0]
        return float(values[shown[0]]) if shown[0] < len(values) else self.bounds[1]

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        error = FAIL_LEVEL if level == 0.95 else (1.0 - level) / 2.0
        return self.bound_for(">=", error), self.bound_for("<=", error)

    def take(self, keep: Callable[[int], bool], name: str) -> Quantile:
        rows = [i for i in range(self.n) if keep(i)]
        return replace(self._at(rows, name), low=self.low[rows], high=self.high[rows])

    def times(self, factor: float, name: str) -> Quantile:
        if factor < 0:
            raise UserError(
                f"{name}: a quantile cannot be multiplied by a negative number", hint="use a factor above 0"
            )
        return replace(
            self,
            name=name,
            low=factor * self.low,
            high=factor * self.high,
            bounds=(factor * self.bounds[0], factor * self.bounds[1]),
        )

    def plus(self, constant: float, name: str) -> Quantile:
        bounds = (self.bounds[0] + constant, self.bounds[1] + constant)
        return replace(self, name=name, low=self.low + constant, high=self.high + constant, bounds=bounds)

    def minus(self, other: Evidence, name: str) -> Quantile:
        raise UserError(
            f"{name}: quantiles cannot be subtracted: their difference is not a quantile of the differences",
            hint="compare each quantile with a number, or compare means",
        )


def quantile_of(evidence: Evidence, q: float, name: str) -> Quantile:
    """Takes a quantile of the values behind a mean.

    Args:
        evidence: A bounded mean, a mean of seconds or a perplexity ratio, or a difference of two such measures.
        q: The share, in (0, 1).
        name: What messages call the quantile.

    Returns:
        The q-quantile.

    Raises:
        UserError: The evidence is of another kind.
    """
    if isinstance(evidence, Mean):
        low, high = evidence.low, evidence.high
    elif isinstance(evidence, Resampled) and (x := evidence.each) is not None:
        low, high = np.where(evidence.missing, evidence.bounds[0], x), np.where(evidence.missing, evidence.bounds[1], x)
    else:
        raise UserError(f"{name}: only a mean of values has percentiles", hint="use one of latency or tokens_out")
    return Quantile(
        name,
        evidence.ids,
        evidence.missing,
        evidence.bounds,
        evidence.groups,
        evidence.max_group,
        evidence.better,
        low,
        high,
        q,
    )
