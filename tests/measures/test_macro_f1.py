"""Macro-F1 equals scikit-learn's, its interval is called approximate, and missing answers make gates invalid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from goldgate.base.errors import UserError
from goldgate.measures import Measure, macro_f1

LABELS = ("cash", "card", "loan")
pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, "no label"))), min_size=1, max_size=40)


def measure(expected: list[str], given: list[str | None], **more) -> Measure:
    return macro_f1(expected, given, labels=LABELS, **more)


@given(pairs)
def test_the_estimate_is_scikit_learn_s(rows: list[tuple[str, str]]) -> None:
    expected, given = [list(c) for c in zip(*rows, strict=True)]
    seen = sorted((set(expected) | set(given)) & set(LABELS))
    theirs = f1_score(expected, given, labels=seen, average="macro", zero_division=0.0)
    assert measure(expected, given).value == pytest.approx(theirs)


@given(pairs)
@settings(max_examples=20, deadline=None)
def test_the_interval_holds_the_estimate_and_lies_in_its_range(rows: list[tuple[str, str]]) -> None:
    made = measure(*[list(c) for c in zip(*rows, strict=True)])
    low, high = made.interval()
    assert 0.0 <= low <= made.value + 1e-9
    assert made.value - 1e-9 <= high <= 1.0


def test_the_same_data_has_the_same_verdict_in_any_order() -> None:
    expected, given = list(LABELS) * 20, [*list(LABELS) * 19, "card", "card", "card"]
    one = measure(expected, given).verdict(">=", 0.9)
    order = np.random.default_rng(3).permutation(60)
    ids = [str(i) for i in range(60)]
    mixed = measure([expected[i] for i in order], [given[i] for i in order], ids=[ids[i] for i in order])
    other = mixed.verdict(">=", 0.9)
    assert one.to_json() == measure(expected, given).verdict(">=", 0.9).to_json()
    assert other.estimate == pytest.approx(one.estimate)
    assert other.p == pytest.approx(one.p, abs=0.02)  # the draws hit other examples


def test_perfect_answers_show_what_so_many_can_show_and_no_more() -> None:
    perfect = measure(list(LABELS) * 50, list(LABELS) * 50)
    assert perfect.value == 1.0
    low, high = perfect.interval()
    assert 0.93 < low < 0.99
    assert high == 1.0
    assert perfect.verdict(">=", 0.9).outcome == "pass"
    assert measure(list(LABELS) * 2, list(LABELS) * 2).verdict(">=", 0.9).outcome == "undecided"


def test_it_says_that_it_is_approximate() -> None:
    made = measure(list(LABELS) * 50, list(LABELS) * 50)
    verdict = made.verdict(">=", 0.9)
    assert verdict.approximate
    assert "95% interval, approximate, " in verdict.message
    assert "approximate" in repr(made)
    assert not Measure([1.0] * 10).verdict(">=", 0.5).approximate


def test_an_answer_that_is_no_label_is_wrong_for_its_label_alone() -> None:
    made = measure(["cash", "cash", "card"], ["cash", "what?", "card"])
    assert made.value == pytest.approx((2 / 3 + 1.0) / 2)


def test_a_missing_answer_can_be_looked_at_and_not_gated() -> None:
    made = measure(["cash", "card", "card"], ["cash", None, "card"])
    assert made.value == 1.0
    assert (made.n, made.missing) == (3, 1)
    with pytest.raises(UserError, match="1 of 3 answers are missing"):
        made.verdict(">=", 0.5)
    with pytest.raises(UserError, match="every answer is missing"):
        _ = measure(["cash"], [None]).value


def test_an_expected_label_that_is_none_is_named() -> None:
    with pytest.raises(UserError, match='"bond" is expected but is not a label'):
        measure(["bond"], ["cash"])


def test_the_paired_difference_knows_that_two_err_on_the_same_examples() -> None:
    expected = list(LABELS) * 40
    theirs = [*expected[:90], *["loan"] * 30]
    ours = [*expected[:100], *["loan"] * 20]
    gap = measure(expected, ours) - measure(expected, theirs)
    assert gap.value == pytest.approx(measure(expected, ours).value - measure(expected, theirs).value)
    apart = np.diff(measure(expected, ours).interval())[0]
    assert np.diff(gap.interval())[0] < apart
    assert gap.bounds == (-1.0, 1.0)


def test_it_is_subtracted_from_its_own_kind_alone() -> None:
    with pytest.raises(UserError, match="measures of different kinds"):
        _ = measure(["cash"], ["cash"]) - Measure([1.0])
    with pytest.raises(UserError, match="measures of different kinds"):
        _ = Measure([1.0]) - measure(["cash"], ["cash"])
    with pytest.raises(UserError, match="percentile"):
        _ = measure(["cash"], ["cash"]).p95


def test_slices_count_their_own_examples() -> None:
    made = measure(
        ["cash", "card"] * 10, ["cash", "card"] * 5 + ["card", "card"] * 5, tags=[("first",)] * 10 + [("second",)] * 10
    )
    assert made.on("first").value == 1.0
    assert made.on("second").value == pytest.approx((0.0 + 2 / 3) / 2)


def test_examples_of_a_group_are_drawn_together() -> None:
    rng = np.random.default_rng(1)
    expected = [LABELS[i] for i in rng.integers(0, 3, 60)]
    wrong = [e if i < 45 else "loan" for i, e in enumerate(expected)]
    alone = measure(expected, wrong)
    grouped = measure(expected, wrong, groups=[f"g{i // 6}" for i in range(60)], max_group=6)
    assert np.diff(grouped.interval())[0] > np.diff(alone.interval())[0]
