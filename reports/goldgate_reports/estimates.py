"""Estimates with their intervals, taken from a record or computed from the values of the examples."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from goldgate.measures import Measure, Verdict
from goldgate.runs.golden import DifferenceRow, MeasureRow
from goldgate_reports.records import Column
from goldgate_reports.words import NOT_RECORDED, Scale, number, scale_of, span


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval; None where it was not recorded.

    Attributes:
        value: The number.
        low: The lower end of the interval.
        high: The upper end of the interval.
        n: The number of examples.
        scale: How the numbers are written.
        missing: The number of missing answers.
        signed: Whether to write the plus sign, as for a difference.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int | None
    scale: Scale
    missing: int = 0
    signed: bool = False

    @property
    def text(self) -> str:
        return number(self.value, self.scale, signed=self.signed)

    @property
    def interval(self) -> str:
        return span(self.low, self.high, self.scale, signed=self.signed)

    @property
    def ends(self) -> str:
        """The interval without its unit, for tables that name the unit once."""
        return self.interval.removesuffix(" points")

    @property
    def known(self) -> bool:
        return self.value is not None and self.low is not None and self.high is not None

    @property
    def count(self) -> str:
        return NOT_RECORDED if self.n is None else f"{self.n:,}"


def of_row(row: MeasureRow | DifferenceRow) -> Estimate:
    """Takes the estimate from a row of golden.json.

    Args:
        row: A measure, or a difference between two subjects.

    Returns:
        The estimate; a difference between shares is in percentage points.
    """
    scale, paired_row = scale_of(row.metric, None), isinstance(row, DifferenceRow)
    missing = row.missing if isinstance(row, MeasureRow) else None
    shown: Scale = "points" if paired_row and scale == "rate" else scale
    return Estimate(row.estimate, row.low, row.high, row.n, shown, missing or 0, paired_row)


def of_verdict(verdict: Verdict) -> Estimate:
    """Takes the estimate from a verdict.

    Args:
        verdict: The verdict.

    Returns:
        The estimate, which has no numbers where the verdict is invalid or sealed.
    """
    scale = scale_of(verdict.metric, verdict.bounds)
    if verdict.outcome == "invalid":  # its numbers mean nothing
        return Estimate(None, None, None, None, scale)
    value, low, high = (finite(x) for x in (verdict.estimate, verdict.low, verdict.high))
    return Estimate(value, low, high, verdict.n, scale, verdict.missing)


def finite(number: float) -> float | None:
    """Returns the number, or None for NaN and infinity, which mean that it was not recorded."""
    return number if math.isfinite(number) else None


def measured(metric: str, column: Column, ids: frozenset[str] | None = None) -> Estimate | None:
    """Estimates one metric of one subject on dev, with its interval.

    Args:
        metric: Name of the metric.
        column: The values by example.
        ids: The examples to use; None for all.

    Returns:
        The estimate; None where none of the examples has a value.
    """
    measure = _measure(metric, column, ids)
    return None if measure is None else _estimate(measure, scale_of(metric, column.bounds))


def averaged(metric: str, column: Column, ids: frozenset[str] | None = None) -> Estimate | None:
    """Does the same as `measured` without the interval, which takes most of the time.

    Args:
        metric: Name of the metric.
        column: The values by example.
        ids: The examples to use; None for all.

    Returns:
        The estimate; None where none of the examples has a value.
    """
    measure = _measure(metric, column, ids)
    scale = scale_of(metric, column.bounds)
    return None if measure is None else Estimate(measure.value, None, None, measure.n, scale, measure.missing)


def paired(metric: str, ours: Column, theirs: Column) -> Estimate | None:
    """Estimates the paired difference between two subjects, with its interval.

    Args:
        metric: Name of the metric.
        ours: The values of the first subject.
        theirs: The values that are subtracted.

    Returns:
        The difference on the examples that both have; None where they share none.
    """
    shared = frozenset(ours.values) & frozenset(theirs.values)
    left, right = _measure(metric, ours, shared), _measure(metric, theirs, shared)
    if left is None or right is None:
        return None
    scale = scale_of(metric, ours.bounds)
    return replace(_estimate(left - right, "points" if scale == "rate" else scale), signed=True)


def _measure(metric: str, column: Column, ids: frozenset[str] | None) -> Measure | None:
    kept = [id_ for id_ in sorted(column.values) if ids is None or id_ in ids]
    if not kept:
        return None
    better: Literal["high", "low"] = "low" if column.better == "low" else "high"
    return Measure([column.values[i] for i in kept], ids=kept, bounds=column.bounds, name=metric, better=better)


def _estimate(measure: Measure, scale: Scale) -> Estimate:
    low, high = measure.interval()
    return Estimate(measure.value, low, high, measure.n, scale, measure.missing)
