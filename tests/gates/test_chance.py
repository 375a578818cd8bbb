"""The levels of looks, gate records, and the chance of passing golden estimated from dev."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from scipy.stats import betabinom

from goldgate.base.errors import UserError
from goldgate.gates import GateRecord, chance_of_passing
from goldgate.ledger import level
from goldgate.measures import Measure, Recording, invalid, macro_f1, recording


def records(*gates) -> list[GateRecord]:
    """Records of gates as on dev, where every gate is read as observed."""
    made: list[GateRecord] = []
    with recording(Recording(force="observed", record=lambda v, m: made.append(GateRecord.of(v, m, "t.py::t")))):
        for gate in gates:
            gate()
    return made


def rate(k: int, n: int, **more) -> Measure:
    return Measure([1.0] * k + [0.0] * (n - k), **more)


def test_every_look_has_half_the_level_of_the_one_before() -> None:
    assert [level(j) for j in (1, 2, 3)] == [0.025, 0.0125, 0.00625]
    assert level(1, 0.1) == 0.05
    assert sum(level(j) for j in range(1, 60)) <= 0.05
    for number, error in ((0, 0.05), (1, 0.0), (1, 0.5)):
        with pytest.raises(UserError):
            level(number, error)


def test_the_chance_of_one_rate_gate_is_beta_binomial() -> None:
    """Dirichlet weights on 0/1 values are a beta rate with Jeffreys' prior; the share with 189 of 200 follows."""
    for right in (92, 97, 100):
        chance = chance_of_passing(records(lambda k=right: rate(k, 100) >= 0.9), 200, 0.025)
        assert chance == pytest.approx(betabinom.sf(188, 200, right + 0.5, 100.5 - right), abs=0.035)


def test_it_is_the_written_reading_that_counts_not_the_one_of_dev() -> None:
    shown, plausible, observed = (
        chance_of_passing(records(gate), 200, 0.025)
        for gate in (
            lambda: rate(92, 100) >= 0.9,
            lambda: rate(92, 100).plausible >= 0.9,
            lambda: rate(92, 100).observed >= 0.9,
        )
    )
    assert shown < observed < plausible
    assert observed == pytest.approx(0.75, abs=0.1)


def test_a_later_look_is_harder_to_pass() -> None:
    gates = records(lambda: rate(96, 100) >= 0.9)
    chances = [chance_of_passing(gates, 200, level(j)) for j in (1, 3, 10)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > chances[2]


def test_gates_pass_together_or_not_at_all() -> None:
    """Two gates on the same values pass together; if they fail on different examples, less often than either alone."""
    a = rate(95, 100)
    b = Measure(a.evidence.low[::-1].tolist())
    one = chance_of_passing(records(lambda: a >= 0.9), 200, 0.025)
    same = chance_of_passing(records(lambda: a >= 0.9, lambda: a >= 0.9), 200, 0.025)
    apart = chance_of_passing(records(lambda: a >= 0.9, lambda: b >= 0.9), 200, 0.025)
    assert same == one
    assert apart < one - 0.05


def test_a_gate_of_graded_values_agrees_with_the_one_of_counts() -> None:
    """Values 0 and 1 with wider bounds use the general computation, which gives a slightly wider interval."""
    counts = chance_of_passing(records(lambda: rate(95, 100) >= 0.9), 200, 0.025)
    nudged = [1.0] * 95 + [0.0] * 4 + [1e-6]
    graded = chance_of_passing(records(lambda: Measure(nudged) >= 0.9), 200, 0.025)
    assert graded == pytest.approx(counts, abs=0.01)


def test_cost_gates_count_too() -> None:
    tokens = Measure([100.0 + i for i in range(100)], bounds=(0, 500), better="low")
    assert chance_of_passing(records(lambda: tokens <= 200), 200, 0.025) == 1.0
    assert chance_of_passing(records(lambda: tokens <= 150), 200, 0.025) < 0.05


def test_a_threshold_that_cannot_be_missed_never_lowers_the_chance() -> None:
    for gate in (lambda: rate(3, 100) >= 0, lambda: rate(97, 100) <= 1, lambda: rate(3, 100).plausible >= 0):
        assert chance_of_passing(records(gate), 200, 0.025) == 1.0


def test_a_slice_has_its_own_examples_and_none_is_no_pass() -> None:
    tags = [["rare"]] * 2 + [[]] * 98
    m = Measure([1.0] * 100, tags=tags)
    whole, rare = records(lambda: m >= 0.8, lambda: m.on("rare").plausible >= 0.8)
    assert chance_of_passing([whole], 40, 0.025) > 0.98
    assert 0.3 < chance_of_passing([whole, rare], 40, 0.025) < 0.75  # 40 examples often contain neither of the two


def test_missing_answers_count_as_worst_for_passing() -> None:
    lost = Measure([1.0] * 90 + [None] * 10)
    assert chance_of_passing(records(lambda: lost >= 0.9), 200, 0.025) < 0.2
    assert chance_of_passing(records(lambda: lost.plausible >= 0.95), 200, 0.025) < 0.5
    assert chance_of_passing(records(lambda: lost.plausible >= 0.85), 200, 0.025) > 0.9


def test_groups_are_drawn_whole() -> None:
    values = [1.0] * 90 + [0.0] * 10
    alone = chance_of_passing(records(lambda: Measure(values) >= 0.8), 200, 0.025)
    clumped = Measure(values, groups=[str(i // 10) for i in range(100)], max_group=10)
    assert chance_of_passing(records(lambda: clumped >= 0.8), 200, 0.025) < alone - 0.3


def test_the_largest_group_that_may_occur_counts() -> None:
    values, groups = [1.0] * 97 + [0.0] * 3, [str(i // 2) for i in range(100)]
    small, large = (
        chance_of_passing(records(lambda m=most: Measure(values, groups=groups, max_group=m) >= 0.9), 200, 0.025)
        for most in (2, 10)
    )
    assert large < small - 0.2


def test_an_invalid_gate_leaves_no_chance() -> None:
    good = records(lambda: rate(100, 100) >= 0.5)
    broken = GateRecord.bare(invalid("g", "broken"), "t.py::t")
    assert chance_of_passing(good, 200, 0.025) == 1.0
    assert chance_of_passing([*good, broken], 200, 0.025) == 0.0
    with pytest.raises(UserError, match="no gates"):
        chance_of_passing([], 200, 0.025)


def test_the_same_seed_gives_the_same_chance() -> None:
    gates = records(lambda: rate(96, 100) >= 0.9)
    assert chance_of_passing(gates, 200, 0.025, seed=3) == chance_of_passing(gates, 200, 0.025, seed=3)
    assert chance_of_passing(gates, 200, 0.025, seed=3) != chance_of_passing(gates, 200, 0.025, seed=4)


def test_a_record_survives_json() -> None:
    m = Measure([1.0, None, 0.5], ids=["a", "b", "c"], groups=["g", "g", None], max_group=2)
    (record,) = records(lambda: m >= 0.5)
    assert GateRecord.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False))) == record
    assert record.values == {"a": (1.0, 1.0), "b": (0.0, 1.0), "c": (0.5, 0.5)}
    assert record.groups["a"] == record.groups["b"] != record.groups["c"]
    assert (record.verdict.reading, record.verdict.written) == ("observed", "shown")


def general(wrong: int) -> GateRecord:
    """A gate on general questions with the given number of wrong answers."""
    ids = [f"general:{i}" for i in range(100)]
    measure = Measure([float(i >= wrong) for i in range(100)], ids=ids)
    return GateRecord.of(measure.verdict(">=", 0.8), measure, "item")


def test_general_questions_are_no_sample_of_golden() -> None:
    dev = Measure([1.0] * 55 + [0.0] * 5)
    gate = GateRecord.of(dev.verdict(">=", 0.8), dev, "item")
    alone = chance_of_passing([gate], 200, 0.025)
    assert chance_of_passing([gate, general(0)], 200, 0.025) == alone
    assert chance_of_passing([general(0)], 5, 0.025) == 1.0


def test_a_general_gate_says_on_golden_what_it_says_on_dev_at_the_level_of_the_look() -> None:
    gate = general(11)
    assert gate.verdict.p is not None
    assert chance_of_passing([gate], 50, gate.verdict.p * 1.01) == 1.0
    assert chance_of_passing([gate], 50, gate.verdict.p * 0.99) == 0.0
    assert GateRecord.from_json(gate.to_json()) == gate
    assert gate.fixed


def test_an_approximate_general_gate_is_decided_by_its_own_estimate() -> None:
    for given, chance in ((["a", "b"], 1.0), (["b", "a"], 0.0)):
        measure = macro_f1(["a", "b"] * 15, given * 15, labels=["a", "b"])
        gate = replace(GateRecord.of(measure.verdict(">=", 0.5), measure, "item"), fixed=True)
        assert chance_of_passing([gate], 10, 0.01) == chance
