"""Rows to clean rows, with the log of what was changed and the list of what was found and left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from goldgate.data.cleaning.changes import FIELDS, Change, plain
from goldgate.data.cleaning.outputs import canonical, plan_outputs
from goldgate.data.cleaning.texts import clean_text, left
from goldgate.data.labels import LabelRules, spelled
from goldgate.data.row import Place, Row
from goldgate.data.steps import Advance, counted, ignore
from goldgate.task.task import Kind

_Clean = Callable[[Any], tuple[Any, tuple[str, ...]]]


@dataclass(frozen=True)
class Cleaned:
    """The result of cleaning.

    Attributes:
        rows: The rows, in the same order.
        changes: What was changed, row by row.
        left: What looks wrong and was left → the rows.
    """

    rows: list[Row]
    changes: list[Change]
    left: Mapping[str, tuple[Place, ...]]


def clean_rows(
    rows: Sequence[Row],
    kind: Kind,
    schema: Mapping[str, Any] | None = None,
    labels: LabelRules | None = None,
    advance: Advance = ignore,
) -> Cleaned:
    """Cleans rows. Cleaning clean rows changes nothing.

    Args:
        rows: The rows.
        kind: The kind of the task. Inputs, and the outputs of kind text, are cleaned by the rules for texts alone;
            JSON outputs get one form; labels lose what is not drawn, and the merges of `labels` are made.
        schema: The schema of kind json.
        labels: The confirmed merges of kind label.
        advance: Is told how many rows are done.

    Returns:
        The clean rows, the changes, and what was left. No row is left out, and no row becomes another's.
    """
    clean_output = _output_rule(rows, kind, schema, labels)
    clean: list[Row] = []
    changes: list[Change] = []
    doubts: dict[str, list[Place]] = {}
    for row in counted(rows, advance):
        new: dict[str, Any] = {}
        for field in FIELDS:
            value = getattr(row, field)
            better, applied = _cleaned(field, value, clean_output)
            if applied:
                new[field] = better
                changes.append(Change(str(row.place), field, applied, plain(value), plain(better)))
        clean.append(replace(row, **new) if new else row)
        for doubt in dict.fromkeys(left(text) for text in _texts(clean[-1])):
            if doubt:
                doubts.setdefault(doubt, []).append(row.place)
    return Cleaned(clean, changes, {doubt: tuple(places) for doubt, places in doubts.items()})


def _output_rule(
    rows: Sequence[Row], kind: Kind, schema: Mapping[str, Any] | None, labels: LabelRules | None
) -> _Clean:
    outputs = [output for row in rows for output in (row.output, *row.accept)]
    if kind == "json":
        return partial(canonical, plan=plan_outputs(outputs, schema))
    return spelled(outputs, labels) if kind == "label" else _text_output


def _text_output(output: Any) -> tuple[Any, tuple[str, ...]]:
    return clean_text(output) if isinstance(output, str) else (output, ())


def _cleaned(field: str, value: Any, clean_output: _Clean) -> tuple[Any, tuple[str, ...]]:
    """The clean value of a field, and the rules that changed it."""
    if field == "output":
        return clean_output(value)
    if field == "input" and isinstance(value, str):
        return clean_text(value)
    if field == "input":
        parts = [clean_text(message["content"]) for message in value]
        better: Any = tuple({**m, "content": text} for m, (text, _) in zip(value, parts, strict=True))
        return better, _joined(rules for _, rules in parts)
    parts = [clean_output(output) for output in value]
    return tuple(output for output, _ in parts), _joined(rules for _, rules in parts)


def _joined(rules: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule for some in rules for rule in some))


def _texts(row: Row) -> Iterable[str]:
    yield from (row.text, *(output for output in (row.output, *row.accept) if isinstance(output, str)))
