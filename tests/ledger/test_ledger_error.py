"""The ledger's guarantee: at most one project in twenty ever promotes a candidate that is not good enough."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom

from goldgate.gates import successes_needed
from goldgate.ledger import level

N, TRUTH, LOOKS = 200, 0.90, 20


def needed_at(levels: list[float]) -> np.ndarray:
    return np.array([successes_needed(N, TRUTH, a) or N + 1 for a in levels])


HALVING = needed_at([level(j) for j in range(1, LOOKS + 1)])
ALWAYS_95 = needed_at([0.025] * LOOKS)
OBSERVED = np.full(LOOKS, 180)


def promoted(needed: np.ndarray, again: float, projects: int = 6000) -> float:
    """Share of projects that promote a candidate whose true rate is exactly the threshold.

    Each candidate keeps the last one's answers but for a share `again` of examples, which it answers anew: it was
    trained because the last one did not pass.
    """
    rng = np.random.default_rng(0)
    answers = rng.random((projects, N)) < TRUTH
    passed = answers.sum(1) >= needed[0]
    for least in needed[1:]:
        fresh = rng.random((projects, N)) < again
        answers = np.where(fresh, rng.random((projects, N)) < TRUTH, answers)
        passed |= answers.sum(1) >= least
    return float(passed.mean())


@pytest.mark.parametrize("again", [0.05, 0.3, 1.0])
def test_twenty_adaptive_looks_promote_falsely_in_under_five_percent(again: float) -> None:
    assert promoted(HALVING, again) < 0.05


def test_unrelated_candidates_reach_the_numbers_of_the_statistics_page() -> None:
    assert promoted(HALVING, 1.0) == pytest.approx(0.033, abs=0.008)
    assert promoted(ALWAYS_95, 1.0) > 0.2
    assert promoted(OBSERVED, 1.0) > 0.99


def test_the_union_bound_holds_for_any_candidates() -> None:
    """However candidates depend on each other, the error is at most the sum of the looks' levels."""
    assert binom.sf(HALVING - 1, N, TRUTH).sum() < 0.05


def test_a_later_look_asks_for_more_right_answers() -> None:
    assert [int(HALVING[j - 1]) for j in (1, 3, 5, 10)] == [189, 191, 192, 195]
    assert all(a <= b for a, b in pairwise(HALVING))
