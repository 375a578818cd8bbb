"""The chance of the attempt that dev chose among several."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.gates import GateRecord, chance_as_chosen, chance_of_passing
from goldgate.gates.selection import known_from_all, lead_by_luck
from goldgate.measures import Measure, Recording, Verdict, recording

Gate = Callable[[Measure], Verdict]


def record(values: Sequence[float], gate: Gate = lambda m: m >= 0.9, **more: object) -> list[GateRecord]:
    made: list[GateRecord] = []
    with recording(Recording(force="observed", record=lambda v, m: made.append(GateRecord.of(v, m, "t.py::t")))):
        gate(Measure(values, **more))
    return made


def drawn(rng: np.random.Generator, rate: float, n: int = 100) -> list[float]:
    return [float(x) for x in rng.random(n) < rate]


def test_alone_it_is_the_chance_of_passing() -> None:
    one = record(drawn(np.random.default_rng(0), 0.95))
    assert chance_as_chosen(one, [], 200, 0.025) == chance_of_passing(one, 200, 0.025)


def test_the_luckiest_of_equals_loses_most_of_its_lead() -> None:
    rng = np.random.default_rng(1)
    lead, luck = [], []
    for _ in range(40):
        rows = sorted((drawn(rng, 0.92) for _ in range(5)), key=sum)
        lead.append(np.mean(rows[-1]) - np.mean(rows))
        luck.append(lead_by_luck(record(rows[-1])[0], [record(r) for r in rows[:-1]]))
    assert 0.6 * np.mean(lead) < np.mean(luck) <= np.mean(lead)


def test_equal_attempts_are_known_as_well_as_all_of_them_tell_together() -> None:
    rng = np.random.default_rng(5)
    rows = [record(drawn(rng, 0.92, 400)) for _ in range(5)]
    apart = [record(drawn(rng, rate, 400)) for rate in (0.95, 0.5, 0.2)]
    assert 1.5 < known_from_all(rows[0][0], rows[1:]) <= 5.0
    assert known_from_all(apart[0][0], apart[1:]) == pytest.approx(1.0, abs=0.05)
    assert known_from_all(rows[0][0], [rows[0]]) == 1.0  # what all have in common is not known twice
    assert known_from_all(rows[0][0], []) == 1.0


def test_a_lead_far_beyond_chance_is_kept() -> None:
    rng = np.random.default_rng(2)
    good, poor = drawn(rng, 0.96, 400), drawn(rng, 0.5, 400)
    luck = lead_by_luck(record(good)[0], [record(poor)])
    assert luck < 0.02 * (np.mean(good) - np.mean(poor))


def test_attempts_that_answer_alike_do_not_choose_by_luck() -> None:
    same = drawn(np.random.default_rng(3), 0.92)
    assert lead_by_luck(record(same)[0], [record(same), record(same)]) == 0.0


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_the_correction_is_never_in_the_candidates_favour(seed: int, rivals: int) -> None:
    rng = np.random.default_rng(seed)
    best, *others = (record(drawn(rng, 0.93, 60)) for _ in range(rivals + 1))
    assert lead_by_luck(best[0], others) >= 0.0
    assert chance_as_chosen(best, others, 100, 0.025, draws=100) <= chance_of_passing(best, 100, 0.025, draws=100)


def test_lower_is_better_where_the_gate_says_so() -> None:
    rng = np.random.default_rng(4)
    few, many = ([1.0 - x for x in drawn(rng, rate)] for rate in (0.99, 0.96))
    gate: Gate = lambda m: m <= 0.1  # noqa: E731
    assert lead_by_luck(record(few, gate)[0], [record(many, gate)]) > 0.0
    assert lead_by_luck(record(many, gate)[0], [record(few, gate)]) == 0.0


def test_only_the_same_gate_on_the_same_examples_is_compared() -> None:
    rng = np.random.default_rng(5)
    one, other = drawn(rng, 0.99), drawn(rng, 0.9)
    assert lead_by_luck(record(one)[0], [record(other, lambda m: m >= 0.8)]) == 0.0
    assert lead_by_luck(record(one)[0], [record(other[:50])]) == 0.0
    assert lead_by_luck(record(one)[0], [record(other)]) > 0.0


@pytest.mark.parametrize(("right", "least", "most"), [(24, 0.3, 0.5), (240, 0.85, 0.97)])
def test_a_perfect_dev_is_not_certain_and_a_larger_one_says_more(right: int, least: float, most: float) -> None:
    perfect = record([1.0] * right, lambda m: m >= 0.95)
    assert least < chance_of_passing(perfect, 100, 0.025) < most
