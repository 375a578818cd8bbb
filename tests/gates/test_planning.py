"""Planning, against the tables of the statistics page."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from goldgate.base.errors import UserError
from goldgate.gates import examples_needed, showable, successes_needed
from goldgate.ledger import level


def test_correct_answers_needed_are_those_of_the_statistics_page() -> None:
    sizes = (20, 50, 100, 200, 400, 800)
    assert [[successes_needed(n, t, level(1)) for n in sizes] for t in (0.80, 0.90, 0.95, 0.98, 0.99)] == [
        [20, 46, 89, 172, 336, 663],
        [None, 50, 96, 189, 372, 737],
        [None, None, 100, 197, 389, 773],
        [None, None, None, 200, 398, 792],
        [None, None, None, None, 400, 798],
    ]
    assert successes_needed(368, 0.99, level(1)) == 368
    assert successes_needed(367, 0.99, level(1)) is None


@pytest.mark.parametrize(
    ("truth", "t", "first", "third"),
    [
        (0.9, 0.8, 113, 158),
        (0.95, 0.9, 255, 348),
        (0.97, 0.9, 114, 163),
        (0.98, 0.95, 338, 469),
        (0.995, 0.98, 509, 687),
    ],
)
def test_examples_needed_are_those_of_the_statistics_page(truth: float, t: float, first: int, third: int) -> None:
    assert examples_needed(truth, t, level(1)) == first
    assert examples_needed(truth, t, level(3)) == third


@pytest.mark.parametrize(("truth", "t"), [(0.6, 0.5), (0.999, 0.98), (0.3, 0.2)])
def test_from_there_on_the_power_stays(truth: float, t: float) -> None:
    """Every size up to twice as many examples, by scipy alone."""
    n = examples_needed(truth, t, 0.025)
    short = []
    for size in range(n // 2, 2 * n):
        least = int(binom.isf(0.025, size, t)) + 1
        if least > size or binom.sf(least - 1, size, truth) < 0.8:
            short.append(size)
    assert max(short) == n - 1


def test_what_the_truth_does_not_exceed_takes_no_number_of_examples() -> None:
    assert examples_needed(0.9, 0.9, 0.025) is None
    assert examples_needed(0.85, 0.9, 0.025) is None


def test_fifty_examples_can_show_080() -> None:
    assert showable(50, level(1)) == 0.80
    assert showable(200, level(1)) == 0.85
    assert showable(400, level(1)) == 0.90
    assert showable(3, level(1)) is None


def test_what_cannot_be_planned_is_a_user_error() -> None:
    for t in (0.0, 1.0, 95.0):
        with pytest.raises(UserError, match="cannot be planned"):
            successes_needed(100, t, 0.025)
    for a in (0.0, 0.5):
        with pytest.raises(UserError, match="level"):
            examples_needed(0.95, 0.9, a)
    with pytest.raises(UserError, match="0 examples"):
        successes_needed(0, 0.9, 0.025)
