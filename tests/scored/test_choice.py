"""What choosing a prompt on a small dev split may cost: a bound on how much better another prompt may be."""

from __future__ import annotations

import numpy as np
import pytest

from goldgate.measures import Measure
from goldgate.scored.choice import bound


def measure(right: int, of: int, better: str = "high") -> Measure:
    values = [1.0] * right + [0.0] * (of - right)
    return Measure([1.0 - v for v in values] if better == "low" else values, better=better)  # type: ignore[arg-type]


def test_a_single_prompt_was_not_chosen() -> None:
    assert bound(measure(5, 20), []) == 0.0


def test_prompts_that_say_the_same_may_still_differ_beyond_dev() -> None:
    assert 0.05 < bound(measure(10, 24), [measure(10, 24)]) < 0.2


def test_more_prompts_allow_more_and_more_examples_less() -> None:
    def other(of: int) -> Measure:  # right where the chosen one is wrong
        return Measure([0.0] * (of // 2) + [1.0] * (of // 2 - of // 20) + [0.0] * (of // 20))

    one, four = bound(measure(50, 100), [other(100)]), bound(measure(50, 100), [other(100)] * 4)
    assert 0.0 < bound(measure(500, 1000), [other(1000)]) < one < four


def test_a_prompt_far_ahead_is_the_best() -> None:
    assert bound(measure(95, 100), [measure(20, 100), measure(10, 100)]) == 0.0


def test_lower_is_better_where_the_metric_says_so() -> None:
    high = bound(measure(50, 100), [measure(50, 100)])
    assert high > 0.0
    assert bound(measure(50, 100, "low"), [measure(50, 100, "low")]) == pytest.approx(high)


def test_it_is_rarely_exceeded_whoever_the_examples_chose() -> None:
    rng, missed = np.random.default_rng(1), 0
    rates = (0.55, 0.45, 0.45)
    for _ in range(60):
        rows = [(rng.random(60) < rate).astype(float) for rate in rates]
        best = int(np.argmax([row.mean() for row in rows]))
        measures = [Measure(row.tolist()) for row in rows]
        others = [m for i, m in enumerate(measures) if i != best]
        missed += max(rates) - rates[best] > bound(measures[best], others)
    assert missed <= 5
