"""What a failure shows of an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.plugin.failure import broken, difference, printable
from goldgate.task.examples import Example
from goldgate.task.task import FieldRule, Style


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
def task(tmp_path: Any, write_project: Callable[..., Any]) -> Any:
    made = write_project(tmp_path / "p", tmp_path / "c")
    return dataclasses.replace(made.task, kind="json", fields={"total": FieldRule(compare="number", tolerance=0.01)})


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
    assert difference(task, Example("e", "x", {"total": 1204.5, "to": "A"}), got) == shown


def test_the_nearest_accepted_output_is_shown(task: Any) -> None:
    example = Example("e", "x", {"total": 1, "to": "A"}, accept=({"total": 2, "to": "B"},))
    assert difference(task, example, '{"total": 3, "to": "B"}') == "total: expected 2, got 3"


def test_many_wrong_fields_are_cut_short(task: Any) -> None:
    example = Example("e", "x", dict.fromkeys("abcde", 1))
    assert difference(task, example, "{}").endswith("c: expected 1, got null; and 2 fields more")


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
    assert broken(dataclasses.replace(task, schema=schema), "schema_valid", text) == shown


def test_many_broken_rules_are_cut_short(task: Any) -> None:
    wide = dataclasses.replace(task, schema={"additionalProperties": {"type": "number"}})
    assert broken(wide, "schema_valid", '{"a": "", "b": "", "c": "", "d": "", "e": ""}').endswith("; and 2 rules more")


def test_a_broken_style_is_told_rule_by_rule(task: Any) -> None:
    styled = dataclasses.replace(task, kind="text", style=Style(sign_off="Bye", max_words=2))
    assert broken(styled, "style_ok", "one two three") == "breaks sign_off, max_words; got one two three"
    assert broken(styled, "style_score", "one two\nBye") == ""
    assert broken(styled, "exact_match", "one two three") == ""
