"""Field by field: right, wrong, missed, invented, rightly empty."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.scorers.fields import compare, field_score, parse_json, same
from goldgate.task.task import FieldRule

RULES = {
    "total": FieldRule(compare="number", tolerance=0.005, weight=2),
    "vendor": FieldRule(compare="text"),
    "date": FieldRule(compare="date"),
    "items": FieldRule(compare="list", align=True),
    "items.amount": FieldRule(compare="number", tolerance=0.005),
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def _outcomes(expected: Any, got: Any) -> dict[str, str]:
    return {v.path: v.outcome for v in compare(expected, got, RULES)}


def test_each_field_gets_one_of_five_outcomes() -> None:
    expected = {"total": 12.5, "vendor": "Acme Ltd", "date": None, "number": "A1", "currency": "EUR"}
    got = {"total": 12.5, "vendor": "acme  LTD", "date": None, "number": "A7", "currency": None, "note": "x"}
    assert _outcomes(expected, got) == {
        "total": "right",
        "vendor": "right",
        "date": "empty",
        "number": "wrong",
        "currency": "missed",
        "note": "invented",
    }


def test_list_items_are_aligned_whatever_their_order() -> None:
    expected = {"items": [{"name": "a", "amount": 1}, {"name": "b", "amount": 2}]}
    swapped = {"items": [{"name": "b", "amount": 2.004}, {"name": "a", "amount": 1}]}
    assert set(_outcomes(expected, swapped).values()) == {"right"}
    assert _outcomes(expected, {"items": [{"name": "b", "amount": 2}]})["items[0]"] == "missed"
    assert "invented" in _outcomes(expected, {"items": [*expected["items"], {"name": "c", "amount": 3}]}).values()


@pytest.mark.parametrize(
    ("got", "outcomes"),
    [
        (["b", "a"], ["right", "right"]),
        (["a"], ["right", "missed"]),
        (["b", "c", "a"], ["right", "right", "invented"]),
        (["a", "a"], ["right", "missed", "invented"]),
        ([], ["missed", "missed"]),
        (None, ["missed"]),
        ("a", ["wrong"]),
    ],
)
def test_a_set_knows_no_order_but_how_often(got: Any, outcomes: list[str]) -> None:
    rules = {"tags": FieldRule(compare="set")}
    expected = ["a", "b"]
    assert [v.outcome for v in compare({"tags": expected}, {"tags": got}, rules)] == outcomes
    assert expected == ["a", "b"]


def test_items_of_a_set_compare_as_json() -> None:
    rules = {"": FieldRule(compare="set")}
    assert [v.outcome for v in compare([1, True, {"a": 1}], [{"a": 1.0}, 1, True], rules)] == ["right"] * 3
    assert [v.outcome for v in compare([1], [True], rules)] == ["missed", "invented"]


def test_without_align_the_order_counts() -> None:
    assert [v.outcome for v in compare([1, 2], [2, 1], {})] == ["wrong", "wrong"]


def test_a_key_left_out_is_missed_even_where_null_is_right() -> None:
    assert _outcomes({"date": None}, {}) == {"date": "missed"}


def test_weights_and_invented_fields_count_in_the_score() -> None:
    expected = {"total": 1, "vendor": "a"}
    assert field_score(expected, {"total": 1, "vendor": "b"}, RULES) == pytest.approx(2 / 3)
    assert field_score(expected, {**expected, "extra": 1}, RULES) == pytest.approx(3 / 4)
    assert field_score(expected, "no object", RULES) == 0.0


def test_true_is_not_one_and_a_quoted_number_is_no_number() -> None:
    exact, number = FieldRule(), FieldRule(compare="number")
    assert not same(1, True, exact)
    assert not same([1], [True], exact)
    assert same(1, 1.0, exact)
    assert not same(12.5, "12.5", number)
    assert not same(1, True, number)


@given(json_values)
def test_a_value_agrees_with_itself(value: Any) -> None:
    assert all(v.ok for v in compare(value, value, {}))
    assert field_score(value, value, {}) == 1.0


@given(json_values, json_values)
def test_the_score_lies_between_zero_and_one(expected: Any, got: Any) -> None:
    assert 0.0 <= field_score(expected, got, {}) <= 1.0


@given(json_values, json_values)
def test_all_fields_right_means_the_same_json(expected: Any, got: Any) -> None:
    if all(v.outcome == "right" for v in compare(expected, got, {})):
        assert json.dumps(expected, sort_keys=True) == json.dumps(got, sort_keys=True)


FENCED = [
    f"{mark}{word}{end}{{{inner}}}{end}{mark}{more}"
    for mark, more in (("```", ""), ("````", ""), ("~~~", ""), ("~~~~~", "~"), ("```", "``"))
    for word in ("", "json", "JSON", " Json ", "jsonc")
    for end in ("\n", "\r\n", "\r")
    for inner in ('"a": 1',)
]
NOT_FENCED = [
    '```json\n{"a": 1}\n``',
    '````json\n{"a": 1}\n```',
    '```json\n{"a": 1}\n~~~',
    '``json\n{"a": 1}\n``',
    '```json\n{"a": 1}',
    'Here:\n```json\n{"a": 1}\n```',
    '```json\n{"a": 1}\n```\nDone.',
    '```json the answer\n{"a": 1}\n```',
    '```\n```json\n{"a": 1}\n```\n```',
    '```{"a": 1}```',
    "```",
    "```json\n```",
]


@pytest.mark.parametrize("text", NOT_FENCED)
def test_what_is_no_fence_around_the_whole_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


@pytest.mark.parametrize(
    "text", ['{"a": 1,}', "[1, 2,]", "NaN", '{"a": NaN}', "-Infinity", "1e400", '{"a": -1e400}', "01", "+1"]
)
def test_what_only_looks_like_json_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


@pytest.mark.parametrize("text", ["-0", "-0.0", "0", "0e5"])
def test_minus_zero_is_zero(text: str) -> None:
    assert same(0, parse_json(text), FieldRule())


def test_a_text_field_is_the_same_text_however_its_letters_are_composed() -> None:
    rule = FieldRule(compare="text")
    assert same("CAF\u00c9  noir", "cafe\u0301 noir", rule)
    assert same("\u0390", "\u03b9\u0308\u0301", rule)
    assert not same("caf\u00e9", "cafe\u0301", FieldRule()), "exact is to the character"


@pytest.mark.parametrize("text", ['{"a": 1}', ' {"a": 1}\n', '```json\n{"a": 1}\n```', '```\n{"a": 1}\n```', *FENCED])
def test_one_code_fence_and_blanks_are_dropped(text: str) -> None:
    assert parse_json(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        'Here it is: {"a": 1}',
        '{"a": 1} ok',
        '{"a": 1, "a": 2}',
        "[NaN]",
        "Infinity",
        "[" * 5000,
        "1" * 5000,
        "[" * 60 + "]" * 60,
    ],
)
def test_anything_else_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)
