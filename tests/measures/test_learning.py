"""The posterior of a learning curve: its intervals hold the truth, and it says no more than the points do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.measures.learning import LearningCurve, Point

SIZES = (1000, 2000, 4000, 8000)


def points(floor: float, gain: float, slope: float, n: int = 500) -> list[Point]:
    """What is expected of a power law, without noise."""
    return [Point(s, 1.0 - floor - gain * (s / 8000) ** -slope, n) for s in SIZES]


def test_its_95_percent_interval_holds_the_truth_in_95_percent_of_curves() -> None:
    random, held, error = np.random.default_rng(5), 0, 0.0
    for _ in range(60):
        floor, slope, gain = random.uniform(0, 0.25), random.uniform(0.2, 1.0), random.uniform(0.01, 0.12)
        dev = random.uniform(size=500)  # how hard each dev example is: all points share them
        found = []
        for size in SIZES:
            hard = np.where(random.uniform(size=500) < 0.15, random.uniform(size=500), dev)
            found.append(Point(size, float((hard > floor + gain * (size / 8000) ** -slope).mean()), 500))
        truth, forecast = 1.0 - floor - gain * 2**-slope, LearningCurve(found).at(16_000)
        held += forecast.sure[0] <= truth <= forecast.sure[1]
        error += abs(forecast.middle - truth) / 60
    assert held >= 57
    assert error < 0.025


@settings(max_examples=15)
@given(st.floats(0.0, 0.3), st.floats(0.01, 0.1), st.floats(0.1, 1.0))
def test_a_forecast_is_ordered_and_rises_with_the_data(floor: float, gain: float, slope: float) -> None:
    curve = LearningCurve(points(floor, gain, slope))
    now, twice = curve.at(8000), curve.at(16_000)
    for f in (now, twice):
        assert 0.0 <= f.sure[0] <= f.likely[0] <= f.middle <= f.likely[1] <= f.sure[1] <= 1.0
    assert twice.middle >= now.middle
    assert curve.chance(0.9, 16_000) >= curve.chance(0.9, 8000)
    assert curve.chance(0.95, 8000) <= curve.chance(0.9, 8000)


def test_more_dev_examples_narrow_the_interval() -> None:
    wide, narrow = (LearningCurve(points(0.05, 0.1, 0.5, n)).at(16_000).sure for n in (100, 2000))
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_twenty_points_of_one_dev_are_no_surer_than_four() -> None:
    few = points(0.05, 0.1, 0.5)
    once, often = (LearningCurve(p).at(16_000) for p in (few, few * 5))
    assert once.sure == pytest.approx(often.sure, abs=1e-9)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_all_right_and_all_wrong_are_no_certainty(score: float) -> None:
    low, high = LearningCurve([Point(s, score, 50) for s in SIZES]).at(16_000).sure
    assert 0.0 < high - low < 1.0
