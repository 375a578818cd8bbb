"""The geometry of the drawings: axes, intervals and curves. The templates write the SVG and the numbers as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from goldgate_reports.words import Scale, number

WIDTH, EDGE = 320.0, 22.0
# Axes that most gates on shares and on their differences fit, so that rows can be compared; narrowest first.
_WINDOWS: dict[Scale, tuple[tuple[float, float], ...]] = {
    "rate": ((0.8, 1.0), (0.5, 1.0), (0.0, 1.0)),
    "points": ((0.0, 1.0), (-0.2, 0.2), (-0.5, 0.5), (-1.0, 1.0)),
    "plain": (),
}


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its position and its label."""

    at: float
    text: str


@dataclass(frozen=True)
class IntervalChart:
    """An interval on its axis, in drawing units from the left; `band` is where the gate passes, as (start, width)."""

    low: float
    high: float
    at: float
    threshold: float | None
    band: tuple[float, float] | None
    zero: float | None
    ticks: tuple[Tick, ...]
    width: float = WIDTH
    edge: float = EDGE


@dataclass(frozen=True)
class Curve:
    """One line of a chart, as SVG points; `last` is where it ends, `label_at` how far down its name is."""

    name: str
    points: str
    last: tuple[float, float]
    label_at: float
    main: bool


@dataclass(frozen=True)
class CurveChart:
    """Curves over steps; `plot` is the left, top, right and bottom of the plotting area, in drawing units."""

    curves: tuple[Curve, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    plot: tuple[float, float, float, float]
    width: float
    height: float


def interval_chart(
    estimate: float,
    low: float,
    high: float,
    scale: Scale,
    threshold: float | None = None,
    op: str = ">=",
    window: tuple[float, float] | None = None,
) -> IntervalChart:
    """Places an estimate, its interval and its threshold on an axis.

    Args:
        estimate: The estimate.
        low: The lower end of its interval.
        high: The upper end of its interval.
        scale: How the numbers are written.
        threshold: What the gate compares with; None where there is no gate.
        op: How the gate compares, ">=" or "<=".
        window: The ends of the axis, where several rows share one; None to choose them here.

    Returns:
        The positions, in drawing units.
    """
    marks = [estimate, low, high, *([] if threshold is None else [threshold])]
    start, end = window or axis(marks, scale)

    def place(value: float) -> float:
        inside = min(max((value - start) / (end - start), 0.0), 1.0)
        return round(EDGE + inside * (WIDTH - 2 * EDGE), 1)

    band = None
    if threshold is not None:
        at = place(threshold)
        band = (at, round(WIDTH - EDGE - at, 1)) if op == ">=" else (EDGE, round(at - EDGE, 1))
    ticks = tuple(Tick(place(t), mark(t, scale)) for t in spread(start, end, 5))
    return IntervalChart(
        place(low),
        place(high),
        place(estimate),
        None if threshold is None else place(threshold),
        band,
        place(0.0) if start < 0 < end else None,
        ticks,
    )


def mark(value: float, scale: Scale) -> str:
    """Writes a number on an axis, as in 80%, +50 or 0.04."""
    text = number(value, scale, unit=False).removesuffix(".0")
    return f"{text}%" if scale == "rate" else text


def axis(marks: Sequence[float], scale: Scale) -> tuple[float, float]:
    """Chooses the ends of an axis.

    Args:
        marks: The numbers that must fit.
        scale: How the numbers are written.

    Returns:
        A common window where one fits, otherwise round numbers around the marks.
    """
    least, most = min(marks), max(marks)
    for start, end in _WINDOWS[scale]:
        if start <= least and most <= end:
            return start, end
    apart = most - least > 1e-6 * max(abs(most), abs(least))  # if closer, a step between them would vanish in rounding
    step = _step(most - least if apart else abs(most) or 1.0, 4)
    start, end = math.floor(least / step) * step, math.ceil(most / step) * step
    return (start, end) if end > start else (start - step, end + step)


def _step(width: float, parts: int) -> float:
    """A round step (1, 2 or 5 times a power of ten) that divides a width into about that many parts."""
    rough = width / parts
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if rough <= power * factor * 1.000001)


def spread(start: float, end: float, parts: int) -> list[float]:
    """Returns round values from start to end, in about `parts` steps."""
    step = _step(end - start, parts)
    first = math.ceil(start / step - 1e-9)
    last = math.floor(end / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def curve_chart(lines: Sequence[tuple[str, Sequence[tuple[float, float]], bool]]) -> CurveChart | None:
    """Places curves on shared axes.

    Args:
        lines: Of each curve its name, its (step, value) points, and whether it is the main one.

    Returns:
        The chart; None where no curve has two points.
    """
    drawn = [(name, points, main) for name, points, main in lines if len(points) > 1]
    if not drawn:
        return None
    width, height = 640.0, 240.0
    left, top, right, bottom = 44.0, 26.0, width - 84.0, height - 36.0
    end = max(x for _, points, _ in drawn for x, _ in points) or 1.0
    peak = axis([0.0, max(y for _, points, _ in drawn for _, y in points)], "plain")[1]

    def place(x: float, y: float) -> tuple[float, float]:
        return round(left + x / end * (right - left), 1), round(bottom - max(y, 0.0) / peak * (bottom - top), 1)

    labels = _apart([place(*points[-1])[1] + 4 for _, points, _ in drawn], bottom)
    curves = tuple(
        Curve(name, " ".join("{},{}".format(*place(x, y)) for x, y in _thinned(points)), place(*points[-1]), at, main)
        for (name, points, main), at in sorted(zip(drawn, labels, strict=True), key=lambda line: line[0][2])
    )
    return CurveChart(
        curves,
        tuple(Tick(place(x, 0)[0], number(x, "plain")) for x in spread(0, end, 5)),
        tuple(Tick(place(0, y)[1], number(y, "plain")) for y in spread(0, peak, 4)),
        (left, top, right, bottom),
        width,
        height,
    )


def _apart(heights: Sequence[float], bottom: float, gap: float = 14.0) -> list[float]:
    """Moves labels up, starting with the lowest, so that none covers another."""
    placed = list(heights)
    free = bottom
    for index in sorted(range(len(placed)), key=lambda i: -placed[i]):
        placed[index] = round(min(placed[index], free), 1)
        free = placed[index] - gap
    return placed


def _thinned(points: Sequence[tuple[float, float]], most: int = 300) -> list[tuple[float, float]]:
    """Keeps every k-th point and the last one, so that the curve of a long run stays small."""
    every = max(1, math.ceil(len(points) / most))
    kept = list(points[::every])
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]
