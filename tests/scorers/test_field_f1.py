"""Precision, recall and F1 of fields: scikit-learn's per-sample figures, and what has to hold of nested answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from goldgate.scorers.fields import field_counts, field_score
from goldgate.task.task import FieldRule

NAMES = ("a", "b", "c", "d")
flat = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2), max_size=4)
nested = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)


@given(flat, flat)
def test_flat_objects_have_scikit_learns_figures(expected: dict[str, int], got: dict[str, int]) -> None:
    pairs = [(name, value) for name in NAMES for value in range(3)]
    rows = [[int(side.get(name) == value) for name, value in pairs] for side in (expected, got)]
    if not expected and not got:
        reference = (1.0, 1.0, 1.0)
    else:
        reference = precision_recall_fscore_support([rows[0]], [rows[1]], average="samples", zero_division=0)[:3]
    counts = field_counts(expected, got, {})
    assert (counts.precision, counts.recall, counts.f1) == pytest.approx(reference)


@pytest.mark.parametrize(
    ("got", "precision", "recall", "f1"),
    [
        ({"a": 1, "b": 2, "c": None}, 1, 1, 1),
        ({"a": 1, "b": 9, "c": None}, 1 / 2, 1 / 2, 1 / 2),  # wrong: a false positive and a false negative
        ({"a": 1, "b": None, "c": None}, 1, 1 / 2, 2 / 3),  # missed
        ({"a": 1, "b": 2, "c": 3}, 2 / 3, 1, 4 / 5),  # invented
        ({"a": None, "b": None, "c": None}, 0, 0, 0),
        ({}, 0, 0, 0),
        ([], 0, 0, 0),
        ("a", 0, 0, 0),
        (None, 0, 0, 0),
    ],
)
def test_each_outcome_costs_what_it_is(got: Any, precision: float, recall: float, f1: float) -> None:
    counts = field_counts({"a": 1, "b": 2, "c": None}, got, {})
    assert (counts.precision, counts.recall, counts.f1) == pytest.approx((precision, recall, f1))


def test_nothing_expected_and_nothing_given_is_right() -> None:
    counts = field_counts({"a": None, "b": []}, {"a": None, "b": []}, {})
    assert (counts.precision, counts.recall, counts.f1) == (1.0, 1.0, 1.0)
    assert field_counts({"a": None}, {"a": 1}, {}).f1 == 0.0


def test_a_field_counts_with_its_weight_whatever_the_number_of_its_leaves() -> None:
    expected = {"total": 1, "items": [{"n": 1}, {"n": 2}, {"n": 3}, {"n": None}]}
    got = {"total": 2, "items": [{"n": 1}, {"n": 2}, {"n": 4}, {"n": None}]}
    counts = field_counts(expected, got, {"total": FieldRule(weight=2)})
    assert (counts.right, counts.wrong) == pytest.approx((2 / 3, 2 + 1 / 3))


@given(nested, nested)
def test_values_lie_between_0_and_1_and_f1_between_the_other_two(expected: Any, got: Any) -> None:
    counts = field_counts(expected, got, {})
    low, high = sorted((counts.precision, counts.recall))
    assert 0.0 <= low <= high <= 1.0
    assert low - 1e-9 <= counts.f1 <= high + 1e-9
    assert (counts.f1 == 1.0) == (field_score(expected, got, {}) == 1.0)


@given(nested)
def test_an_answer_is_right_by_itself(value: Any) -> None:
    counts = field_counts(value, value, {"a": FieldRule(compare="list", align=True), "b": FieldRule(compare="set")})
    assert counts.f1 == 1.0
