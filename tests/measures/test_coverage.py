"""Coverage by simulation: a bound at level a misses the truth in at most a share a of cases.

A lower bound covers the truth exactly when p(truth) > a, so one p a simulation is enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

from goldgate.measures.tail import Sample, log_mass_near, sample

Rng = np.random.Generator
LEVEL = 0.025
SURE = 0.3  # in log space: further from the level, the saddle point decides the same as the exact p


@dataclass(frozen=True)
class World:
    """A source of data: `draw` makes values and groups of n independent groups, `truth` is their true mean."""

    draw: Callable[[Rng, int], tuple[np.ndarray, np.ndarray | None]]
    truth: float
    lo: float = 0.0
    hi: float = 1.0
    max_group: int = 1
    runs: int = 1500


def rate(p: float) -> World:
    return World(lambda r, n: ((r.random(n) < p).astype(float), None), p)


def choice(values: list[float], chances: list[float], lo: float = 0.0) -> World:
    return World(lambda r, n: (r.choice(values, n, p=chances), None), float(np.dot(values, chances)), lo)


def capped_tokens(r: Rng, n: int) -> tuple[np.ndarray, None]:
    return np.minimum(-60.0 * np.log1p(-r.random(n)), 300.0), None


def bad_clusters(r: Rng, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Groups of one that are right in 19 of 20 cases; one group in fifty has eight examples that are all wrong."""
    large = r.random(n) < 0.02
    sizes = np.where(large, 8, 1)
    right = np.where(large, 0.0, r.random(n) < 0.95)
    return np.repeat(right, sizes), np.repeat(np.arange(n), sizes)


def like_clusters(r: Rng, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Groups of one to four identical members."""
    sizes = r.integers(1, 5, n)
    group = np.repeat(np.arange(n), sizes)
    return np.repeat(r.beta(4, 1, n), sizes) * (r.random(group.size) < 0.9), group


WORLDS = {
    "rate 0.5": rate(0.5),
    "rate 0.9": rate(0.9),
    "rate 0.99": rate(0.99),
    "field accuracy, 98% perfect": choice([1.0, 0.75, 0.5, 0.25, 0.0], [0.98, 0.005, 0.005, 0.005, 0.005]),
    "a rare disaster": choice([0.9, 0.0], [0.97, 0.03]),
    "paired difference": choice([1.0, 0.0, -1.0], [0.35, 0.60, 0.05], lo=-1.0),
    "small paired difference": choice([1.0, 0.0, -1.0], [0.03, 0.96, 0.01], lo=-1.0),
    "uniform": World(lambda r, n: (r.random(n), None), 0.5, runs=500),
    "skewed to the top": World(lambda r, n: (r.beta(9, 0.5, n), None), 9 / 9.5, runs=500),
    "tokens under a cap": World(capped_tokens, 60.0 * (1 - math.exp(-5.0)), 0.0, 300.0, runs=500),
    "clusters, rare large bad ones": World(bad_clusters, 0.98 * 0.95 / (0.98 + 0.16), max_group=8),
    "clusters of like examples": World(like_clusters, 0.8 * 0.9, max_group=4, runs=400),
}


def misses(data: Sample, truth: float, side: str, cache: dict) -> bool:
    key = (side, data.totals.tobytes(), data.sizes.tobytes(), data.counts.tobytes())
    if key not in cache:
        distance = log_mass_near(*data.terms(truth, side)) - math.log(LEVEL)
        cache[key] = distance < 0 if abs(distance) > SURE else data.p(truth, side) <= LEVEL
    return cache[key]


@pytest.mark.parametrize("n", [20, 100, 500])
@pytest.mark.parametrize("name", WORLDS)
def test_bounds_miss_the_truth_no_more_often_than_stated(name: str, n: int) -> None:
    world, rng = WORLDS[name], np.random.default_rng([n, len(name)])
    runs = world.runs if n < 500 else world.runs * 2 // 3
    missed = {"lower": 0, "upper": 0}
    cache: dict = {}
    for _ in range(runs):
        x, groups = world.draw(rng, n)
        data = sample(x, world.lo, world.hi, None if groups is None else groups.tolist(), world.max_group)
        for side in missed:
            missed[side] += misses(data, world.truth, side, cache)
    most = binom.isf(1e-4, runs, LEVEL)  # Monte Carlo error: a valid bound exceeds it once in ten thousand runs
    assert missed["lower"] <= most
    assert missed["upper"] <= most


def test_the_interval_is_not_wide_for_nothing() -> None:
    """At 500 examples of rate 0.9 the lower bound misses in about 2.1% of cases, not far less."""
    rng, cache = np.random.default_rng(5), {}
    runs = 3000
    missed = sum(misses(sample(WORLDS["rate 0.9"].draw(rng, 500)[0], 0, 1), 0.9, "lower", cache) for _ in range(runs))
    assert 0.012 < missed / runs < 0.03
