"""Verdicts: pass, fail and undecided under the three readings, and how they are recorded."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.measures import Measure, Recording, Verdict, current, invalid, recording

RANK = {"fail": 0, "undecided": 1, "pass": 2}


def right(k: int, n: int) -> Measure:
    return Measure([1.0] * k + [0.0] * (n - k), name="exact_match")


@pytest.mark.parametrize(
    ("k", "t", "outcome"),
    [
        (189, 0.90, "pass"),
        (188, 0.90, "undecided"),
        (172, 0.90, "undecided"),
        (171, 0.90, "undecided"),
        (170, 0.90, "fail"),
        (200, 0.98, "pass"),
        (199, 0.98, "undecided"),
        (200, 0.99, "undecided"),
    ],
)
def test_shown_passes_fails_or_is_undecided(k: int, t: float, outcome: str) -> None:
    assert (right(k, 200) >= t).outcome == outcome
    assert bool(right(k, 200) >= t) is (outcome == "pass")


def test_at_most_mirrors_at_least() -> None:
    for k in (0, 3, 4, 10, 17, 30):
        up, down = right(200 - k, 200) >= 0.95, right(k, 200) <= 0.05
        assert up.outcome == down.outcome
        assert up.p == pytest.approx(down.p, rel=1e-9)


@pytest.mark.parametrize(("number", "least"), [(1, 189), (3, 191), (5, 192), (10, 195)])
def test_a_later_look_asks_for_more(number: int, least: int) -> None:
    with recording(Recording(level=0.05 / 2**number)):
        assert right(least, 200) >= 0.9
        assert (right(least - 1, 200) >= 0.9).outcome == "undecided"


def test_failing_is_at_two_and_a_half_percent_at_every_look() -> None:
    for level in (0.025, 0.05 / 2**10):
        with recording(Recording(level=level)):
            assert (right(170, 200) >= 0.9).outcome == "fail"
            assert (right(171, 200) >= 0.9).outcome == "undecided"


def test_plausible_passes_until_the_opposite_is_shown() -> None:
    assert right(5, 8).plausible >= 0.8
    v = right(3, 8).plausible >= 0.8
    assert v.outcome == "fail"
    assert v.gate == "exact_match.plausible >= 0.80"


def test_observed_goes_by_the_estimate_alone() -> None:
    assert right(8, 10).observed >= 0.8
    assert (right(7, 10).observed >= 0.8).outcome == "fail"
    assert Measure([0.1, 0.2, 0.3]).observed >= 0.2  # the sum is 0.6000000000000001
    assert Measure([0.1, 0.2, 0.3]).observed <= 0.2


def test_observed_counts_missing_answers_as_worst() -> None:
    m = Measure([1.0] * 9 + [None])
    assert (m.observed >= 0.95).outcome == "fail"
    assert m.observed >= 0.9
    assert (Measure([0.0] * 9 + [None]).observed <= 0.05).outcome == "fail"


def test_a_threshold_that_cannot_be_missed_passes() -> None:
    for m in (right(0, 5), right(5, 5), Measure([None] * 5)):
        assert (m >= 0.0).p == (m <= 1.0).p == 0.0
        assert m >= 0.0
        assert m.plausible <= 1.0


def test_the_best_value_can_be_refuted_and_met_but_not_shown() -> None:
    assert (right(10, 10) >= 1.0).outcome == "undecided"
    assert (right(9, 10) >= 1.0).outcome == "fail"
    assert right(10, 10).plausible >= 1.0
    assert right(10, 10).observed >= 1.0
    assert (right(1, 10) <= 0.0).outcome == "fail"
    assert right(0, 10).plausible <= 0.0


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1, allow_subnormal=False)), min_size=1, max_size=12),
    st.floats(0.05, 0.95),
    st.sampled_from(["shown", "plausible", "observed"]),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_a_better_answer_never_turns_a_pass_into_less(values, t: float, reading, data) -> None:
    i = data.draw(st.integers(0, len(values) - 1))
    above, below = st.floats(values[i] or 0.0, 1.0), st.floats(0.0, 1.0 if values[i] is None else values[i])
    for op, better in ((">=", above), ("<=", below)):
        improved = [*values]
        improved[i] = data.draw(better)
        before, after = (Measure(v).verdict(op, t, reading) for v in (values, improved))
        # A missing answer counts as best for failing; if it turns out wrong, the opposite may be shown.
        if values[i] is not None or (reading != "plausible" and before.outcome == "pass"):
            assert RANK[after.outcome] >= RANK[before.outcome]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.randoms())
@settings(deadline=None, max_examples=30)
def test_the_order_of_examples_changes_nothing(values, random) -> None:
    shuffled = [*values]
    random.shuffle(shuffled)
    assert Measure(values).verdict(">=", 0.6) == Measure(shuffled).verdict(">=", 0.6)


def test_outside_a_recording_the_level_is_two_and_a_half_percent() -> None:
    v = right(99, 100) >= 0.9
    assert (v.level, v.reading, v.written) == (0.025, "shown", "shown")


def test_a_recording_ends_with_its_block_also_after_an_error() -> None:
    with recording(Recording(level=0.01)):
        assert current().level == 0.01
    with pytest.raises(UserError), recording(Recording(level=0.01)):
        right(1, 2).on("no such tag")
    assert current().level == 0.025


def test_the_suites_default_reading_and_a_gates_own() -> None:
    with recording(Recording(reading="plausible")):
        assert (right(5, 8) >= 0.8).reading == "plausible"
        assert (right(5, 8).shown >= 0.8).outcome == "undecided"


def test_forced_readings_remember_what_was_written() -> None:
    with recording(Recording(force="observed")):
        for m, written in ((right(9, 10), "shown"), (right(9, 10).plausible, "plausible")):
            v = m >= 0.9
            assert (v.reading, v.written, v.outcome) == ("observed", written, "pass")


def test_a_recording_refuses_what_it_does_not_know() -> None:
    for wrong in ({"level": 0.0}, {"level": 0.5}, {"reading": "seen"}, {"force": "seen"}):
        with pytest.raises(UserError):
            Recording(**wrong)


def test_a_verdict_survives_json() -> None:
    for v in (right(9, 10) >= 0.9, invalid("exact_match >= 0.90", "the ledger lacks a look")):
        assert Verdict.from_json(json.loads(json.dumps(v.to_json(), allow_nan=False))) == v


def test_a_broken_verdict_record_is_a_user_error() -> None:
    raw = (right(9, 10) >= 0.9).to_json()
    with pytest.raises(UserError, match="'outcome' is missing or unknown"):
        Verdict.from_json({k: v for k, v in raw.items() if k != "outcome"})
    with pytest.raises(UserError, match="'more' is missing or unknown"):
        Verdict.from_json({**raw, "more": 1})


def test_an_invalid_verdict_does_not_pass_and_says_why() -> None:
    v = invalid("test_format", "the test compared nothing", "compare a measure with a number")
    assert (v.outcome, bool(v), v.n) == ("invalid", False, 0)
    assert v.message == "test_format is invalid: the test compared nothing\n  compare a measure with a number"


def test_a_verdict_cannot_be_changed() -> None:
    v = right(1, 10) >= 0.9
    with pytest.raises(dataclasses.FrozenInstanceError):
        v.outcome = "pass"
