"""Cleaning rows: outputs in one form, every change counted, shown and reversible, no row lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.cleaning.changes import FILE, counts, read_changes, tell, undo, write_changes
from goldgate.data.cleaning.clean import Cleaned, clean_rows
from goldgate.data.cleaning.dates import date_field, undecided
from goldgate.data.row import Place, Row

texts = st.text(st.sampled_from("aé\u0301 \u00a0\n\x00\u200bÃ©1"), max_size=6)
numbers = st.sampled_from([1, 1.0, 1.5, -0.0, 1e300, "1", "1.50", "007", True, None])
dates = st.sampled_from(["2024-03-12", "12.03.2024", "25.03.2024", "3 March 2024", "Mar 3, 2024", "no date"])
values = st.recursive(
    texts | numbers | dates,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def rows(*pairs: tuple[Any, Any]) -> list[Row]:
    return [Row(input_, output, Place("a.csv", n)) for n, (input_, output) in enumerate(pairs, 2)]


def outputs(*found: Any, schema: dict[str, Any] | None = None) -> list[str]:
    """The canonical outputs as they are written."""
    clean = clean_rows(rows(*(("x", output) for output in found)), "json", schema)
    return [json.dumps(row.output) for row in clean.rows]


def test_keys_go_in_the_schemas_order_at_every_level() -> None:
    schema = {"properties": {"b": {"items": {"properties": {"y": {}, "x": {}}}}, "a": {}}}
    assert outputs({"z": 1, "a": 2, "b": [{"x": 1, "y": 2}]}, schema=schema) == [
        '{"b": [{"y": 2, "x": 1}], "a": 2, "z": 1}'
    ]
    assert outputs({"b": 1, "a": 2}, {"a": 1, "b": 2}) == ['{"b": 1, "a": 2}', '{"b": 2, "a": 1}']


def test_whole_numbers_have_no_decimal_point_and_nothing_is_rounded() -> None:
    found = outputs([12.0, -0.0, 12.5, 1e300, 9007199254740993.0, True])
    assert found == ["[12, 0, 12.5, 1e+300, 9007199254740992.0, true]"]


def test_a_number_in_quotes_becomes_one_where_all_others_are_numbers() -> None:
    many = [{"total": n} for n in range(20)]
    assert outputs(*many, {"total": "12.50"})[-1] == '{"total": 12.5}'
    assert outputs(*many, {"total": "007"})[-1] == '{"total": "007"}'
    assert outputs(*many[:3], {"total": "12.50"})[-1] == '{"total": "12.50"}'
    assert outputs({"total": "12.50"}, schema={"properties": {"total": {"type": "number"}}}) == ['{"total": 12.5}']


def test_a_number_among_texts_becomes_text() -> None:
    many = [{"number": f"A{n}"} for n in range(20)]
    assert outputs(*many, {"number": 6886})[-1] == '{"number": "6886"}'
    assert outputs({"id": 6886}, schema={"properties": {"id": {"type": "string"}}}) == ['{"id": "6886"}']


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["2024-03-12", "2024-03-13", "14 March 2024"], ["2024-03-12", "2024-03-13", "2024-03-14"]),
        (["12.03.2024", "25.03.2024", "2024-03-12"], ["12.03.2024", "25.03.2024", "12.03.2024"]),
        (["03/25/2024", "03/04/2024", "2024-03-12"], ["03/25/2024", "03/04/2024", "03/12/2024"]),
        (["5.3.2024", "6.3.2024", "12.11.2024", "25.03.2024"], ["5.3.2024", "6.3.2024", "12.11.2024", "25.3.2024"]),
        (["March 3, 2024", "March 12, 2024", "Mar 4, 2024"], ["March 3, 2024", "March 12, 2024", "March 4, 2024"]),
        (["03/04/2024", "2024-03-12"], ["03/04/2024", "2024-03-12"]),
        (["25/03/2024", "03/25/2024", "2024-03-12"], ["25/03/2024", "03/25/2024", "2024-03-12"]),
        (["2024-03-12", "12 March 2024", "soon"], ["2024-03-12", "12 March 2024", "soon"]),
        (["2024-02-30", "1 March 2024"], ["2024-02-30", "1 March 2024"]),
    ],
)
def test_dates_get_the_form_of_most_where_the_field_decides(found: list[str], expected: list[str]) -> None:
    assert outputs(*({"date": value} for value in found)) == [json.dumps({"date": value}) for value in expected]


def test_dates_that_can_be_read_in_two_ways_are_undecided() -> None:
    assert date_field(["03/04/2024", "2024-03-12"]) is None
    assert undecided(["03/04/2024", "2024-03-12"])
    assert not undecided(["03/04/2024", "a"])
    assert not undecided(["2024-03-12"])


def test_values_of_a_closed_set_are_spelled_as_the_schema_does() -> None:
    schema = {"properties": {"queue": {"enum": ["billing", "tech support"]}}}
    assert outputs({"queue": "tech\u00a0 support\u200b"}, schema=schema) == ['{"queue": "tech support"}']
    assert outputs({"queue": "Billing"}, schema=schema) == ['{"queue": "Billing"}']


def test_text_outputs_and_messages_are_cleaned_by_the_rules_for_texts_alone() -> None:
    messages = ({"role": "user", "content": "caf\u0065\u0301\x00"},)
    found = clean_rows(rows((messages, "It\u00a0is  so.\n12.0")), "text")
    assert found.rows[0].input == ({"role": "user", "content": "café"},)
    assert found.rows[0].output == "It is  so.\n12.0"


def test_other_right_outputs_are_cleaned_like_the_output() -> None:
    row = Row("x", "a", Place("a.csv", 1), accept=("b\u200b", "c"))
    found = clean_rows([row], "label")
    assert found.rows[0].accept == ("b", "c")
    assert undo(found.rows, found.changes) == [row]


def test_every_rule_tells_its_rows_and_shows_what_it_did_without_personal_data() -> None:
    found = clean_rows(rows(("a\x00b", "x"), ("c\x07 jane@example.com", "x"), ("caf\u0065\u0301", "x\u200b")), "label")
    assert tell(found.changes) == [
        "control characters removed: 2 rows",
        '  a.csv, line 2, input: "a\\x00b" → "ab"',
        '  a.csv, line 3, input: "c\\x07 ‹e-mail address›" → "c ‹e-mail address›"',
        "labels without what is not drawn: 1 row",
        '  a.csv, line 4, output: "x\\u200b" → "x"',
        "letters composed (NFC): 1 row",
        '  a.csv, line 4, input: "cafe\\u0301" → "café"',
    ]
    assert counts(found.changes)["control characters removed"] == 2


def test_what_is_left_is_told_with_its_rows() -> None:
    found = clean_rows(rows(("caf\ufffd", "x"), ("fine", "y"), ("a\u202eb", "\ufffd")), "text")
    assert {told: [str(place) for place in places] for told, places in found.left.items()} == {
        "characters that were lost in an earlier conversion (U+FFFD)": ["a.csv, line 2", "a.csv, line 4"],
        "characters that turn the order in which letters are drawn (U+202D, U+202E)": ["a.csv, line 4"],
    }


def test_the_log_is_added_to_and_leads_back_step_by_step(tmp_path: Path) -> None:
    old = rows(("a\x00", {"b": 1.0, "a": "2024-03-12"}), ("ok", {"b": 2, "a": "x"}))
    first = clean_rows(old, "json", {"properties": {"b": {}, "a": {}}})
    second = clean_rows(first.rows, "json", {"properties": {"a": {}, "b": {}}})
    for found in (first, second):
        write_changes(tmp_path, found.changes)
    changes = read_changes(tmp_path)
    assert [json.loads(line)["row"] for line in (tmp_path / FILE).read_text().splitlines()] == [c.row for c in changes]
    back = undo(second.rows, changes)
    assert back == old
    assert [json.dumps(row.output) for row in back] == [json.dumps(row.output) for row in old]


def test_what_was_changed_by_hand_after_cleaning_is_not_overwritten() -> None:
    found = clean_rows(rows(("a\x00", "x")), "text")
    with pytest.raises(UserError, match=r"a.csv, line 2: the input was changed after the clean-up"):
        undo(rows(("another", "x")), found.changes)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"changes.jsonl, line 1: not valid JSON"),
        ("[]", r"changes.jsonl, line 1: must be an object"),
        ('{"row": "a", "field": "id", "rules": [], "before": 1, "after": 2}', 'no field "id"'),
        ('{"row": "a", "field": "input", "rules": [], "before": 1}', '"after" is missing'),
        ('{"row": "a", "field": "input", "rules": [], "before": 1, "after": 2, "x": 3}', 'unknown key "x"'),
        ('{"row": "a", "field": "input", "rules": [], "before": 1, "after": 2, "source": 3}', 'field "source"'),
    ],
)
def test_a_broken_log_is_refused_by_line(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / FILE).write_text(line + "\n")
    with pytest.raises(UserError, match=message):
        read_changes(tmp_path)


@given(st.lists(st.tuples(texts, values), max_size=5), st.sampled_from(["json", "label", "text"]))
def test_cleaning_keeps_every_row_can_be_undone_and_twice_is_once(pairs: list[tuple[str, Any]], kind: Any) -> None:
    old = rows(*pairs)
    found: Cleaned = clean_rows(old, kind)
    assert [row.place for row in found.rows] == [row.place for row in old]
    back = undo(found.rows, found.changes)
    assert [json.dumps([row.input, row.output]) for row in back] == [json.dumps([row.input, row.output]) for row in old]
    again = clean_rows(found.rows, kind)
    assert again.changes == []
    assert [json.dumps(row.output) for row in again.rows] == [json.dumps(row.output) for row in found.rows]
