"""Scores of JSON answers: valid, valid by the schema, field by field, exactly right."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from harness.examples import Example
from harness.fingerprint import digest
from harness.scorers.fields import compare, field_score, parse_json
from harness.task import Task

_validators: dict[str, Any] = {}


def json_valid(task: Task, example: Example, text: str) -> float:
    """1 if the answer is one JSON value (no key twice) and nothing else but blanks or one code fence; else 0."""
    return 0.0 if _parsed(text) is None else 1.0


def schema_valid(task: Task, example: Example, text: str) -> float:
    """1 if the answer is JSON and valid by the task's JSON Schema (jsonschema, formats not asserted); else 0."""
    value = _parsed(text)
    return 1.0 if value is not None and _validator(task).is_valid(value[0]) else 0.0


def field_accuracy(task: Task, example: Example, text: str) -> float:
    """Weighted share of fields right or rightly empty, in [0, 1]; the best over all accepted outputs; 0 if no JSON."""
    value = _parsed(text)
    if value is None:
        return 0.0
    return max(field_score(expected, value[0], task.fields) for expected in example.answers)


def exact_json(task: Task, example: Example, text: str) -> float:
    """1 if every field is right or rightly empty and none is invented, for any accepted output; else 0."""
    value = _parsed(text)
    if value is None:
        return 0.0
    return float(any(all(v.ok for v in compare(e, value[0], task.fields)) for e in example.answers))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[Any] | None:
    """The parsed value in a 1-tuple (so that null is not nothing), or None."""
    try:
        return (parse_json(text),)
    except ValueError:
        return None


def _validator(task: Task) -> Any:
    from jsonschema.validators import validator_for

    schema = dict(task.schema or {})
    key = digest(schema)
    if key not in _validators:
        _validators[key] = validator_for(schema)(schema)
    return _validators[key]
