"""Properties of measures: worse values never help, missing answers may be anything, and scale does not matter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.measures import Measure, Recording, Verdict, recording

unit = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.integers(0, 1000).map(lambda k: k / 1000))
known = st.lists(unit, min_size=1, max_size=10)
partly = st.lists(st.one_of(st.none(), unit), min_size=1, max_size=10)
thresholds = st.floats(0.05, 0.95)
levels = st.integers(1, 12).map(lambda j: 0.05 / 2**j)
SLACK = 1e-8
RANK = {"fail": 0, "undecided": 1, "pass": 2}


def inside(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
    return outer[0] - SLACK <= inner[0] and inner[1] <= outer[1] + SLACK


def at(level: float, gate: Any) -> Verdict:
    with recording(Recording(level=level)):
        verdict: Verdict = gate()
    return verdict


@given(partly)
@settings(deadline=None, max_examples=40)
def test_estimate_and_interval_stay_within_the_bounds(values: list[float | None]) -> None:
    m = Measure(values)
    low, high = m.interval()
    assert 0.0 <= low <= high <= 1.0
    if m.missing < m.n:
        assert low - SLACK <= m.value <= high + SLACK


@given(partly, st.data())
@settings(deadline=None, max_examples=40)
def test_a_missing_answer_could_be_any_value(values: list[float | None], data: st.DataObject) -> None:
    """Whatever the missing answer would have been, the interval with it is inside the one without it."""
    filled = [data.draw(unit) if v is None else v for v in values]
    assert inside(Measure(filled).interval(), Measure(values).interval())


@given(known, levels, levels)
@settings(deadline=None, max_examples=30)
def test_more_confidence_is_a_wider_interval(values: list[float], one: float, other: float) -> None:
    small, large = sorted((one, other))
    m = Measure(values)
    assert inside(m.interval(1.0 - 2 * large), m.interval(1.0 - 2 * small))


@given(known)
@settings(deadline=None, max_examples=40)
def test_one_more_right_answer_never_lowers_what_is_shown(values: list[float]) -> None:
    before, after = Measure(values).interval(), Measure([*values, 1.0]).interval()
    assert after[0] >= before[0] - SLACK
    worse = Measure([*values, 0.0]).interval()
    assert worse[1] <= before[1] + SLACK


@given(known, st.integers(0, 9), unit)
@settings(deadline=None, max_examples=40)
def test_a_better_answer_moves_both_ends_up(values: list[float], place: int, better: float) -> None:
    i = place % len(values)
    raised = [*values]
    raised[i] = max(values[i], better)
    before, after = Measure(values).interval(), Measure(raised).interval()
    assert after[0] >= before[0] - SLACK
    assert after[1] >= before[1] - SLACK


@given(known, st.floats(0.0, 5.0), st.floats(0.0, 5.0))
@settings(deadline=None, max_examples=30)
def test_a_wider_range_of_possible_values_is_a_wider_interval(values: list[float], down: float, up: float) -> None:
    assert inside(Measure(values).interval(), Measure(values, bounds=(-down, 1.0 + up)).interval())


@given(known, st.integers(1, 6), st.integers(0, 6))
@settings(deadline=None, max_examples=30)
def test_larger_groups_that_may_occur_are_a_wider_interval(values: list[float], size: int, more: int) -> None:
    groups = [str(i // 2) for i in range(len(values))]
    small, large = (Measure(values, groups=groups, max_group=g) for g in (size, size + more))
    assert inside(small.interval(), large.interval())


@given(known, st.floats(0.1, 40.0))
@settings(deadline=None, max_examples=30)
def test_an_interval_scales_with_its_unit(values: list[float], factor: float) -> None:
    low, high = Measure(values).interval()
    scaled = (factor * Measure(values)).interval()
    assert scaled == pytest.approx((factor * low, factor * high), abs=factor * SLACK)
    turned = (-factor * Measure(values)).interval()
    assert turned == pytest.approx((-factor * high, -factor * low), abs=factor * SLACK)


@given(known)
@settings(deadline=None, max_examples=40)
def test_right_and_wrong_are_mirror_images(values: list[float]) -> None:
    low, high = Measure(values).interval()
    mirrored = Measure([1.0 - v for v in values]).interval()
    assert mirrored == pytest.approx((1.0 - high, 1.0 - low), abs=SLACK)


@given(known, thresholds, thresholds, levels)
@settings(deadline=None, max_examples=40)
def test_what_shows_a_threshold_shows_every_lower_one(values: list[float], a: float, b: float, level: float) -> None:
    easy, hard = sorted((a, b))
    m = Measure(values)
    low, high = at(level, lambda: m >= easy), at(level, lambda: m >= hard)
    assert RANK[low.outcome] >= RANK[high.outcome]
    assert low.p <= high.p * (1 + 1e-9)


@given(known, thresholds, levels, levels)
@settings(deadline=None, max_examples=40)
def test_a_later_look_never_passes_what_an_earlier_does_not(values: list[float], t: float, a: float, b: float) -> None:
    strict, lenient = sorted((a, b))
    m = Measure(values)
    assert RANK[at(strict, lambda: m >= t).outcome] <= RANK[at(lenient, lambda: m >= t).outcome]


@given(partly, thresholds, levels)
@settings(deadline=None, max_examples=50)
def test_nothing_is_shown_to_be_both_above_and_below(values: list[float | None], t: float, level: float) -> None:
    m = Measure(values)
    above, below = at(level, lambda: m >= t), at(level, lambda: m <= t)
    assert not (above and below)
    assert (above.outcome == "fail") <= (below.outcome in ("pass", "undecided"))


@given(partly, thresholds)
@settings(deadline=None, max_examples=50)
def test_what_is_shown_is_plausible_too(values: list[float | None], t: float) -> None:
    m = Measure(values)
    if m >= t:
        assert m.plausible >= t
    assert ((m >= t).outcome == "fail") == ((m.plausible >= t).outcome == "fail")


@given(known, thresholds)
@settings(deadline=None, max_examples=50)
def test_a_gate_passes_exactly_where_the_interval_lies_on_its_side(values: list[float], t: float) -> None:
    m = Measure(values)
    low, high = m.interval()
    if abs(low - t) > 1e-6:
        assert bool(m >= t) == (low > t)
    if abs(high - t) > 1e-6:
        assert ((m >= t).outcome == "fail") == (high < t)


@given(partly, st.permutations(range(10)))
@settings(deadline=None, max_examples=30)
def test_order_and_ids_decide_nothing(values: list[float | None], order: list[int]) -> None:
    kept = [i for i in order if i < len(values)]
    shuffled = Measure([values[i] for i in kept], ids=[f"x{i}" for i in kept])
    m = Measure(values)
    assert (shuffled.value, shuffled.interval(), shuffled.missing) == (m.value, m.interval(), m.missing)


@given(known)
@settings(deadline=None, max_examples=20)
def test_groups_of_one_are_no_groups(values: list[float]) -> None:
    alone = Measure(values, groups=[str(i) for i in range(len(values))])
    assert alone.interval() == pytest.approx(Measure(values).interval(), abs=SLACK)
    assert Measure(values, groups=[None] * len(values)).interval() == pytest.approx(alone.interval(), abs=SLACK)


@given(known)
@settings(deadline=None, max_examples=20)
def test_copies_in_one_group_are_no_further_evidence(values: list[float]) -> None:
    """Duplicating every example in a group with its copy does not make the interval tighter."""
    names = [str(i) for i in range(len(values))]
    doubled = Measure([*values, *values], groups=[*names, *names], max_group=2)
    assert doubled.interval() == pytest.approx(Measure(values).interval(), abs=SLACK)


@given(partly, thresholds, st.sampled_from(["shown", "plausible", "observed"]))
@settings(deadline=None, max_examples=40)
def test_a_verdict_carries_the_evidence_that_it_was_given_on(
    values: list[float | None], t: float, reading: Any
) -> None:
    m = Measure(values, name="acc")
    verdict = m.verdict(">=", t, reading)
    assert (verdict.n, verdict.missing, verdict.estimate) == (m.n, m.missing, m.value)
    assert (verdict.low, verdict.high) == m.interval()
    assert bool(verdict) == (verdict.outcome == "pass")
    assert verdict.message.startswith("acc")
    assert f"n = {m.n}" in verdict.message


@pytest.mark.parametrize("n", [1, 2, 10, 71, 72, 1000])
def test_only_perfect_answers_in_number_show_a_high_threshold(n: int) -> None:
    assert bool(Measure([1.0] * n) >= 0.95) == (n >= 72)


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1e12])
def test_bounds_of_any_size_give_an_interval_within_them(size: float) -> None:
    m = Measure([0.0, size / 2, size], bounds=(0.0, size))
    low, high = m.interval()
    unit_low, unit_high = Measure([0.0, 0.5, 1.0]).interval()
    assert (low / size, high / size) == pytest.approx((unit_low, unit_high), abs=1e-7)
