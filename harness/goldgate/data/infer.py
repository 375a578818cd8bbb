"""Inferring a JSON Schema from the outputs in a file, with what was left open and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.task.form import text_form

_MOST_CHOICES = 24  # a field with at most this many distinct strings may be a closed set
_EACH = 20  # a value of a closed set occurs at least this often on average ..
_LEAST = 5  # .. and each at least this often: a rarer one may be a slip, and others may follow


@dataclass(frozen=True)
class Inferred:
    """A schema that was inferred.

    Attributes:
        schema: The JSON Schema.
        closed: What is closed: each field with the number of values that it may have.
        open: What was left open although it has few values, is sometimes missing or has several types, with counts.
    """

    schema: dict[str, Any]
    closed: tuple[str, ...]
    open: tuple[str, ...]


def infer_schema(outputs: Sequence[Any]) -> Inferred:
    """Infers a JSON Schema (2020-12) that every output matches.

    Args:
        outputs: The expected outputs.

    Returns:
        A schema with types and required keys. Strings become an enum only in a field that is never missing, if each
        value occurs at least five times, twenty times on average, and no two differ in case or blanks alone.
    """
    notes = _Notes([], [])
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_schema(outputs, "", True, notes)}
    return Inferred(schema, tuple(notes.closed), tuple(notes.open))


@dataclass(frozen=True)
class _Notes:
    closed: list[str]
    open: list[str]


def _schema(values: Sequence[Any], path: str, always: bool, notes: _Notes) -> dict[str, Any]:
    by_type: dict[str, list[Any]] = {}
    for value in values:
        by_type.setdefault(_type(value), []).append(value)
    if len(by_type) > 1:
        counts = sorted(by_type.items(), key=lambda pair: -len(pair[1]))
        notes.open.append(f"{path or 'the output'} is " + ", ".join(f"{kind} in {len(v)}" for kind, v in counts))
    parts = [_of_type(kind, found, path, always, notes) for kind, found in sorted(by_type.items())]
    return parts[0] if len(parts) == 1 else {"anyOf": parts}


def _of_type(kind: str, values: Sequence[Any], path: str, always: bool, notes: _Notes) -> dict[str, Any]:
    if kind == "object":
        return _object(values, path, always, notes)
    if kind == "array":
        items = [item for value in values for item in value]
        return {"type": "array", "items": _schema(items, f"{path}[]", always, notes)} if items else {"type": "array"}
    if kind == "string" and (choices := _choices(values, path, always, notes)):
        return {"type": "string", "enum": choices}
    return {"type": kind}


def _choices(values: Sequence[str], path: str, always: bool, notes: _Notes) -> list[str]:
    """The values of a closed set; none if the field is left open."""
    counts = Counter(values)
    if len(counts) > _MOST_CHOICES or len(values) < _EACH * len(counts):
        return []
    what = f"{path or 'the output'} has {len(counts)} values"
    if not always:
        notes.open.append(f"{what}, but is not always there")
    elif (least := min(counts, key=lambda v: (counts[v], v))) and counts[least] < _LEAST:
        notes.open.append(f'{what}, but "{least:.40}" occurs only {counts[least]} times')
    elif len({text_form(value).casefold() for value in counts}) < len(counts):
        notes.open.append(f"{what}, but some differ in case or blanks alone")
    else:
        notes.closed.append(f"{path or 'the output'} ({len(counts)} values)")
        return sorted(counts)
    return []


def _object(values: Sequence[Mapping[str, Any]], path: str, always: bool, notes: _Notes) -> dict[str, Any]:
    there = Counter(key for value in values for key in value)  # in order of first occurrence, as decoding follows it
    required = [key for key, count in there.items() if count == len(values)]
    properties = {}
    for key, count in there.items():
        inner = f"{path}.{key}" if path else key
        if count < len(values) and count > 0.9 * len(values):
            notes.open.append(f"{inner} is missing in {len(values) - count} of {len(values)}, so it is not required")
        found = [value[key] for value in values if key in value]
        properties[key] = _schema(found, inner, always and count == len(values), notes)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    names = {dict: "object", list: "array", str: "string", type(None): "null"}
    return names[type(value)]
