"""What a review decides on labels that look alike, written into labels.yaml without touching what stands there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import read_text, write_whole
from goldgate.data.cleaning.invisible import visible
from goldgate.data.labels import FILE, NONE, LabelRules, LookAlike, known_rules, read_labels
from goldgate.data.review.items import CHANGE, DROP
from goldgate.data.review.table import Decision


@dataclass(frozen=True)
class Settled:
    """An entry of labels.yaml.

    Attributes:
        key: merge, distinct or missing.
        line: The entry as a line of YAML.
    """

    key: str
    line: str


def settled(pair: LookAlike, one: Decision) -> Settled:
    """Turns a decision on a pair of labels into an entry.

    Args:
        pair: The pair.
        one: The decision.

    Returns:
        The entry.

    Raises:
        UserError: The label of both is to be one that is neither.
    """
    if one.decision == DROP:
        return Settled("missing", f"  - {_quoted(pair.rarer)}")
    if one.decision != CHANGE:
        return Settled("distinct", f"  - [{_quoted(pair.rarer)}, {_quoted(pair.other or NONE)}]")
    new = visible(one.new_output)
    if new not in (pair.rarer, pair.other):
        hint = f"write {pair.rarer} or {pair.other}"
        raise UserError(f'"{new:.60}" is neither of the two', f"{one.place}, column new_output", hint)
    old = pair.rarer if new == pair.other else pair.other
    return Settled("merge", f"  {_quoted(old)}: {_quoted(new)}")


def add_labels(folder: Path, entries: Sequence[Settled]) -> None:
    """Adds entries to labels.yaml. Everything else in it stays as it is.

    Args:
        folder: The folder of the file.
        entries: The entries.

    Raises:
        UserError: The file has a form that lines cannot be added to, or contradicts the entries.
    """
    path, before = folder / FILE, known_rules(folder)
    text = read_text(path) if path.is_file() else ""
    for key in dict.fromkeys(entry.key for entry in entries):
        text = _with(text, key, [entry.line for entry in entries if entry.key == key])
    write_whole(path, text)
    hint = "\n".join(["write what was decided yourself:", *(f"{entry.key}: {entry.line.strip()}" for entry in entries)])
    try:
        after = read_labels(path)
    except UserError as error:
        raise UserError(error.what, FILE, hint) from error
    if len(_every(after)) != len(_every(before)) + len(entries):
        raise UserError("lines cannot be added to its form", FILE, hint)


def _with(text: str, key: str, lines: Sequence[str]) -> str:
    """The text with lines under a key of its own line, or at its end."""
    found = text.split("\n")
    at = next((i for i, line in enumerate(found) if line.rstrip() == f"{key}:"), None)
    if at is None:
        return "\n".join([*([text.rstrip("\n")] if text.strip() else []), f"{key}:", *lines, ""])
    return "\n".join([*found[: at + 1], *lines, *found[at + 1 :]])


def _every(rules: LabelRules) -> list[object]:
    return [*rules.merge.items(), *rules.missing, *rules.distinct]


def _quoted(label: str) -> str:
    return json.dumps(label, ensure_ascii=False)
