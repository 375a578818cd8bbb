"""Which rule of the schema an answer breaks, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.scorers.json_format import broken_rules, schema_valid
from goldgate.task.examples import Example
from goldgate.task.task import Task

SCHEMA = {
    "type": "object",
    "required": ["total"],
    "additionalProperties": False,
    "properties": {
        "total": {"type": "number", "minimum": 0},
        "items": {"type": "array", "items": {"type": "string"}},
        "date": {"anyOf": [{"type": "null"}, {"type": "string", "pattern": "^[0-9-]+$"}]},
    },
}


class Asked:
    schema = SCHEMA
    validator = Task.validator


TASK: Any = Asked()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"total": 1}', []),
        ('{"total": -3}', ["total: -3 is less than the minimum of 0"]),
        ("{}", ["the whole: 'total' is a required property"]),
        ('{"total": 1, "items": ["a", 2]}', ["items[1]: 2 is not of type 'string'"]),
        ('{"total": 1, "date": "soon"}', ["date: 'soon' does not match '^[0-9-]+$'"]),
        ('{"total": "1", "items": 3}', ["items: 3 is not of type 'array'", "total: '1' is not of type 'number'"]),
        ('{"total": 1', ["not JSON: Expecting ',' delimiter: line 1 column 12 (char 11)"]),
    ],
)
def test_a_broken_rule_is_told_with_its_place(text: str, told: list[str]) -> None:
    assert broken_rules(TASK, text) == told


lists = st.lists(st.sampled_from(["a", 1]), max_size=2)
values = st.none() | st.integers(-2, 2) | st.sampled_from(["1-2", "x"]) | lists


@given(st.dictionaries(st.sampled_from(("total", "items", "date", "more")), values))
def test_an_answer_is_valid_where_no_rule_is_broken(value: Any) -> None:
    text = json.dumps(value)
    assert schema_valid(TASK, Example("e", "x", {}), text) == float(not broken_rules(TASK, text))
