"""Measure, the class that suites write gates with."""

from __future__ import annotations

import numpy as np
import pytest

from goldgate.base.errors import UserError
from goldgate.measures import Measure, Recording, recording


def right(k: int, n: int, name: str = "exact_match", **more) -> Measure:
    return Measure([1.0] * k + [0.0] * (n - k), name=name, **more)


def test_value_n_and_interval() -> None:
    m = right(47, 50)
    assert (m.value, m.n, m.missing, m.bounds) == (0.94, 50, 0, (0.0, 1.0))
    low, high = m.interval()
    assert (low, high) == pytest.approx((0.8345, 0.9875), abs=1e-4)  # Clopper-Pearson, from any table
    wide = m.interval(0.99)
    assert wide[0] < low < high < wide[1]


def test_repr_says_estimate_interval_and_n() -> None:
    assert repr(right(47, 50)) == "exact_match 0.94 (0.8345 to 0.9875, n = 50)"
    assert repr(right(47, 50).plausible) == "exact_match 0.94 (0.8345 to 0.9875, n = 50) plausible"


def test_a_missing_answer_is_worst_for_passing_and_best_for_failing() -> None:
    m = Measure([1.0] * 40 + [None] * 10)
    assert (m.value, m.missing, m.n) == (1.0, 10, 50)
    assert m.interval()[0] == pytest.approx(right(40, 50).interval()[0])
    assert m.interval()[1] == 1.0
    assert (m >= 0.9).outcome == "undecided"
    low = Measure([0.0] * 40 + [None] * 10)
    assert (low <= 0.1).outcome == "undecided"
    assert low.interval()[1] == pytest.approx(right(10, 50).interval()[1])


def test_where_every_answer_is_missing_nothing_is_shown() -> None:
    for better, value in (("high", 0.0), ("low", 1.0)):
        m = Measure([None] * 30, better=better)
        assert (m.value, m.interval()) == (value, (0.0, 1.0))
        assert (m >= 0.5).outcome == (m <= 0.5).outcome == "undecided"


def test_in_a_difference_each_side_is_missing_on_its_own() -> None:
    a = Measure([1.0, None, 0.0], bounds=(0.0, 1.0))
    b = Measure([None, 0.5, 0.0], bounds=(0.0, 2.0))
    e = (a - b).evidence
    assert e.low.tolist() == [-1.0, -0.5, 0.0]
    assert e.high.tolist() == [1.0, 0.5, 0.0]
    assert e.bounds == (-2.0, 1.0)
    assert (e.lost, e.estimate) == (2, 0.0)


def test_a_difference_is_paired_by_id_not_by_place() -> None:
    a = Measure([1.0, 0.5, 0.0], ids=["x", "y", "z"])
    b = Measure([0.0, 1.0, 0.5], ids=["z", "x", "y"])
    assert (a - b).evidence.low.tolist() == [0.0, 0.0, 0.0]
    assert (a - b).name == "measure - measure"


def test_a_paired_difference_is_tighter_than_two_apart() -> None:
    a, b = right(80, 100), right(70, 100)
    low, high = (a - b).interval()
    assert low > a.interval()[0] - b.interval()[1]
    assert high < a.interval()[1] - b.interval()[0]


def test_different_examples_cannot_be_compared() -> None:
    a, b = Measure([1.0, 0.0], ids=["x", "y"]), Measure([1.0, 0.0], ids=["x", "z"], name="other")
    for compare in (lambda: a - b, lambda: a <= b, lambda: a >= 0.5 * b):
        with pytest.raises(UserError, match=r"different examples \(2 of them, first y\)"):
            compare()
    with pytest.raises(UserError, match="group their examples differently"):
        Measure([1.0], groups=["g"]) - Measure([1.0])


def test_a_multiple_scales_values_and_bounds() -> None:
    m = 0.5 * Measure([1.0, 3.0, None], bounds=(0.0, 4.0), name="cost")
    assert (m.name, m.bounds, m.value) == ("0.5 * cost", (0.0, 2.0), 1.0)
    turned = Measure([1.0, 3.0, None], bounds=(0.0, 4.0)) * -1
    assert turned.bounds == (-4.0, 0.0)
    assert turned.evidence.low.tolist() == [-1.0, -3.0, -4.0]
    assert turned.evidence.high.tolist() == [-1.0, -3.0, 0.0]
    for factor in (0, float("inf"), float("nan")):
        with pytest.raises(UserError, match="cannot be multiplied"):
            factor * m
    for factor in ("2", True, m):
        with pytest.raises(TypeError):
            factor * m


@pytest.mark.parametrize(("op", "sign"), [("<=", 1), (">=", -1)])
def test_a_ratio_gate_is_a_paired_difference_against_zero(op: str, sign: int) -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(80, 160, 200)
    a = Measure((base * 0.3).tolist(), bounds=(0, 200), name="cost", better="low")
    b = Measure(base.tolist(), bounds=(0, 200), name="prompted.cost", better="low")
    v = a <= 0.5 * b if op == "<=" else a >= 0.5 * b
    by_hand = (0.5 * b - a if op == "<=" else a - 0.5 * b).verdict(">=", 0)
    assert v.gate == v.metric == f"cost {op} 0.5 * prompted.cost"
    assert (v.op, v.threshold, v.p, v.bounds) == (">=", 0.0, by_hand.p, by_hand.bounds)
    assert v.estimate == pytest.approx(sign * 0.2 * base.mean())
    assert bool(v) is (op == "<=")


def test_on_takes_the_examples_of_a_tag_or_of_any_tag() -> None:
    m = Measure([1.0, 0.0, 0.5, None], tags=[["a"], ["b"], ["a", "b"], []], name="acc")
    assert (m.on("a").value, m.on("a").n, m.on("a").name) == (0.75, 2, "acc[a]")
    assert (m.on(["a", "b"]).n, m.on(["a", "b"]).name) == (3, "acc[2 tags]")
    assert m.on("a").on("b").evidence.ids == ("3",)
    with pytest.raises(UserError, match='has the tag "aa"') as error:
        m.on("aa")
    assert 'did you mean "a"?' in str(error.value)
    with pytest.raises(UserError, match="no example has the tag"):
        m.on([])


def test_a_slice_of_groups_keeps_its_groups_and_the_largest_possible_one() -> None:
    m = Measure([1.0] * 6, groups=["g", "g", "h", "h", None, None], tags=[["t"]] * 5 + [[]], max_group=4)
    s = m.on("t")
    assert s.evidence.groups == ("g", "g", "h", "h", "=5")
    assert s.interval()[0] == pytest.approx(0.0, abs=0.2)
    assert s.interval()[0] < Measure([1.0] * 5).interval()[0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_value_that_is_no_value_names_its_example(value: float) -> None:
    with pytest.raises(UserError, match=r"acc: the value of example inv-7 is .*, not between 0 and 1"):
        Measure([0.5, value], ids=["inv-6", "inv-7"], name="acc")


def test_rounding_just_over_a_bound_is_forgiven() -> None:
    assert Measure([1.0 + 1e-12, -1e-12]).evidence.high.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"values": []}, "there are no examples"),
        ({"values": [1.0], "ids": ["a", "b"]}, "1 values but 2 ids"),
        ({"values": [1.0, 0.0], "ids": ["a", "a"]}, "an id occurs twice"),
        ({"values": [1.0], "groups": []}, "1 values but 0 groups"),
        ({"values": [1.0], "tags": []}, "1 values but 0 tags"),
        ({"values": [1.0], "bounds": (1.0, 1.0)}, "bounds 1 to 1 are not a range"),
        ({"values": [1.0], "bounds": (0.0, float("inf"))}, "are not a range"),
    ],
)
def test_broken_measures_are_user_errors(arguments: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Measure(**arguments)


@pytest.mark.parametrize("m", [right(9, 10), right(9, 10).plausible], ids=["measure", "reading"])
def test_only_ge_and_le_are_gates(m) -> None:
    for use, said in (
        (lambda: m > 0.5, "write >= instead of >"),
        (lambda: m < 0.5, "write <= instead of <"),
        (lambda: m == 0.5, "never equal"),
        (lambda: m != 0.5, "never equal"),
        (lambda: bool(m), "alone is not a gate"),
        (lambda: not m, "alone is not a gate"),
    ):
        with pytest.raises(UserError) as error:
            use()
        assert said in str(error.value)


def test_a_reflected_comparison_is_the_same_gate() -> None:
    m = right(99, 100)
    assert (0.9 <= m).gate == "exact_match >= 0.90"  # noqa: SIM300 - that is the rule
    assert bool(0.9 <= m <= 1.0)


def test_a_threshold_must_be_a_number_in_range() -> None:
    m = right(9, 10)
    for t in ("0.9", None, True, float("nan")):
        with pytest.raises(UserError, match="can be compared with a number"):
            _ = m >= t
    with pytest.raises(UserError, match="cannot be compared with 95"):
        _ = m >= 95


def test_the_other_measures_reading_counts_too() -> None:
    a, b = right(8, 10, "a"), right(8, 10, "b")
    assert (a >= b.plausible).reading == "plausible"
    assert (a.observed >= b).reading == "observed"


def test_verdict_looks_without_recording() -> None:
    seen = []
    m = right(99, 100)
    with recording(Recording(record=lambda v, e: seen.append((v, e)))):
        assert m.verdict(">=", 0.9)
        assert m.verdict(">=", 0.9, "observed").reading == "observed"
        assert seen == []
        v = m >= 0.9
    assert [s[0] for s in seen] == [v]
    assert seen[0][1] is m
    with pytest.raises(UserError, match='no comparison ">"'):
        m.verdict(">", 0.9)
    with pytest.raises(UserError, match="there is no reading"):
        m.verdict(">=", 0.9, "plausibel")
