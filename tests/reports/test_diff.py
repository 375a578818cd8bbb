"""Field and word differences: what is right, wrong, missed, invented; and answers that are no JSON."""

from __future__ import annotations

import json

from goldgate.task.task import FieldRule
from goldgate_reports.diff import MOST_FIELDS, difference, word_diff
from goldgate_reports.records import AnswerRow


def answer(expected: object, text: str | None, finish: str = "stop") -> AnswerRow:
    return AnswerRow("in", json.dumps(expected), text, finish)


def test_fields_are_right_wrong_missed_or_invented() -> None:
    expected = {"a": 1, "b": "x", "c": None, "d": "y", "e": None}
    found = difference([("tuned", answer(expected, '{"a": 1, "b": "z", "c": "?", "d": null, "e": null}'))], {})
    outcomes = {row.path: row.cells[0].outcome for row in found.fields if row.cells[0]}
    assert outcomes == {"a": "right", "b": "wrong", "c": "invented", "d": "missed", "e": "empty"}


def test_the_tasks_rules_decide_what_is_right() -> None:
    row = answer({"total": 10.0}, '{"total": 10.004}')
    for rules, outcome in (({}, "wrong"), ({"total": FieldRule(compare="number", tolerance=0.005)}, "right")):
        cell = difference([("tuned", row)], rules).fields[0].cells[0]
        assert cell is not None
        assert cell.outcome == outcome


def test_fields_that_nobody_asked_for_come_last() -> None:
    rows = [("tuned", answer({"a": 1}, '{"z": 2, "a": 1}')), ("prompted", answer({"a": 1}, '{"y": 2}'))]
    found = difference(rows, {})
    assert [row.path for row in found.fields] == ["a", "z", "y"]
    assert found.fields[1].cells[1] is None


def test_an_answer_that_is_no_json_is_shown_as_written() -> None:
    found = difference([("tuned", answer({"a": 1}, "Sure! {", "length"))], {})
    assert found.given[0].note.startswith("not valid JSON (")
    assert found.given[0].note.endswith("; cut off at the token limit")
    assert found.given[0].text == "Sure! {"
    assert found.fields[0].cells == (None,)


def test_no_answer_is_said() -> None:
    found = difference([("tuned", answer({"a": 1}, None, "error")), ("prompted", None)], {})
    assert [g.note for g in found.given] == ["no answer", "no answer"]


def test_many_fields_are_counted_not_shown() -> None:
    expected = {f"f{i}": i for i in range(MOST_FIELDS + 5)}
    found = difference([("tuned", answer(expected, json.dumps(expected)))], {})
    assert (len(found.fields), found.fields_left_out) == (MOST_FIELDS, 5)


def test_word_differences_keep_both_texts() -> None:
    pieces = word_diff("Hi there, we've sent it.", "Hello there, we have sent it!")
    assert "".join(p.text for p in pieces if p.kind != "added") == "Hi there, we've sent it."
    assert "".join(p.text for p in pieces if p.kind != "missed") == "Hello there, we have sent it!"
    assert any(p.kind == "same" and "sent it" in p.text for p in pieces)


def test_a_long_text_is_compared_up_to_a_limit() -> None:
    pieces = word_diff("a " * 400, "a " * 5000)
    assert pieces[-1].text.endswith("characters more, not compared")


def test_labels_and_texts_get_word_differences() -> None:
    found = difference([("tuned", answer("card_lost", "card_stolen"))], {})
    assert found.fields == ()
    assert {p.kind for p in found.given[0].pieces} == {"missed", "added"}
