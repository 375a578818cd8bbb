"""Answers that a schema forbids in its own words, and answers that keep the gate busy for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.scorers.json_format import broken_rules, schema_valid
from goldgate.task import pattern
from goldgate.task.examples import Example

EXAMPLE = Example("e", "x", {"a": 1})


def valid(make_task: Callable[..., Any], rule: dict[str, Any], value: object) -> bool:
    """Whether an answer is valid, by the score and by its reasons, which must agree."""
    schema = {"type": "object", "properties": {"a": rule}, "required": ["a"], "additionalProperties": False}
    task, text = make_task({"kind": "json"}, schema)[1], json.dumps({"a": value})
    score = schema_valid(task, EXAMPLE, text)
    assert (score == 1.0) == (broken_rules(task, text) == [])
    return score == 1.0


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("^[A-Z]{2}$", "AB\n"),
        (r"^\d+$", "\u0663"),
        (r"^\d{4}-\d{2}$", "2024-12\n"),
        (r"^[\d.]+$", "\u096b"),
        (r"^\w+$", "caf\u00e9"),
        (r"^\w+$", "\u0645"),
        (r"^x\s$", "x\x1f"),
        ("^a.b$", "a\rb"),
    ],
)
def test_a_pattern_lets_through_no_more_than_it_says(make_task: Callable[..., Any], words: str, value: str) -> None:
    assert not valid(make_task, {"type": "string", "pattern": words}, value)
    assert not valid(make_task, {"propertyNames": {"pattern": words}}, {value: 1})
    closed = {"type": "object", "patternProperties": {words: {}}, "additionalProperties": False}
    assert not valid(make_task, closed, {value: 1})


@pytest.mark.parametrize("step", [0.01, 0.1, 0.05, 0.001])
def test_right_money_is_right(make_task: Callable[..., Any], step: float) -> None:
    rule = {"type": "number", "multipleOf": step}
    for cents in (954, 113, 1999, 435, 29, 57, 58, 100_000_001):
        value = cents / 100
        assert valid(make_task, rule, value) == ((cents * 10) % round(step * 1000) == 0)
    assert not valid(make_task, rule, 9.5404)


@pytest.mark.parametrize("words", [r"^(\w+\s?)*$", "^(a+)+$", "^(a|aa)+$", "^(a|aa|a?)+$", "^(.*a){25}$", "(x+x+)+y"])
def test_no_answer_keeps_the_gate_busy(
    make_task: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setattr(pattern, "LONGEST_MATCH", 0.02)
    pattern._found.cache_clear()
    for letter in "ax":
        assert not valid(make_task, {"type": "string", "pattern": words}, letter * 60 + "!")
    pattern._found.cache_clear()
