"""Every kind of evidence, tested directly: missing answers, units, groups and pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.measures import Measure, Recording, Use, Verdict, interval, invalid, recording, sample, seconds
from goldgate.measures.binomial import examples_for, fewest_perfect, power
from goldgate.measures.evidence import Mean

values = st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=2, max_size=12)


def mean(*given: float | None, **more) -> Mean:
    evidence = Measure(given, **more).evidence
    assert isinstance(evidence, Mean)
    return evidence


def test_a_missing_answer_makes_a_plausible_gate_harder_on_both_sides() -> None:
    right, lost = [1.0] * 30, [None] * 12
    assert Measure(right + [0.0] * 2).verdict(">=", 0.9, "plausible").outcome == "pass"
    assert Measure(right + lost).verdict(">=", 0.9, "plausible").outcome == "undecided"
    assert Measure([0.0] * 30 + lost).verdict("<=", 0.1, "plausible").outcome == "undecided"
    assert Measure([0.0] * 30 + [1.0] * 2).verdict("<=", 0.1, "plausible").outcome == "pass"


def test_what_is_refuted_counts_missing_answers_at_the_worst() -> None:
    some = mean(1.0, 1.0, 1.0, None)
    wrong, right = mean(1.0, 1.0, 1.0, 0.0), mean(1.0, 1.0, 1.0, 1.0)
    assert some.p_refuted(">=", 0.9) == pytest.approx(wrong.p_fail(">=", 0.9))
    assert some.p_refuted("<=", 0.9) == pytest.approx(right.p_fail("<=", 0.9))
    assert some.p_fail(">=", 0.9) == pytest.approx(right.p_fail(">=", 0.9))
    assert some.p_fail("<=", 0.9) == pytest.approx(wrong.p_fail("<=", 0.9))
    assert (some.p_refuted(">=", 0.0), some.p_refuted("<=", 1.0)) == (1.0, 1.0)
    assert some.p_refuted(">=", 1.0) < 1.0


@pytest.mark.parametrize("level", [0.025, 0.01])
def test_bounds_are_where_the_gate_is_just_shown(level: float) -> None:
    some = mean(1.0, 1.0, 0.0, 1.0, None, 1.0, 0.25)
    low, high = some.bound_for(">=", level), some.bound_for("<=", level)
    assert low < some.worst_for(">=").mean < some.worst_for("<=").mean < high
    assert some.p_pass(">=", low) == pytest.approx(level, rel=1e-6)
    assert some.p_pass("<=", high) == pytest.approx(level, rel=1e-6)


def test_an_interval_leaves_half_of_its_error_on_each_side() -> None:
    some = mean(*[1.0] * 12, *[0.0] * 8)
    assert some.interval(0.9) == pytest.approx((some.bound_for(">=", 0.05), some.bound_for("<=", 0.05)))
    assert interval(sample(some.low, 0.0, 1.0), 0.9) == pytest.approx(some.interval(0.9))
    for level in (0.0, 1.0, 1.5):
        with pytest.raises(UserError, match="must be between 0 and 1"):
            interval(sample(some.low, 0.0, 1.0), level)


@given(values, st.sampled_from([-2.0, -0.5, 0.5, 3.0]))
def test_another_unit_says_the_same(rows: list[float], factor: float) -> None:
    one = mean(*rows, None)
    other = one.times(factor, "scaled")
    assert other.better == ("high" if factor > 0 else "low")
    assert other.times(-1.0, "turned").better == ("low" if factor > 0 else "high")
    assert other.bounds == ((0.0, factor) if factor > 0 else (factor, 0.0))
    assert other.estimate == pytest.approx(factor * one.estimate)
    op = ">=" if factor > 0 else "<="
    assert other.p_pass(op, 0.4 * factor) == pytest.approx(one.p_pass(">=", 0.4))
    assert other.p_fail(op, 0.4 * factor) == pytest.approx(one.p_fail(">=", 0.4))


def test_a_difference_has_the_range_the_pairs_and_the_largest_group_of_both() -> None:
    ours = mean(0.0, 1.0, 1.0, ids=["a", "b", "c"], groups=["x", "x", "y"], max_group=2)
    theirs = mean(5.0, 0.0, 2.0, ids=["c", "a", "b"], groups=["y", "x", "x"], max_group=4, bounds=(-1.0, 7.0))
    gap = ours.minus(theirs, "gap")
    assert gap.bounds == (-7.0, 2.0)
    assert gap.low.tolist() == [0.0, -1.0, -4.0]
    assert (gap.max_group, gap.groups) == (4, ("x", "x", "y"))
    with pytest.raises(UserError, match=r"gap: the two group their examples differently"):
        ours.minus(mean(1.0, 1.0, 1.0, ids=["a", "b", "c"]), "gap")
    with pytest.raises(UserError, match=r"gap: the two group their examples differently"):
        ours.minus(mean(1.0, 1.0, 1.0, ids=["c", "b", "a"], groups=["x", "x", "y"], max_group=2), "gap")
    with pytest.raises(UserError, match=r"gap: the two are measured on different examples \(2 of them, first c\)"):
        ours.minus(mean(1.0, 1.0, 1.0, ids=["a", "b", "d"], groups=["x", "x", "y"], max_group=2), "gap")
    with pytest.raises(UserError, match="gap: the two are measures of different kinds"):
        ours.minus(seconds([1.0, 1.0, 1.0], ids=["a", "b", "c"]).evidence, "gap")


def test_a_percentile_counts_a_missing_answer_at_the_worst_on_either_side() -> None:
    waited = seconds([1.0] * 88 + [9.0] * 4 + [None] * 8).p95.evidence
    assert waited.observed("<=") == waited.bounds[1]
    assert waited.observed(">=") == 1.0
    assert waited.estimate == 1.0
    assert waited.bound_for("<=", 0.025) == waited.bounds[1]
    assert waited.bound_for(">=", 0.025) == 1.0
    assert waited.p_refuted("<=", 5.0) < 0.025 < waited.p_fail("<=", 5.0)
    assert seconds([None, None]).p95.value == waited.bounds[1]
    assert seconds([4.0] * 40 + [None] * 60).p50.evidence.p_pass(">=", 4.0) > 0.5


def test_a_percentile_s_interval_shrinks_with_its_coverage_and_ends_on_values() -> None:
    waits = seconds(np.linspace(1.0, 2.0, 101))
    p50 = waits.p50.evidence
    wide, narrow = p50.interval(), p50.interval(0.5)
    assert wide[0] < narrow[0] < p50.estimate < narrow[1] < wide[1]
    assert p50.interval(0.9) == (p50.bound_for(">=", 0.05), p50.bound_for("<=", 0.05))
    assert set(wide) <= set(np.linspace(1.0, 2.0, 101).tolist())
    assert seconds([1.0, 2.0]).p95.interval() == (1.0, 86_400.0)  # both values are above it with a chance of 1 in 400


def test_a_percentile_keeps_groups_through_slices_and_units() -> None:
    groups = [f"g{i // 10}" for i in range(200)]
    tags = [("a",) if i < 100 else () for i in range(200)]
    apart, together = (
        seconds([1.0] * 190 + [9.0] * 10, groups=g, tags=tags, max_group=m) for g, m in ((None, 1), (groups, 10))
    )
    assert together.p50.verdict("<=", 2.0).p > apart.p50.verdict("<=", 2.0).p
    sliced = together.on("a").p50
    assert sliced.n == 100
    assert sliced.verdict("<=", 2.0).p == pytest.approx(together.p50.on("a").verdict("<=", 2.0).p)
    assert sliced.verdict("<=", 2.0).p > apart.on("a").p50.verdict("<=", 2.0).p
    thousandfold = 1000 * together.p50
    assert thousandfold.value == 1000.0
    assert thousandfold.bounds == (0.0, 86_400_000.0)
    assert thousandfold.verdict("<=", 2000.0).p == together.p50.verdict("<=", 2.0).p
    with pytest.raises(UserError, match="by a negative number"):
        _ = -1 * together.p50


def test_an_invalid_verdict_says_nothing_but_why() -> None:
    verdict = invalid("m >= 0.9", "it is broken", "mend it", 0.0125)
    assert verdict.message == "m >= 0.9 is invalid: it is broken\n  mend it"
    assert invalid("m >= 0.9", "it is broken").message == "m >= 0.9 is invalid: it is broken"
    assert not verdict
    assert (verdict.outcome, verdict.n, verdict.missing, verdict.p, verdict.level) == ("invalid", 0, 0, 1.0, 0.0125)
    assert (verdict.estimate, verdict.low, verdict.high, verdict.bounds) == (0.0, 0.0, 1.0, (0.0, 1.0))
    assert (verdict.op, verdict.reading, verdict.written) == (">=", "shown", "shown")
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_a_verdict_of_the_first_release_is_read() -> None:
    raw = Measure([1.0] * 50).verdict(">=", 0.9).to_json()
    del raw["approximate"]
    assert not Verdict.from_json(raw).approximate
    with pytest.raises(UserError, match="'n' is missing or unknown"):
        Verdict.from_json({k: v for k, v in raw.items() if k != "n"})


def test_how_many_examples_settle_a_rate_is_the_first_number_that_does() -> None:
    needed = examples_for(0.97, 0.9, 0.025)
    assert needed is not None
    assert power(needed, 0.97, 0.9, 0.025) >= 0.8 > power(needed - 1, 0.97, 0.9, 0.025)
    assert examples_for(0.9, 0.9, 0.025) is None
    assert examples_for(1.0, 0.9, 0.025) == fewest_perfect(0.9, 0.025)


def test_a_measure_that_goes_one_way_goes_it_on_either_side_of_a_comparison() -> None:
    cut_off = Measure([0.0, 1.0, 1.0], better="low", name="cut_off").restricted(Use(one_way=True))
    plain = Measure([0.0, 0.0, 1.0], better="low", name="plain")
    assert (cut_off <= plain).outcome != "invalid"
    assert (plain >= cut_off).outcome != "invalid"
    for wrong in (lambda: cut_off >= plain, lambda: plain <= cut_off, lambda: cut_off >= 0.5):
        with pytest.raises(UserError, match=r"low values of .* are better"):
            wrong()


def test_a_percentile_draws_groups_together_and_not_only_the_largest_that_may_be() -> None:
    values = [1.0] * 190 + [9.0] * 10
    groups = [f"g{i // 10}" for i in range(200)]
    together, apart = (seconds(values, groups=g, max_group=10).p50 for g in (groups, None))
    assert together.verdict("<=", 2.0).p > 2 * apart.verdict("<=", 2.0).p


def test_a_percentile_s_slice_keeps_its_name_and_examples() -> None:
    waited = seconds([1.0, 2.0, 3.0], ids=["a", "b", "c"], tags=[("x",), (), ("x",)]).p50
    assert waited.on("x").name == "latency.p50[x]"
    assert waited.on("x").evidence.ids == ("a", "c")
    assert (2 * waited).name == "2 * latency.p50"


def test_a_sealed_verdict_travels_without_numbers() -> None:
    with recording(Recording(sealed=True)):
        verdict = Measure([1.0] * 50, name="m") >= 0.9
    told = verdict.to_json()
    assert told["sealed"]
    assert {told[key] for key in ("estimate", "low", "high", "p")} == {None}
    again = Verdict.from_json(told)
    assert again.to_json() == told
    assert again.sealed
    assert np.isnan([again.estimate, again.low, again.high, again.p]).all()
    assert Verdict.from_json((Measure([1.0] * 50) >= 0.9).to_json()).estimate == 1.0


def test_an_invalid_verdict_is_named_by_its_gate() -> None:
    verdict = invalid("test_one", "it is broken")
    assert (verdict.gate, verdict.metric, verdict.threshold) == ("test_one", "test_one", 0.0)
