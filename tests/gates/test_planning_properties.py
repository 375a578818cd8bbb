"""Plans in any direction: more is asked of higher thresholds and later looks, and what was planned is what shows it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.gates import examples_needed, showable, successes_needed
from goldgate.gates.planning import LADDER, power
from goldgate.ledger import level
from goldgate.measures import Measure, Recording, recording

sizes = st.integers(1, 300)
rates = st.floats(0.05, 0.99)
looks = st.integers(1, 20)
errors = st.floats(0.001, 0.49)


def need(n: int, t: float, a: float) -> float:
    k = successes_needed(n, t, a)
    return float("inf") if k is None else k


@given(st.integers(1, 60), errors)
def test_the_level_halves_at_every_look(number: int, error: float) -> None:
    assert level(number + 1, error) == level(number, error) / 2
    assert level(1, error) == error / 2


@given(st.integers(1, 200), errors)
def test_all_looks_together_spend_less_than_the_error(many: int, error: float) -> None:
    spent = sum(level(number, error) for number in range(1, many + 1))
    assert spent <= error
    assert spent + level(many, error) == pytest.approx(error)


@pytest.mark.parametrize("number", [0, -1])
def test_looks_count_from_one(number: int) -> None:
    with pytest.raises(UserError, match="no level for look"):
        level(number)


@given(sizes, rates, rates, looks)
@settings(deadline=None)
def test_a_higher_threshold_never_asks_for_fewer_right_answers(n: int, a: float, b: float, number: int) -> None:
    low, high = sorted((a, b))
    assert need(n, low, level(number)) <= need(n, high, level(number))


@given(sizes, rates, looks)
@settings(deadline=None)
def test_a_later_look_never_asks_for_fewer_right_answers(n: int, t: float, number: int) -> None:
    assert need(n, t, level(number)) <= need(n, t, level(number + 1))


@given(sizes, rates, looks)
@settings(deadline=None)
def test_one_more_example_asks_for_at_most_one_more_right_answer(n: int, t: float, number: int) -> None:
    now, then = need(n, t, level(number)), need(n + 1, t, level(number))
    assert then <= now + 1
    assert then >= now or now == float("inf")


@given(sizes, st.floats(0.05, 0.95), st.integers(1, 8))
@settings(deadline=None, max_examples=40)
def test_as_many_as_planned_pass_the_gate_and_one_fewer_does_not(n: int, t: float, number: int) -> None:
    """The plan and the gate are computed in different ways: they have to agree to the answer."""
    k = successes_needed(n, t, level(number))
    with recording(Recording(level=level(number))):
        if k is None:
            assert not Measure([1.0] * n) >= t
            return
        assert Measure([1.0] * k + [0.0] * (n - k)) >= t
        assert not Measure([1.0] * (k - 1) + [0.0] * (n - k + 1)) >= t


@given(sizes, rates, looks)
@settings(deadline=None)
def test_more_are_needed_than_the_threshold_itself(n: int, t: float, number: int) -> None:
    k = successes_needed(n, t, level(number))
    assert k is None or t * n < k <= n


@given(sizes, rates, rates, rates)
@settings(deadline=None)
def test_a_better_model_never_has_a_smaller_chance(n: int, a: float, b: float, t: float) -> None:
    worse, better = sorted((a, b))
    assert 0.0 <= power(n, worse, t, 0.025) <= power(n, better, t, 0.025) + 1e-12 <= 1.0 + 1e-12


@given(sizes, st.floats(0.05, 0.98))
@settings(deadline=None)
def test_a_model_at_the_threshold_passes_at_most_as_often_as_the_level(n: int, t: float) -> None:
    for number in (1, 4):
        assert power(n, t, t, level(number)) <= level(number) * (1 + 1e-9)


@pytest.mark.parametrize(("truth", "t"), [(0.95, 0.8), (0.9, 0.7), (0.99, 0.95)])
def test_later_looks_nearer_truths_and_more_certainty_need_more_examples(truth: float, t: float) -> None:
    first = examples_needed(truth, t, level(1)) or 0
    assert 0 < first <= (examples_needed(truth, t, level(3)) or 0)
    assert first <= (examples_needed(truth - 0.02, t, level(1)) or 0)
    assert first <= (examples_needed(truth, t, level(1), goal=0.95) or 0)


@pytest.mark.parametrize(("truth", "t", "goal"), [(0.95, 0.9, 0.8), (0.9, 0.8, 0.5), (0.97, 0.9, 0.9)])
def test_the_planned_number_has_the_power_and_keeps_it(truth: float, t: float, goal: float) -> None:
    n = examples_needed(truth, t, 0.025, goal)
    assert n is not None
    assert power(n - 1, truth, t, 0.025) < goal
    assert all(power(size, truth, t, 0.025) >= goal for size in range(n, n + 60))


@given(st.integers(1, 500), looks)
@settings(deadline=None, max_examples=40)
def test_what_init_writes_can_be_shown_and_the_next_threshold_cannot(n: int, number: int) -> None:
    t = showable(n, level(number))
    usual = [x for x in LADDER if x < 0.95]
    if t is not None:
        assert power(n, 0.95, t, level(number)) >= 0.8
    higher = usual if t is None else [x for x in usual if x > t]
    assert all(power(n, 0.95, x, level(number)) < 0.8 for x in higher)


@pytest.mark.parametrize("truth", [0.7, 0.9, 0.99])
def test_no_gate_is_written_that_a_model_of_that_quality_would_miss(truth: float) -> None:
    for n in (10, 50, 200, 1000):
        t = showable(n, level(1), truth)
        assert t is None or t < truth
