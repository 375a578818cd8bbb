"""Inferring the kind of a task, and a JSON Schema, from the outputs in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.task.form import text_form
from goldgate.task.task import Kind

_MOST_LABELS = 200  # more distinct outputs than this are free text, not a closed set
_MOST_CHOICES = 24  # a JSON field with at most this many distinct strings may be an enum
_EACH = 5  # a value of a closed set occurs at least this often on average


def infer_kind(outputs: Sequence[Any]) -> Kind:
    """Infers the kind of a task.

    Args:
        outputs: The expected outputs.

    Returns:
        "json" if any output is not a string, "label" if they are a small closed set of strings, else "text".
    """
    if any(not isinstance(o, str) for o in outputs):
        return "json"
    distinct = len({text_form(o) for o in outputs})
    return "label" if 2 <= distinct <= _MOST_LABELS and len(outputs) >= _EACH * distinct else "text"


def infer_schema(outputs: Sequence[Any]) -> dict[str, Any]:
    """Infers a JSON Schema (2020-12) that every output matches.

    Args:
        outputs: The expected outputs.

    Returns:
        A schema with types, required keys, and enums for strings that look like a closed set.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_schema(outputs)}


def _schema(values: Sequence[Any]) -> dict[str, Any]:
    kinds = Counter(_type(v) for v in values)
    parts = [_of_type(kind, [v for v in values if _type(v) == kind]) for kind in sorted(kinds)]
    return parts[0] if len(parts) == 1 else {"anyOf": parts}


def _of_type(kind: str, values: Sequence[Any]) -> dict[str, Any]:
    if kind == "object":
        return _object(values)
    if kind == "array":
        items = [item for value in values for item in value]
        return {"type": "array", "items": _schema(items)} if items else {"type": "array"}
    if kind == "string":
        counts = Counter(values)
        if len(counts) <= _MOST_CHOICES and len(values) >= 4 * _EACH * len(counts):
            return {"type": "string", "enum": sorted(counts)}
    return {"type": kind}


def _object(values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    keys = list(
        dict.fromkeys(k for v in values for k in v)
    )  # in order of first occurrence, which constrained decoding follows
    return {
        "type": "object",
        "properties": {k: _schema([v[k] for v in values if k in v]) for k in keys},
        "required": [k for k in keys if all(k in v for v in values)],
        "additionalProperties": False,
    }


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    names = {dict: "object", list: "array", str: "string", type(None): "null"}
    return names[type(value)]
