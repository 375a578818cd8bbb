"""Differences of any two texts or values: nothing is lost, nothing is made up, and equal things differ in nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate_reports.diff import LONGEST_VALUE, difference, word_diff
from goldgate_reports.records import AnswerRow

texts = st.text(alphabet="ab c.,\n\té", max_size=60)
anything = st.text(max_size=60)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def answer(expected: Any, text: str | None, finish: str = "stop") -> AnswerRow:
    return AnswerRow("in", json.dumps(expected), text, finish)


@given(st.one_of(texts, anything), st.one_of(texts, anything))
@settings(deadline=None)
def test_a_word_difference_holds_both_texts_whole(expected: str, got: str) -> None:
    pieces = word_diff(expected, got)
    assert "".join(p.text for p in pieces if p.kind != "added") == expected
    assert "".join(p.text for p in pieces if p.kind != "missed") == got


@given(st.one_of(texts, anything))
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert {p.kind for p in word_diff(text, text)} <= {"same"}


@given(texts, texts)
@settings(deadline=None)
def test_no_piece_is_empty(expected: str, got: str) -> None:
    assert all(p.text for p in word_diff(expected, got))


@given(json_values.filter(lambda v: not isinstance(v, str)))
@settings(deadline=None)
def test_the_expected_answer_is_right_in_every_field(expected: Any) -> None:
    found = difference([("tuned", answer(expected, json.dumps(expected)))], {})
    outcomes = {row.cells[0].outcome for row in found.fields if row.cells[0] is not None}
    assert outcomes <= {"right", "empty"}
    assert found.given[0].note == ""


@given(json_values.filter(lambda v: not isinstance(v, str)), json_values)
@settings(deadline=None)
def test_every_field_of_either_side_has_its_row_and_each_row_a_cell_a_subject(expected: Any, got: Any) -> None:
    found = difference([("tuned", answer(expected, json.dumps(got))), ("base", answer(expected, None))], {})
    paths = [row.path for row in found.fields]
    assert len(set(paths)) == len(paths)
    assert all(len(row.cells) == 2 for row in found.fields)
    assert all(row.cells[1] is None for row in found.fields), "who gave no answer has no value"
    if isinstance(expected, dict) and expected and isinstance(got, dict):
        tops = {path.partition(".")[0].partition("[")[0] for path in paths}
        assert {k for k in (*expected, *got) if k} <= tops


@given(anything)
@settings(deadline=None)
def test_an_answer_of_any_text_is_shown_as_written(text: str) -> None:
    given_ = difference([("tuned", answer({"a": 1}, text))], {}).given[0]
    assert given_.text == text
    assert given_.left_out == 0


@pytest.mark.parametrize("length", [LONGEST_VALUE, LONGEST_VALUE + 1, 50_000])
def test_a_long_value_of_a_field_is_cut_and_counted(length: int) -> None:
    found = difference([("tuned", answer({"a": "x"}, json.dumps({"a": "y" * length})))], {})
    cell = found.fields[0].cells[0]
    assert cell is not None
    assert len(cell.text) < LONGEST_VALUE + 40
    assert ("more" in cell.text) == (length > LONGEST_VALUE)


@pytest.mark.parametrize(
    ("text", "finish", "note"),
    [
        ("{}", "stop", ""),
        ("{}", "length", "cut off at the token limit"),
        ("{}", "error", "ended by error"),
        (" \n", "stop", "an empty answer"),
    ],
)
def test_a_note_says_how_an_answer_ended(text: str, finish: str, note: str) -> None:
    made = difference([("tuned", answer({}, text, finish))], {}).given[0]
    assert made.note.endswith(note)
    assert bool(made.note) == bool(note)


def test_the_first_answer_that_is_there_says_what_was_expected() -> None:
    found = difference([("tuned", None), ("base", answer("card_lost", "card_lost"))], {})
    assert found.expected == "card_lost"
    assert found.given[0].note == "no answer"


def test_expected_text_that_is_no_json_is_taken_as_text() -> None:
    found = difference([("tuned", AnswerRow("in", "Hello {there", "Hello there", "stop"))], {})
    assert found.fields == ()
    assert found.expected == "Hello {there"


def test_a_whole_value_that_is_no_object_has_one_row() -> None:
    found = difference([("tuned", answer(3, "4"))], {})
    assert [row.path for row in found.fields] == ["(the whole)"]
    assert found.fields[0].cells[0] is not None
    assert found.fields[0].cells[0].outcome == "wrong"


def test_json_null_as_an_answer_is_an_answer() -> None:
    found = difference([("tuned", answer({"a": 1}, "null"))], {})
    assert found.given[0].note == ""
    assert found.given[0].text == "null"
