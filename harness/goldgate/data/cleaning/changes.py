"""The change log: what every rule changed, from which the rows as they were can be restored."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_object, parse_json, read_text, write_whole
from goldgate.data.personal import scrub
from goldgate.data.row import Row

FILE = "changes.jsonl"
"""The log's name in golden/<task>."""
FIELDS = ("input", "output", "accept")
_SAMPLES = 3
_SHOWN = 60  # characters of a sample


@dataclass(frozen=True)
class Change:
    """A field of a row that rules changed.

    Attributes:
        row: Where the row stands ("orders.csv, line 41").
        field: One of FIELDS.
        rules: The names of the rules, in their order.
        before: The field as it was.
        after: The field as it is.
        source: Whether the row stands in a file that was read. Else it stands in a split, where it can be restored.
    """

    row: str
    field: str
    rules: tuple[str, ...]
    before: Any
    after: Any
    source: bool = False


def tell(changes: Sequence[Change]) -> list[str]:
    """Words what was changed: for each rule the number of rows and samples, before → after.

    Args:
        changes: The changes.

    Returns:
        Lines for people, the most frequent rule first. Personal data and secrets in the samples are masked.
    """
    rows: dict[str, dict[str, Change]] = defaultdict(dict)
    for change in changes:
        for rule in change.rules:
            rows[rule].setdefault(change.row, change)
    lines = []
    for rule, by_row in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0])):
        lines.append(f"{rule}: {len(by_row)} row{'s' if len(by_row) > 1 else ''}")
        for change in list(by_row.values())[:_SAMPLES]:
            before, after = (_shown(value, other) for value, other in _both(change))
            lines.append(f"  {change.row}, {change.field}: {before} → {after}")
    return lines


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """Returns rule → number of fields that it changed, the most frequent first."""
    return dict(Counter(rule for change in changes for rule in change.rules).most_common())


def _both(change: Change) -> tuple[tuple[str, str], tuple[str, str]]:
    masked = scrub(change.before), scrub(change.after)
    if masked[0] == change.before and masked[1] != change.after:
        masked = masked[1], masked[1]  # what was cleaned away hid it, so that only the clean text can be shown
    before, after = (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in masked)
    return (before, after), (after, before)


def _shown(text: str, other: str) -> str:
    """A text around its first difference from another one."""
    first = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    start = max(0, first - _SHOWN // 2)
    part = _with_escapes(text[start : start + _SHOWN])
    return f'{"…" if start else ""}"{part}"{"…" if start + _SHOWN < len(text) else ""}'


def _with_escapes(text: str) -> str:
    """Writes what a reader could not tell apart as escapes: characters that are not drawn, odd blanks, accents."""
    return "".join(
        c if c.isprintable() and not unicodedata.combining(c) else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def write_changes(folder: Path, changes: Iterable[Change]) -> None:
    """Adds changes to the change log.

    Args:
        folder: golden/<task>.
        changes: The changes, in the order in which they were made.
    """
    lines = [json.dumps(vars(change), ensure_ascii=False) for change in (*read_changes(folder), *changes)]
    if lines:
        write_whole(folder / FILE, "\n".join(lines) + "\n")


def read_changes(folder: Path) -> list[Change]:
    """Reads the change log.

    Args:
        folder: golden/<task>.

    Returns:
        The changes in the order in which they were made; empty if there is no log.

    Raises:
        UserError: A line is broken; the error names it.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    again = f"restore {path} from version control"
    changes = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        where = f"{path}, line {number}"
        raw = parse_json(line, path.name, again, number)
        raw = check_object(raw, where, again, row=str, field=str, rules=list, before=object, after=object)
        if raw["field"] not in FIELDS:
            raise UserError(f'no field "{raw["field"]}"', f'{where}, field "field"', near_names(raw["field"], FIELDS))
        if odd := set(raw) - set(Change.__dataclass_fields__):
            raise UserError(f'unknown key "{min(odd)}"', where, again)
        if not isinstance(raw.get("source", False), bool):
            raise UserError(f"cannot be {raw['source']!r:.40}", f'{where}, field "source"', again)
        changes.append(Change(**{**raw, "rules": tuple(raw["rules"])}))
    return changes


def undo(rows: Sequence[Row], changes: Sequence[Change]) -> list[Row]:
    """Restores rows as they were before the changes.

    Args:
        rows: The rows; changes of other rows are passed over.
        changes: The changes in the order in which they were made.

    Returns:
        The rows, in the same order.

    Raises:
        UserError: A field is not what the change made of it, because it was changed since; nothing is restored then.
    """
    by_row: dict[str, list[Change]] = defaultdict(list)
    for change in reversed(changes):
        by_row[change.row].append(change)
    return [_undone(row, by_row.get(str(row.place), ())) for row in rows]


def _undone(row: Row, changes: Iterable[Change]) -> Row:
    for change in changes:
        if plain(getattr(row, change.field)) != change.after:
            raise UserError(
                f"the {change.field} was changed after the clean-up, so its change cannot be undone",
                change.row,
                f"restore the row, or take its line out of {FILE}",
            )
        row = replace(row, **{change.field: _typed(change.field, change.before)})
    return row


def plain(value: Any) -> Any:
    """Returns a field of a row as JSON has it, with lists for tuples."""
    return [plain(inner) for inner in value] if isinstance(value, tuple) else value


def _typed(field: str, value: Any) -> Any:
    return tuple(value) if isinstance(value, list) and (field == "accept" or field == "input") else value
