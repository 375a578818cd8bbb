"""Coverage without simulation: every possible sample of a small size, weighted by its probability.

A bound at level a may lie beyond the truth in at most a of all samples. Here that share is summed, not estimated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate

import pytest
from scipy.stats import binom

from goldgate.measures import Measure, Recording, recording, sample

LEVELS = (0.025, 0.0125, 0.05 / 2**5)


def compositions(n: int, kinds: int) -> Iterator[tuple[int, ...]]:
    """All ways to draw n examples of the given number of kinds."""
    if kinds == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in compositions(n - first, kinds - 1):
            yield (first, *rest)


def chance_of(counts: Sequence[int], chances: Sequence[float]) -> float:
    ways = math.factorial(sum(counts))
    for count in counts:
        ways //= math.factorial(count)
    return float(ways) * math.prod(p**c for p, c in zip(chances, counts, strict=True))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("n", [1, 5, 20, 60])
def test_a_rate_is_shown_too_high_or_too_low_at_most_as_often_as_the_level_says(n: int, level: float) -> None:
    for truth in (0.05, 0.3, 0.5, 0.8, 0.9, 0.95, 0.99):
        data = [sample([1.0] * k + [0.0] * (n - k), 0.0, 1.0) for k in range(n + 1)]
        weights = [float(binom.pmf(k, n, truth)) for k in range(n + 1)]
        for side in ("lower", "upper"):
            wrong = math.fsum(w for d, w in zip(data, weights, strict=True) if d.p(truth, side) <= level)
            assert wrong <= level * (1 + 1e-9)


WORLDS = {
    "a paired difference": ((-1.0, 0.0, 1.0), (0.05, 0.60, 0.35), -1.0),
    "a rare fall": ((-1.0, 0.0, 1.0), (0.02, 0.95, 0.03), -1.0),
    "half marks": ((0.0, 0.5, 1.0), (0.1, 0.2, 0.7), 0.0),
    "nearly always nearly right": ((0.0, 0.9, 1.0), (0.04, 0.16, 0.8), 0.0),
}


@pytest.mark.parametrize("n", [4, 9, 16])
@pytest.mark.parametrize("world", WORLDS, ids=list(WORLDS))
def test_a_mean_of_three_values_is_shown_wrongly_at_most_as_often_as_the_level_says(world: str, n: int) -> None:
    values, chances, lo = WORLDS[world]
    truth = math.fsum(v * p for v, p in zip(values, chances, strict=True))
    wrong = dict.fromkeys([(side, level) for side in ("lower", "upper") for level in LEVELS], 0.0)
    for counts in compositions(n, 3):
        drawn = sample([v for v, c in zip(values, counts, strict=True) for _ in range(c)], lo, 1.0)
        weight = chance_of(counts, chances)
        for side, level in wrong:
            wrong[side, level] += weight * (drawn.p(truth, side) <= level)  # type: ignore[arg-type]
    for (_, level), share in wrong.items():
        assert share <= level * (1 + 1e-9)


@pytest.mark.parametrize("n", [10, 40])
def test_a_model_at_the_threshold_passes_at_most_as_often_as_the_looks_level(n: int) -> None:
    """The guarantee of a gate over all samples, with the truth exactly at the threshold and below it."""
    for number in (1, 2, 5):
        level = 0.05 / 2**number
        with recording(Recording(level=level)):
            passed = [bool(Measure([1.0] * k + [0.0] * (n - k)) >= 0.8) for k in range(n + 1)]
        for truth in (0.8, 0.75, 0.5):
            assert math.fsum(binom.pmf(k, n, truth) for k in range(n + 1) if passed[k]) <= level * (1 + 1e-9)


def test_a_good_model_fails_at_most_in_one_of_forty_samples() -> None:
    n = 60
    failed = [(Measure([1.0] * k + [0.0] * (n - k)) >= 0.8).outcome == "fail" for k in range(n + 1)]
    for truth in (0.8, 0.85, 0.99):
        assert math.fsum(binom.pmf(k, n, truth) for k in range(n + 1) if failed[k]) <= 0.025 * (1 + 1e-9)


def test_missing_answers_raise_no_false_pass() -> None:
    """Wrong answers go missing: the worst case for a gate that would ignore missing answers."""
    n, truth, level = 30, 0.8, 0.025
    share = 0.0
    for k in range(n + 1):
        values: list[float | None] = [1.0] * k + [None] * (n - k)
        share += float(binom.pmf(k, n, truth)) * bool(Measure(values) >= truth)
    assert share <= level


def test_twenty_looks_at_one_sample_size_err_in_less_than_five_percent_together() -> None:
    """Twenty fresh samples of a model at the threshold, each tested at the level of its look."""
    n, t = 100, 0.9
    p = [sample([1.0] * k + [0.0] * (n - k), 0.0, 1.0).p(t, "lower") for k in range(n + 1)]
    weights = [float(binom.pmf(k, n, t)) for k in range(n + 1)]
    levels = [0.05 / 2**number for number in range(1, 21)]
    each = [math.fsum(w for w, at in zip(weights, p, strict=True) if at <= level) for level in levels]
    assert list(accumulate(each))[-1] <= 0.05
    assert each[0] > 0.01, "a test that never passes would keep any promise"


def test_the_counted_ways_are_all_ways() -> None:
    assert sum(1 for _ in compositions(5, 3)) == math.comb(7, 2)
    total = sum(Fraction(chance_of(c, (0.25, 0.25, 0.5))) for c in compositions(6, 3))
    assert float(total) == pytest.approx(1.0)
