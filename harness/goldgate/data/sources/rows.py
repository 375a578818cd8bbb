"""From records to rows: the columns that the user named, or the shape that was recognised, and what a row must have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_json
from goldgate.data.row import Row
from goldgate.data.sources.choices import Choices
from goldgate.data.sources.record import LONGEST_CELL, Broken, NotMappedError, NoValue, Record
from goldgate.data.sources.shapes import Shape, is_own, own_parts
from goldgate.data.sources.values import (
    ABSENT,
    accept_of,
    find,
    group_of,
    input_of,
    is_empty,
    is_no_text,
    short_text,
    tags_of,
    time_of,
)

_READ: Mapping[str, Callable[[Any], Any]] = {"accept": accept_of, "tags": tags_of, "group": group_of, "time": time_of}
_MOST_KNOWN = 10_000  # columns of which it is remembered whether they are used
_NONE: Mapping[str, Any] = {}  # one for all rows that have no notes: a million empty ones would take 64 MB
_LONGEST_NOTE = 80  # characters of the name of a customer, a template or a layout


@dataclass(frozen=True)
class Plan:
    """How the records of a file become rows.

    Attributes:
        columns: Part → column or path; empty if a shape is used.
        shape: The shape; None if columns are used.
        keep: Outputs that look empty but are meant, in lower case.
    """

    columns: Mapping[str, str]
    shape: Shape | None
    keep: frozenset[str]
    _known: dict[str, bool] = field(default_factory=dict)

    def uses(self, key: str) -> bool:
        """Whether a column or key of a record goes into a part of a row."""
        if (known := self._known.get(key)) is None:  # asked for every cell
            known = self._uses(key)
            if len(self._known) < _MOST_KNOWN:
                self._known[key] = known
        return known

    def _uses(self, key: str) -> bool:
        if self.shape is not None:
            return key in self.shape.used or (not self.shape.used and key != "")
        return any(key == name or name.startswith((f"{key}.", f"{key}[")) for name in self.columns.values())


def row_of(record: Record, plan: Plan) -> Row | Broken:
    """Turns a record into a row.

    Args:
        record: The record.
        plan: Which of its values are which part.

    Returns:
        The row, or why it is none.
    """
    try:
        parts = _parts(record, plan)
        _check(parts, record, plan)
        row = _row(parts, record, plan)
    except NotMappedError as error:
        return Broken(record.place, error.reason, error.detail, dict(record.values))
    return row


def _parts(record: Record, plan: Plan) -> dict[str, Any]:
    if plan.shape is not None:
        if not plan.shape.fits(record.values):
            raise NotMappedError(f"a row that has not the shape {plan.shape.name}", f"keys: {', '.join(record.values)}")
        return plan.shape.parts(record.values)
    parts = {part: find(record.values, column) for part, column in plan.columns.items()}
    if set(plan.columns.items()) == {("input", "input"), ("output", "output")} and is_own(record.values):
        return own_parts(record.values)
    return parts


def _check(parts: Mapping[str, Any], record: Record, plan: Plan) -> None:
    for part in ("input", "output"):
        value = parts.get(part)
        if value is ABSENT:
            raise NotMappedError(f'no "{plan.columns.get(part, part)}" in the row')
        if isinstance(value, NoValue):
            raise NotMappedError(value.reason, value.detail)
        if isinstance(value, str) and len(value) > LONGEST_CELL:
            raise NotMappedError(f"{part} of more than {LONGEST_CELL} characters", f"{len(value)}")
        looks_empty = is_empty if part == "output" else is_no_text
        if looks_empty(value, plan.keep):
            raise NotMappedError(f"an empty {part}", f"it is {value!r}" if value else "")
    try:
        for value in parts.values():
            # Nearly every value is plain text, of which nothing has to be checked.
            if not (isinstance(value, str) and value.isascii()) and not isinstance(value, NoValue):
                check_json(value, record.place.file)
    except UserError as error:
        raise NotMappedError("a value that is neither text nor JSON", error.what) from error


def _row(parts: Mapping[str, Any], record: Record, plan: Plan) -> Row:
    there = {part: value for part, value in parts.items() if not isinstance(value, NoValue)}
    identity, meta, output = there.get("id"), there.get("meta"), there["output"]
    more: Mapping[str, str] = _NONE
    if plan.shape is None:
        notes = {k: short_text(v, _LONGEST_NOTE) for k, v in record.values.items() if not plan.uses(k)}
        more = {key: note for key, note in notes.items() if note is not None} or _NONE
    return Row(
        input=input_of(there["input"]),
        output=intern(output) if isinstance(output, str) and len(output) <= _LONGEST_NOTE else output,
        place=record.place,
        more=more,
        id=str(identity) if isinstance(identity, str | int) and identity != "" else None,
        meta=meta if isinstance(meta, dict) and meta else _NONE,
        **{part: reads(there[part]) for part, reads in _READ.items() if part in there},
    )


def plan_of(columns: Mapping[str, str], shape: Shape | None, choices: Choices) -> Plan:
    """Which values of a file's records are which part of a row."""
    return Plan(columns, None if columns else shape, choices.keep)
