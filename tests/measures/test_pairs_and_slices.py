"""Paired differences compare the same examples, and slices add up to the whole."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.measures import Measure

unit = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 1000).map(lambda k: k / 1000))
maybe = st.one_of(st.none(), unit)
pairs = st.lists(st.tuples(unit, unit), min_size=1, max_size=10)
loose_pairs = st.lists(st.tuples(maybe, maybe), min_size=1, max_size=10)
tags = st.sets(st.sampled_from("abc"))
SLACK = 1e-8


def both(rows: list[tuple[float | None, float | None]]) -> tuple[Measure, Measure]:
    return Measure([a for a, _ in rows], name="ours"), Measure([b for _, b in rows], name="theirs")


@given(loose_pairs)
@settings(deadline=None, max_examples=40)
def test_a_difference_turned_round_is_its_mirror_image(rows: list[tuple[float | None, float | None]]) -> None:
    a, b = both(rows)
    low, high = (a - b).interval()
    assert (b - a).interval() == pytest.approx((-high, -low), abs=SLACK)
    assert (a - b).missing == (b - a).missing == sum(x is None or y is None for x, y in rows)


@given(pairs)
@settings(deadline=None, max_examples=40)
def test_the_mean_difference_is_the_difference_of_the_means(rows: list[tuple[float, float]]) -> None:
    a, b = both(list(rows))
    assert (a - b).value == pytest.approx(a.value - b.value, abs=1e-12)
    assert (a - b).bounds == (-1.0, 1.0)


@given(pairs, st.permutations(range(10)))
@settings(deadline=None, max_examples=30)
def test_examples_are_paired_by_id_whatever_their_order(rows: list[tuple[float, float]], order: list[int]) -> None:
    ids = [f"e{i}" for i in range(len(rows))]
    kept = [i for i in order if i < len(rows)]
    a = Measure([x for x, _ in rows], ids=ids)
    b = Measure([y for _, y in rows], ids=ids)
    shuffled = Measure([rows[i][1] for i in kept], ids=[ids[i] for i in kept])
    assert (a - shuffled).interval() == (a - b).interval()
    assert (a - shuffled).value == (a - b).value


@given(st.lists(maybe, min_size=1, max_size=10))
@settings(deadline=None, max_examples=30)
def test_an_equal_model_is_never_shown_to_be_better_or_worse(values: list[float | None]) -> None:
    a, b = Measure(values), Measure(values)
    assert (a - b >= 0.0).outcome == (a - b <= 0.0).outcome == "undecided"
    assert a - b >= -1.0
    low, high = (a - b).interval()
    assert low <= 0.0 <= high


@given(pairs, st.sampled_from(["shown", "plausible", "observed"]))
@settings(deadline=None, max_examples=40)
def test_a_gate_between_two_measures_is_one_on_their_difference(rows: list[tuple[float, float]], reading: str) -> None:
    a, b = both(list(rows))
    direct = getattr(a, reading) >= b
    by_hand = getattr(a - b, reading) >= 0.0
    assert (direct.outcome, direct.p, direct.estimate) == (by_hand.outcome, by_hand.p, by_hand.estimate)
    turned = getattr(b, reading) <= a
    assert (turned.outcome, turned.p) == (direct.outcome, direct.p)


@given(pairs, st.floats(0.25, 4.0))
@settings(deadline=None, max_examples=30)
def test_the_unit_of_a_comparison_decides_nothing(rows: list[tuple[float, float]], factor: float) -> None:
    a, b = both(list(rows))
    plain, scaled = a >= b, factor * a >= factor * b
    assume(abs(plain.p - 0.025) > 1e-9)
    assert scaled.outcome == plain.outcome
    assert scaled.p == pytest.approx(plain.p, rel=1e-6, abs=1e-12)


@given(pairs, st.integers(0, 9))
@settings(deadline=None, max_examples=40)
def test_a_better_answer_of_ours_never_hurts_and_of_theirs_never_helps(
    rows: list[tuple[float, float]], place: int
) -> None:
    i = place % len(rows)
    base = (both(list(rows))[0] - both(list(rows))[1]).interval()
    for side, sign in ((0, 1.0), (1, -1.0)):
        changed = [tuple(1.0 if (k, s) == (i, side) else v for s, v in enumerate(row)) for k, row in enumerate(rows)]
        a, b = both(changed)  # type: ignore[arg-type]
        after = (a - b).interval()
        assert sign * after[0] >= sign * base[0] - SLACK
        assert sign * after[1] >= sign * base[1] - SLACK


tagged = st.lists(st.tuples(maybe, tags), min_size=1, max_size=12)


def sliced(rows: list[tuple[float | None, set[str]]]) -> Measure:
    return Measure([v for v, _ in rows], tags=[t for _, t in rows], name="acc")


@given(tagged, st.sampled_from("abc"))
@settings(deadline=None, max_examples=50)
def test_a_slice_is_the_measure_of_its_examples(rows: list[tuple[float | None, set[str]]], tag: str) -> None:
    mine = [v for v, carried in rows if tag in carried]
    if not mine:
        with pytest.raises(UserError, match=f'no example has the tag "{tag}"'):
            sliced(rows).on(tag)
        return
    part, alone = sliced(rows).on(tag), Measure(mine)
    assert (part.n, part.missing, part.value) == (alone.n, alone.missing, alone.value)
    assert part.interval() == alone.interval()
    assert part.name == f"acc[{tag}]"


@given(tagged)
@settings(deadline=None, max_examples=50)
def test_slices_that_share_nothing_add_up_to_the_whole(rows: list[tuple[float | None, set[str]]]) -> None:
    parted = [(v, {"yes"} if carried else {"no"}) for v, carried in rows]
    m = sliced(parted)
    parts = [m.on(t) for t in ("yes", "no") if any(t in carried for _, carried in parted)]
    assert sum(p.n for p in parts) == m.n
    assert sum(p.missing for p in parts) == m.missing
    there = [(p.value, p.n - p.missing) for p in parts if p.n > p.missing]
    if there:
        assert math.fsum(v * n for v, n in there) / sum(n for _, n in there) == pytest.approx(m.value)


@given(tagged)
@settings(deadline=None, max_examples=30)
def test_any_of_several_tags_counts_each_example_once(rows: list[tuple[float | None, set[str]]]) -> None:
    carried = sorted(set().union(*(t for _, t in rows)))
    assume(carried)
    whole = sliced(rows).on(carried)
    assert whole.n == sum(bool(t) for _, t in rows)
    assert len(set(whole.evidence.ids)) == whole.n


@given(st.lists(st.tuples(unit, unit, tags), min_size=1, max_size=10), st.sampled_from("abc"))
@settings(deadline=None, max_examples=40)
def test_a_slice_of_a_difference_is_the_difference_of_slices(
    rows: list[tuple[float, float, set[str]]], tag: str
) -> None:
    assume(any(tag in t for *_, t in rows))
    a = Measure([x for x, _, _ in rows], tags=[t for *_, t in rows])
    b = Measure([y for _, y, _ in rows], tags=[t for *_, t in rows])
    first, second = (a - b).on(tag), a.on(tag) - b.on(tag)
    assert first.evidence.ids == second.evidence.ids
    assert (first.value, first.interval()) == (second.value, second.interval())


@given(st.lists(st.sampled_from("gh"), min_size=2, max_size=10), st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_a_slice_keeps_which_examples_depend_on_each_other(groups: list[str], most: int) -> None:
    half = [["t"] if i % 2 == 0 else [] for i in range(len(groups))]
    m = Measure([1.0] * len(groups), groups=groups, tags=half, max_group=most).on("t")
    assert m.evidence.groups == tuple(groups[::2])
    assert m.evidence.max_group == most


def test_measures_of_different_slices_cannot_be_compared() -> None:
    m = Measure([1.0, 0.0, 1.0], tags=[["a"], ["b"], ["a"]])
    with pytest.raises(UserError, match="different examples"):
        m.on("a") - m
    with pytest.raises(UserError, match="different examples"):
        assert m.on("a") >= m.on("b")


@pytest.mark.parametrize(("ours", "theirs", "passes"), [(50, 100, True), (51, 100, False), (49, 100, True)])
def test_half_the_price_means_half_the_price_of_each_example(ours: float, theirs: float, passes: bool) -> None:
    a = Measure([ours] * 200, bounds=(0, 200), name="cost", better="low")
    b = Measure([theirs] * 200, bounds=(0, 200), name="prompted", better="low")
    assert bool(a.observed <= 0.5 * b) is passes
