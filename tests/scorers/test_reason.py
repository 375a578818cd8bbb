"""Why an answer is not right, in one line; and that a scorer gives it with its value."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context, Score
from goldgate.scorers.own import scorer
from goldgate.scorers.reason import breaks_schema, breaks_style, differs, printable
from goldgate.subjects import Answer
from goldgate.task.examples import Example, Split
from goldgate.task.task import FieldRule, Style, Task

EXAMPLE = Example("e", "x", {"total": 1})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("‮reversed", "\\u202ereversed"),
        ("déjà", "déjà"),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_model_output_cannot_steer_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.fixture
def task(make_task: Callable[..., Any]) -> Task:
    found: Task = make_task({"kind": "json"}, {"type": "object"})[1]
    return dataclasses.replace(found, fields={"total": FieldRule(compare="number", tolerance=0.01)})


@pytest.mark.parametrize(
    ("got", "shown"),
    [
        ('{"total": 1284.5, "to": "A"}', "total: expected 1204.5, got 1284.5"),
        ('{"total": 1204.5}', "to: expected A, got null"),
        ('{"total": 1204.5, "to": "A", "by": 1}', "by: expected null, got 1"),
        ("Sure! Here", "not JSON: Sure! Here"),
        ("[]", 'the whole: expected {"total": 1204.5, "to": "A"}, got []'),
    ],
)
def test_json_is_compared_field_by_field(task: Any, got: str, shown: str) -> None:
    assert differs(task, Example("e", "x", {"total": 1204.5, "to": "A"}), got) == shown


def test_the_nearest_accepted_output_is_shown(task: Any) -> None:
    example = Example("e", "x", {"total": 1, "to": "A"}, accept=({"total": 2, "to": "B"},))
    assert differs(task, example, '{"total": 3, "to": "B"}') == "total: expected 2, got 3"


def test_many_wrong_fields_are_cut_short(task: Any) -> None:
    example = Example("e", "x", dict.fromkeys("abcde", 1))
    assert differs(task, example, "{}").endswith("c: expected 1, got null; and 2 more fields")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"total": -3}', "total: -3 is less than the minimum of 0"),
        ('{"total": 3}', ""),
        ('{"total": "\\u001b[31m"}', "total: '\\x1b[31m' is not of type 'number'"),
        ("{}", "the whole: 'total' is a required property"),
    ],
)
def test_a_broken_schema_is_told_rule_by_rule(task: Any, text: str, shown: str) -> None:
    schema = {"required": ["total"], "properties": {"total": {"type": "number", "minimum": 0}}}
    assert breaks_schema(dataclasses.replace(task, schema=schema), EXAMPLE, text) == shown


def test_many_broken_rules_are_cut_short(task: Any) -> None:
    wide = dataclasses.replace(task, schema={"additionalProperties": {"type": "number"}})
    assert breaks_schema(wide, EXAMPLE, '{"a": "", "b": "", "c": "", "d": "", "e": ""}').endswith("; and 2 more rules")


def test_a_broken_style_is_told_rule_by_rule(task: Any) -> None:
    styled = dataclasses.replace(task, kind="text", style=Style(sign_off="Bye", max_words=2))
    assert breaks_style(styled, EXAMPLE, "one two three") == "breaks sign_off, max_words; got one two three"
    assert breaks_style(styled, EXAMPLE, "one two\nBye") == ""
    assert breaks_style(task, EXAMPLE, "one two three") == ""


def answered(text: str | None, finish: str = "stop") -> Answer:
    return Answer("e", text, finish, 1, 1, 0.0, 0.0, "i", "f", "d")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metric", "answer", "value", "reason"),
    [
        ("exact_match", answered('{"total": 1}'), 1.0, ""),
        ("exact_match", answered('{"total": 2}'), 0.0, "total: expected 1, got 2"),
        ("exact_match", answered("no"), 0.0, "not JSON: no"),
        ("exact_match", answered('{"total"', "length"), 0.0, 'not JSON: {"total"'),
        ("schema_valid", answered('{"total": "x"}'), 0.0, "total: 'x' is not of type 'number'"),
        ("schema_valid", answered('{"total": 2}'), 1.0, ""),
        ("field_accuracy", answered('{"total": 2}'), 0.0, ""),
    ],
)
def test_a_built_in_scorer_gives_its_reason_with_its_value(
    task: Any, tmp_path: Any, metric: str, answer: Answer, value: float, reason: str
) -> None:
    strict = dataclasses.replace(task, schema={"properties": {"total": {"type": "number"}}})
    split = Split("dev", (EXAMPLE,))
    scores = ScoreTable(Context(strict, tmp_path), split, {"e": answer})
    assert scores.values(metric) == {"e": value}
    assert scores.reasons(metric).get("e", "") == reason


def test_a_missing_answer_has_neither_value_nor_reason(task: Any, tmp_path: Any) -> None:
    scores = ScoreTable(Context(task, tmp_path), Split("dev", (EXAMPLE,)), {"e": answered(None)})
    assert scores.values("exact_match") == {"e": None}
    assert scores.reasons("exact_match") == {}


def test_reasons_of_other_answers_are_others(task: Any, tmp_path: Any) -> None:
    changed = Split("dev", (dataclasses.replace(EXAMPLE, input="y"),))
    scores = ScoreTable(
        Context(task, tmp_path),
        Split("dev", (EXAMPLE,)),
        {"e": answered('{"total": 2}')},
        ask=lambda split, sample: {"e": answered('{"total": 3}')},
    )
    assert scores.values("exact_match") == scores.asked(changed).values("exact_match")
    assert scores.reasons("exact_match") == {"e": "total: expected 1, got 2"}


@pytest.mark.parametrize("given", [(0.5, "half of it"), Score(0.5, "half of it"), 0.5])
def test_a_users_scorer_may_give_its_reason_with_its_value(task: Any, tmp_path: Any, given: Any) -> None:
    own = scorer(lambda example, text: given)
    scores = ScoreTable(Context(task, tmp_path, own={"half": own}), Split("dev", (EXAMPLE,)), {"e": answered("x")})
    assert scores.own_values(own, [EXAMPLE]) == {"e": 0.5}
    assert scores.reasons("half") == ({} if given == 0.5 else {"e": "half of it"})


@pytest.mark.parametrize("given", [(0.5,), (0.5, 1), ("x", "y"), (0.5, "a", "b"), None])
def test_a_tuple_that_is_no_value_with_a_reason_is_refused(task: Any, given: Any) -> None:
    own = scorer(lambda example, text: given)
    with pytest.raises(UserError, match="which is not a number"):
        own.score([EXAMPLE], [answered("x")], closed=True)


def test_a_difference_that_cannot_be_seen_is_told_by_code_points(task: Any) -> None:
    label = dataclasses.replace(task, kind="label", labels=("c\u0430rd", "refund"))
    said = differs(label, Example("e", "x", "card"), "c\u0430rd")
    assert said == "expected card, got c\u0430rd (character 2 is U+0430, not U+0061)"
    field = differs(task, Example("e", "x", {"to": "caf\u00e9"}), '{"to": "cafe\u0301"}')
    assert field == "to: expected caf\u00e9, got cafe\u0301 (character 4 is U+0065 U+0301, not U+00E9)"


def test_long_texts_are_shown_from_where_they_differ(task: Any) -> None:
    text = dataclasses.replace(task, kind="text")
    said = differs(text, Example("e", "x", "a" * 90 + "yes"), "a" * 90 + "no")
    assert said == f"expected …{'a' * 20}yes, got …{'a' * 20}no"
