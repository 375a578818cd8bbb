"""Power analysis compared with exact arithmetic, actual verdicts, and simulation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.gates import GateRecord, can_plan, chance_of_other_verdict, plan_gate
from goldgate.gates.planning import least_right
from goldgate.gates.power import gate_power, reach
from goldgate.gates.tilting import tilted
from goldgate.ledger import level
from goldgate.measures import Measure, Recording, invalid, macro_f1, recording

READINGS = st.sampled_from(["shown", "plausible", "observed"])


def recorded(gate: Callable[[], object], force: str | None = "observed", at: float = 0.025) -> GateRecord:
    """The record of one gate as on dev, or with force=None as on golden."""
    made: list[GateRecord] = []
    with recording(Recording(at, force=force, record=lambda v, m: made.append(GateRecord.of(v, m, "t.py::t")))):
        gate()
    return made[0]


def rate(right: int, n: int, **more: object) -> Measure:
    return Measure([1.0] * right + [0.0] * (n - right), **more)


def tails(n: int, p: Fraction) -> list[Fraction]:
    """P(Binomial(n, p) >= k) for k = 0 .. n, exactly."""
    total, found = Fraction(0), []
    for k in range(n, -1, -1):
        total += comb(n, k) * p.numerator**k * (p.denominator - p.numerator) ** (n - k)
        found.append(total / p.denominator**n)
    return found[::-1]


def exact_right(n: int, t: Fraction, a: Fraction) -> int | None:
    return next((k for k, tail in enumerate(tails(n, t)) if tail <= a), None)


# The tables of the statistics page


@pytest.mark.parametrize("t", ["0.80", "0.90", "0.95", "0.98", "0.99"])
def test_right_answers_needed_are_those_of_exact_arithmetic(t: str) -> None:
    page = {
        "0.80": (20, 46, 89, 172, 336),
        "0.90": (None, 50, 96, 189, 372),
        "0.95": (None, None, 100, 197, 389),
        "0.98": (None, None, None, 200, 398),
        "0.99": (None, None, None, None, 400),
    }
    for n, there in zip((20, 50, 100, 200, 400), page[t], strict=True):
        assert exact_right(n, Fraction(t), Fraction("0.025")) == there
        assert least_right(n, float(t), level(1), "shown") == there


@pytest.mark.parametrize(("truth", "t", "first", "third"), [("0.9", "0.8", 113, 158), ("0.97", "0.9", 114, 163)])
def test_sizes_for_power_are_those_of_exact_arithmetic(truth: str, t: str, first: int, third: int) -> None:
    """The power is under 0.8 just below the size and at least 0.8 from it on, up to half as many more."""
    gate = recorded(lambda: rate(9, 10) >= float(t))
    for number, size in ((1, first), (3, third)):
        assert plan_gate(gate, 100, level(number), float(truth)).examples == size
        a = Fraction(1, 20) / 2**number
        for n in (size - 1, *range(size, size + size // 2, 3)):
            right = exact_right(n, Fraction(t), a)
            enough = right is not None and tails(n, Fraction(truth))[right] >= Fraction(4, 5)
            assert enough == (n >= size), n


def test_what_a_plausible_gate_catches_is_what_the_statistics_page_says() -> None:
    gate = recorded(lambda: rate(18, 20).plausible >= 0.80)
    assert 1.0 - gate_power(gate, 12, 0.025, 0.5) == pytest.approx(0.61, abs=0.005)
    assert 1.0 - gate_power(gate, 20, 0.025, 0.5) == pytest.approx(0.75, abs=0.005)


# Counts


@given(st.integers(1, 40), st.integers(0, 20), READINGS, st.booleans(), st.sampled_from([0.025, 0.003]))
@settings(max_examples=60, deadline=None)
def test_so_many_right_answers_pass_and_one_fewer_do_not(n: int, k: int, reading: str, up: bool, a: float) -> None:
    t = k / 20
    plan = plan_gate(recorded(lambda: _gate(rate(1, 2), up, t, reading)), n, a)
    with recording(Recording(a)):
        passing = [k for k in range(n + 1) if rate(k if up else n - k, n).verdict(">=" if up else "<=", t, reading)]
    assert passing == ([] if plan.right is None else list(range(plan.right, n + 1)))
    assert plan.possible == bool(passing)
    assert plan.sure == (len(passing) == n + 1)


def _gate(measure: Measure, up: bool, t: float, reading: str) -> object:
    read = getattr(measure, reading)
    return read >= t if up else read <= t


def test_power_and_flips_are_the_binomials() -> None:
    plan = plan_gate(recorded(lambda: rate(97, 100) >= 0.90), 200, level(1))
    assert (plan.truth, plan.right) == (0.97, 189)
    assert plan.power == pytest.approx(float(tails(200, Fraction(97, 100))[189]), rel=1e-9)
    assert plan.flips == pytest.approx(2 * plan.power * (1 - plan.power))


def test_a_gate_from_above_mirrors_one_from_below() -> None:
    up = plan_gate(recorded(lambda: rate(97, 100) >= 0.90), 200, level(2))
    down = plan_gate(recorded(lambda: rate(3, 100) <= 0.10), 200, level(2))
    assert (down.right, down.examples) == (up.right, up.examples)
    assert down.power == pytest.approx(up.power, rel=1e-9)


def test_what_the_truth_does_not_exceed_takes_no_number_of_examples() -> None:
    gate = recorded(lambda: rate(90, 100) >= 0.90)
    assert plan_gate(gate, 200, level(1)).examples is None
    assert plan_gate(gate, 200, level(1), 0.95).examples == 255
    assert plan_gate(recorded(lambda: rate(10, 10) >= 1.0), 200, level(1)).possible is False


def test_missing_answers_count_as_worst() -> None:
    lost = Measure([1.0] * 90 + [None] * 10)
    assert plan_gate(recorded(lambda: lost >= 0.80), 100, 0.025).truth == 0.9
    assert plan_gate(recorded(lambda: lost <= 0.80), 100, 0.025).truth == 1.0


def test_a_plausible_gate_fails_at_the_truth_that_is_told() -> None:
    gate = recorded(lambda: rate(18, 20).plausible >= 0.80)
    plan = plan_gate(gate, 30, 0.025)
    assert plan.examples is None
    assert gate_power(gate, 30, 0.025, plan.refutes) <= 0.2 < gate_power(gate, 30, 0.025, plan.refutes + 0.01)
    assert plan_gate(gate, 2, 0.025).sure
    assert plan_gate(gate, 2, 0.025).refutes is None


# Graded values, differences, groups


@given(
    st.integers(1, 30),
    st.floats(-0.9, 0.9),
    READINGS,
    st.booleans(),
    st.sampled_from([0.025, 0.003]),
    st.integers(1, 3),
)
@settings(max_examples=80, deadline=None)
def test_a_gate_is_possible_when_the_best_result_passes_and_sure_when_the_worst_does(
    units: int, t: float, reading: str, up: bool, a: float, size: int
) -> None:
    n = units * size
    groups = [str(i // size) for i in range(n)]

    def made(value: float) -> Measure:
        return Measure([value] * n, bounds=(-1.0, 1.0), groups=groups, max_group=size)

    gate = recorded(lambda: _gate(made(0.5), up, t, reading))
    with recording(Recording(a)):
        best, worst = (made(v if up else -v).verdict(">=" if up else "<=", t, reading) for v in (1.0, -1.0))
    assert reach(gate, n, a) == (bool(best), bool(worst))


def test_graded_values_agree_with_counts() -> None:
    counts = recorded(lambda: rate(95, 100) >= 0.90)
    graded = recorded(lambda: Measure([1.0] * 95 + [0.0] * 4 + [1e-6]) >= 0.90)
    for truth in (0.93, 0.95, 0.97):
        exact = gate_power(counts, 200, 0.025, truth)
        assert gate_power(graded, 200, 0.025, truth) == pytest.approx(exact, abs=0.04)
    assert plan_gate(graded, 200, 0.025).examples == pytest.approx(plan_gate(counts, 200, 0.025).examples, rel=0.15)


def test_the_power_of_a_paired_difference_is_the_share_of_golden_sets_that_pass() -> None:
    values = [1.0] * 30 + [0.0] * 65 + [-1.0] * 5
    gate = recorded(lambda: Measure(values, bounds=(-1.0, 1.0)) >= 0.10)
    rng = np.random.default_rng(7)
    passing = sum(
        bool(Measure(rng.choice(values, 80).tolist(), bounds=(-1.0, 1.0)).verdict(">=", 0.10)) for _ in range(400)
    )
    plan = plan_gate(gate, 80, 0.025)
    assert plan.truth == 0.25
    assert plan.power == pytest.approx(passing / 400, abs=0.08)
    assert plan.examples is not None
    assert gate_power(gate, plan.examples, 0.025, 0.25) == pytest.approx(0.8, abs=0.05)


def test_groups_make_a_set_weaker() -> None:
    values = [1.0] * 95 + [0.0] * 5
    alone = plan_gate(recorded(lambda: Measure(values) >= 0.85), 200, 0.025)
    clumped = Measure(values, groups=[str(i // 5) for i in range(100)], max_group=5)
    together = plan_gate(recorded(lambda: clumped >= 0.85), 200, 0.025)
    assert together.power < alone.power - 0.1
    assert together.examples > alone.examples


def test_the_same_question_has_the_same_answer() -> None:
    gate = recorded(lambda: Measure([0.2, 0.7, 0.9, 1.0] * 20) >= 0.5)
    assert plan_gate(gate, 60, 0.025) == plan_gate(gate, 60, 0.025)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.floats(0, 1))
@example([0.0, 1.0, 1.1125369292536007e-308], 2.225073858507203e-309)
@example([0.0, 1.0, 1.0], 1e-13)
@example([0.0, 0.0, 1.0], 1.0 - 1e-13)
@settings(max_examples=80, deadline=None)
def test_tilted_weights_reach_the_truth(values: list[float], share: float) -> None:
    x, sizes = np.array(values), np.ones(len(values))
    truth = float(x.min() + share * (x.max() - x.min()))
    weights = tilted(x, sizes, truth)
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() >= 0.0
    assert weights @ x == pytest.approx(truth, abs=1e-6)


def test_devs_own_mean_leaves_the_examples_equal() -> None:
    assert tilted(np.array([0.0, 0.5, 1.0]), np.ones(3), 0.5).tolist() == [1 / 3] * 3


def test_a_truth_that_dev_never_came_near_is_reached_by_the_end_of_the_range() -> None:
    """Dev is perfect between -1 and 1: a truth of 0.8 is then one value in ten at -1."""
    perfect = recorded(lambda: Measure([1.0] * 50, bounds=(-1.0, 1.0)) >= 0.60)
    assert gate_power(perfect, 100, 0.025, 1.0) == 1.0
    assert gate_power(perfect, 100, 0.025, 0.8) == pytest.approx(float(tails(100, Fraction(9, 10))[89]), abs=0.03)


def test_percentiles_are_planned_as_shares() -> None:
    seconds = Measure([0.1 * i for i in range(100)], bounds=(0.0, 60.0), better="low")
    plan = plan_gate(recorded(lambda: seconds.p50 <= 6.0), 100, 0.025)
    assert plan.is_share
    assert plan.truth == 0.61
    assert plan.right == least_right(100, 0.5, 0.025, "shown")


# Approximate measures


def test_approximate_gates_are_taken_as_normal() -> None:
    expected = ["abc"[i % 3] for i in range(90)]
    answers = ["abc"[(i + (i % 9 == 0)) % 3] for i in range(90)]
    made = macro_f1(expected, answers, labels="abc")
    plans = [plan_gate(recorded(lambda: made >= 0.80), n, 0.025) for n in (50, 200, 800)]
    assert [p.right for p in plans] == [None] * 3
    assert plans[0].power < plans[1].power < plans[2].power
    assert plans[0].examples == pytest.approx(plans[2].examples, rel=0.1)
    assert not plan_gate(recorded(lambda: made >= 0.80), 200, level(8)).possible


# The stability of a verdict


@pytest.mark.parametrize("right", [180, 189, 196])
def test_the_chance_of_another_verdict_is_beta_binomial(right: int) -> None:
    chance = chance_of_other_verdict(recorded(lambda: rate(right, 200) >= 0.90, force=None))
    truth = np.random.default_rng(3).beta(right, 200 - right, 20_000)
    passing = float(np.mean(np.random.default_rng(4).binomial(200, truth) >= 189))
    assert chance == pytest.approx(1.0 - passing if right >= 189 else passing, abs=0.04)


def test_an_invalid_gate_is_not_planned() -> None:
    broken = GateRecord.bare(invalid("g", "broken"), "t.py::t")
    assert not can_plan(broken)
    assert chance_of_other_verdict(broken) is None
    with pytest.raises(UserError, match="no values to plan from"):
        plan_gate(broken, 100, 0.025)


def test_a_sealed_verdict_does_not_say_how_near_it_was() -> None:
    with recording(Recording(sealed=True)):
        sealed = GateRecord.bare(rate(200, 200) >= 0.90, "t.py::t")
    assert chance_of_other_verdict(sealed) is None


def test_what_cannot_be_planned_is_a_user_error() -> None:
    gate = recorded(lambda: rate(9, 10) >= 0.80)
    with pytest.raises(UserError, match="0 examples"):
        plan_gate(gate, 0, 0.025)
    for truth in (95.0, -0.1, float("nan")):
        with pytest.raises(UserError, match="its true value cannot be"):
            plan_gate(gate, 10, 0.025, truth)
