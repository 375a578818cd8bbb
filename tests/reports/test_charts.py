"""Drawings: everything lies on its axis, in the order of the numbers, and names do not cover each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from goldgate_reports.charts import EDGE, WIDTH, axis, curve_chart, interval_chart, mark, spread
from goldgate_reports.words import Scale

RATES = st.floats(0.0, 1.0, allow_subnormal=False)
POINTS = st.floats(-1.0, 1.0, allow_subnormal=False)
# Plain numbers as reports have them: tokens, prices, seconds; nothing smaller than a millionth but 0.
PLAIN = st.one_of(st.just(0.0), st.floats(1e-6, 1e9), st.floats(-1e9, -1e-6))
scaled: st.SearchStrategy[tuple[Scale, list[float]]] = st.one_of(
    st.tuples(st.just("rate"), st.lists(RATES, min_size=4, max_size=4)),
    st.tuples(st.just("points"), st.lists(POINTS, min_size=4, max_size=4)),
    st.tuples(st.just("plain"), st.lists(PLAIN, min_size=4, max_size=4)),
)  # type: ignore[assignment]


@given(scaled)
@settings(deadline=None)
def test_an_interval_lies_on_its_axis_in_its_order(drawn: tuple[Scale, list[float]]) -> None:
    scale, marks = drawn
    low, estimate, high = sorted(marks[:3])
    chart = interval_chart(estimate, low, high, scale, marks[3])
    assert chart.threshold is not None
    assert EDGE <= chart.low <= chart.at <= chart.high <= WIDTH - EDGE
    assert EDGE <= chart.threshold <= WIDTH - EDGE
    assert (chart.threshold < chart.at) <= (marks[3] <= estimate)
    assert (chart.threshold > chart.at) <= (marks[3] >= estimate)


@given(scaled)
@settings(deadline=None)
def test_the_tinted_side_is_where_the_gate_passes(drawn: tuple[Scale, list[float]]) -> None:
    scale, (a, b, c, t) = drawn
    low, estimate, high = sorted((a, b, c))
    up = interval_chart(estimate, low, high, scale, t, ">=")
    down = interval_chart(estimate, low, high, scale, t, "<=")
    assert up.band is not None
    assert down.band is not None
    assert up.band[0] == up.threshold
    assert sum(up.band) == pytest.approx(WIDTH - EDGE, abs=0.11)
    assert down.band[0] == EDGE
    assert sum(down.band) == pytest.approx(down.threshold or 0.0, abs=0.11)
    assert up.band[1] + down.band[1] == pytest.approx(WIDTH - 2 * EDGE, abs=0.21)


@given(scaled)
@settings(deadline=None)
def test_an_axis_holds_its_marks(drawn: tuple[Scale, list[float]]) -> None:
    scale, marks = drawn
    start, end = axis(marks, scale)
    slack = 1e-9 * (end - start)
    assert start < end
    assert start - slack <= min(marks)
    assert max(marks) <= end + slack


@given(st.lists(RATES, min_size=1, max_size=6), st.lists(RATES, min_size=1, max_size=6))
def test_shares_have_one_of_three_axes_and_more_marks_never_a_narrower_one(a: list[float], b: list[float]) -> None:
    both = axis([*a, *b], "rate")
    assert both in ((0.8, 1.0), (0.5, 1.0), (0.0, 1.0))
    for part in (a, b):
        assert axis(part, "rate")[0] >= both[0]


@given(st.lists(POINTS, min_size=1, max_size=6))
def test_differences_that_may_go_both_ways_have_zero_in_the_middle(marks: list[float]) -> None:
    start, end = axis(marks, "points")
    assert start in (0.0, -end)


@given(st.integers(-1000, 1000), st.floats(1e-3, 1e6), st.sampled_from([4, 5]))
def test_ticks_are_round_evenly_apart_and_on_the_axis(start: int, width: float, parts: int) -> None:
    ticks = spread(start, start + width, parts)
    assert 1 <= len(ticks) <= parts + 1
    assert all(start - 1e-6 * width <= t <= start + width * (1 + 1e-6) for t in ticks)
    steps = [b - a for a, b in pairwise(ticks)]
    assert all(s == pytest.approx(steps[0], rel=1e-6) for s in steps)
    if steps:
        digits = f"{steps[0]:.6e}".partition("e")[0].rstrip("0").rstrip(".")
        assert digits in ("1", "2", "5")


@given(scaled)
@settings(deadline=None)
@example(("plain", [1e9, 1e9, 999999999.9999999, 0.0]))
def test_no_two_ticks_stand_in_one_place_or_say_the_same(drawn: tuple[Scale, list[float]]) -> None:
    scale, marks = drawn
    low, estimate, high = sorted(marks[:3])
    chart = interval_chart(estimate, low, high, scale)
    places = [tick.at for tick in chart.ticks]
    assert places == sorted(set(places))
    if scale != "plain":  # three digits cannot tell apart what lies within a thousandth of a plain number
        assert len({tick.text for tick in chart.ticks}) == len(places)


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0.8, "rate", "80%"),
        (0.5, "points", "+50"),
        (-0.5, "points", "−50"),
        (0.0, "points", "0"),
        (0.04, "plain", "0.04"),
        (1500.0, "plain", "1,500"),
    ],
)
def test_a_mark_is_short(value: float, scale: Scale, text: str) -> None:
    assert mark(value, scale) == text


def test_zero_is_drawn_only_where_it_lies_inside_the_axis() -> None:
    assert interval_chart(0.1, -0.1, 0.3, "points").zero is not None
    assert interval_chart(0.9, 0.8, 1.0, "rate").zero is None
    assert interval_chart(0.3, 0.1, 0.5, "points").zero is None, "the axis begins at zero: no second line"


def test_rows_on_a_shared_axis_can_be_compared_by_eye() -> None:
    window = (0.0, 1.0)
    charts = [interval_chart(v, v - 0.05, v + 0.05, "rate", window=window) for v in (0.2, 0.5, 0.9)]
    assert [c.ticks for c in charts] == [charts[0].ticks] * 3
    assert charts[0].at < charts[1].at < charts[2].at


def test_what_lies_beyond_a_shared_axis_is_drawn_at_its_end() -> None:
    chart = interval_chart(2.0, -1.0, 3.0, "plain", window=(0.0, 1.0))
    assert (chart.low, chart.at, chart.high) == (EDGE, WIDTH - EDGE, WIDTH - EDGE)


def test_without_a_threshold_nothing_is_tinted() -> None:
    chart = interval_chart(0.9, 0.8, 1.0, "rate")
    assert (chart.threshold, chart.band) == (None, None)


losses = st.lists(st.floats(1e-4, 50.0), min_size=2, max_size=40)


@given(st.lists(losses, min_size=1, max_size=5))
@settings(deadline=None)
def test_curves_stay_in_their_plot_and_their_names_apart(lines: list[list[float]]) -> None:
    chart = curve_chart([(f"attempt {k}", list(enumerate(line, 1)), k == 0) for k, line in enumerate(lines)])
    assert chart is not None
    left, top, right, bottom = chart.plot
    for curve in chart.curves:
        points = [tuple(map(float, p.split(","))) for p in curve.points.split()]
        assert all(left <= x <= right and top - 0.1 <= y <= bottom for x, y in points)
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert points[-1] == curve.last
    heights = sorted(c.label_at for c in chart.curves)
    assert all(b - a >= 13.9 for a, b in pairwise(heights))
    assert chart.curves[-1].main, "the chosen attempt is drawn over the others"


@given(losses)
@settings(deadline=None)
def test_a_higher_loss_stands_higher(line: list[float]) -> None:
    chart = curve_chart([("a", list(enumerate(line, 1)), True)])
    assert chart is not None
    heights = [float(p.split(",")[1]) for p in chart.curves[0].points.split()]
    for (a, b), (up, other) in zip(pairwise(line), pairwise(heights), strict=True):
        assert (a <= b) or (up <= other), "SVG counts downwards"


@pytest.mark.parametrize("many", [2, 299, 300, 301, 5_000])
def test_a_long_run_is_a_small_drawing_that_keeps_its_ends(many: int) -> None:
    chart = curve_chart([("a", [(float(i), 1.0 + 1.0 / i) for i in range(1, many + 1)], True)])
    assert chart is not None
    points = chart.curves[0].points.split()
    assert len(points) <= 301
    assert points[-1] == "{},{}".format(*chart.curves[0].last)
    assert chart.curves[0].last[0] == chart.plot[2]


@pytest.mark.parametrize("lines", [[], [("a", [], True)], [("a", [(1.0, 2.0)], True), ("b", [], False)]])
def test_what_has_no_two_points_is_no_curve(lines: list[tuple[str, list[tuple[float, float]], bool]]) -> None:
    assert curve_chart(lines) is None


def test_a_line_of_one_point_does_not_hide_the_others() -> None:
    chart = curve_chart([("one", [(1.0, 2.0)], False), ("two", [(1.0, 2.0), (2.0, 1.0)], True)])
    assert chart is not None
    assert [c.name for c in chart.curves] == ["two"]


def test_losses_of_zero_are_drawn_at_the_bottom() -> None:
    chart = curve_chart([("a", [(1.0, 0.0), (2.0, 0.0)], True)])
    assert chart is not None
    assert {p.split(",")[1] for p in chart.curves[0].points.split()} == {str(chart.plot[3])}
