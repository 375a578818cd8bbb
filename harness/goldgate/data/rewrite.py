"""Changing the splits of a task on request: cleaning, taking cleaning back, and replacing personal data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json, read_text, write_json, write_whole
from goldgate.base.fingerprint import short
from goldgate.data.account import Account
from goldgate.data.check import check_outputs
from goldgate.data.cleaning.changes import FILE as CHANGES
from goldgate.data.cleaning.changes import Change, plain, read_changes, tell, undo, write_changes
from goldgate.data.cleaning.clean import clean_rows
from goldgate.data.folder import changed_folder
from goldgate.data.labels import known_rules
from goldgate.data.leaks import check_leaks
from goldgate.data.personal import REDACTIONS, StandIns, scrub
from goldgate.data.placed import rows_of, with_row
from goldgate.data.report import personal_data
from goldgate.data.row import Place, Row
from goldgate.data.teaching import FILE as DOUBTS
from goldgate.data.teaching import Doubt, as_lines, read_doubts
from goldgate.ledger import locked, read_looks
from goldgate.task.examples import SPLITS, Split, read_split
from goldgate.task.project import Project
from goldgate.task.task import Task

_FIELDS = ("input", "output", "accept", "tags", "group", "meta")

Splits = Mapping[str, Split]


@dataclass(frozen=True)
class Rewritten:
    """What a change of the splits did.

    Attributes:
        changed: Split → number of its examples that changed.
        lines: What was done, and what it means, for people.
        account: What became of every row that was read; None if none was.
    """

    changed: Mapping[str, int]
    lines: tuple[str, ...]
    account: Account | None = None


def clean_splits(project: Project, task: Task) -> Rewritten:
    """Cleans the splits by the rules of `goldgate.data.cleaning`, and adds to the change log.

    Args:
        project: The project.
        task: The task. The merges in its labels.yaml are made.

    Returns:
        What was changed.

    Raises:
        UserError: The splits or labels.yaml are broken, or an output is invalid after cleaning; nothing is changed.
    """
    folder = project.golden(task.name)
    before = _splits(folder)
    found = clean_rows(_rows(folder, before), task.kind, task.schema, known_rules(folder))
    told = [*tell(found.changes), *(f"left as it is: {what}, {len(at)} rows" for what, at in found.left.items())]
    return _rewrite(
        project, task, before, _with_rows(before, found.rows), [*read_changes(folder), *found.changes], told
    )


def restore_splits(project: Project, task: Task) -> Rewritten:
    """Takes back all that `clean_splits` has done, by the change log, which is then empty.

    Args:
        project: The project.
        task: The task.

    Returns:
        What was changed.

    Raises:
        UserError: There is no change to take back, or an example was changed by hand since; nothing is changed.
    """
    folder = project.golden(task.name)
    before, changes = _splits(folder), read_changes(folder)
    mine = [change for change in changes if not change.source]
    if not mine:
        raise UserError("there is no clean-up to take back", str(folder / CHANGES), "the splits are as they were")
    others = [change for change in changes if change.source]
    told = [f"{len(mine)} changes were taken back"]
    return _rewrite(project, task, before, _with_rows(before, undo(_rows(folder, before), mine)), others, told)


def redact_splits(project: Project, task: Task) -> Rewritten:
    """Replaces personal data and secrets by stand-ins, the same for the same original in all splits, and in the inputs
    whose output a teacher is in doubt about.

    Args:
        project: The project.
        task: The task.

    Returns:
        What was changed.

    Raises:
        UserError: The splits are broken, or an output is invalid with a stand-in; nothing is changed.
    """
    folder = project.golden(task.name)
    before, used = _splits(folder), _used(folder)
    doubts = read_doubts(folder / DOUBTS)
    doubted = [Row(one.input, one.output, Place(DOUBTS, number)) for number, one in enumerate(doubts, 1)]
    stand_ins = StandIns([*(example for split in before.values() for example in split), *doubted], used)
    after = {name: Split(name, tuple(map(stand_ins.replaced, split))) for name, split in before.items()}
    told = [f"{kind}: {count} replaced, each by a stand-in of its own" for kind, count in stand_ins.counts.items()]
    told += (
        ["the originals are still in version control, in runs/, in caches and in earlier golden splits"] if told else []
    )
    changes = [c for c in read_changes(folder) if scrub([c.before, c.after]) == [c.before, c.after]]
    given = Counter(used) + Counter(stand_ins.counts)
    rows = map(stand_ins.replaced, doubted)
    new = [replace(one, input=row.input, output=row.output) for one, row in zip(doubts, rows, strict=True)]
    return _rewrite(project, task, before, after, changes, told, given, new if new != doubts else ())


def _splits(folder: Path) -> dict[str, Split]:
    return {name: read_split(folder, name) for name in SPLITS}


def _rows(folder: Path, splits: Splits) -> list[Row]:
    return [row for split in splits.values() for row in rows_of(folder, split)]


def _with_rows(splits: Splits, rows: Sequence[Row]) -> dict[str, Split]:
    left = iter(rows)
    return {name: Split(name, tuple(with_row(e, next(left)) for e in split)) for name, split in splits.items()}


def _used(folder: Path) -> dict[str, int]:
    path = folder / REDACTIONS
    if not path.is_file():
        return {}
    raw = read_json(path)
    return check_object(raw, str(path), "restore it from version control", **dict.fromkeys(raw, int))


def _rewrite(
    project: Project,
    task: Task,
    before: Splits,
    after: Splits,
    changes: Sequence[Change],
    told: Sequence[str],
    redactions: Mapping[str, int] | None = None,
    doubts: Sequence[Doubt] = (),
) -> Rewritten:
    """Writes changed splits and the change log, if `prepare` will accept them. The card is left to it."""
    folder = project.golden(task.name)
    for split in after.values():
        check_outputs(task, split, str(folder / f"{split.name}.jsonl"))
    check_leaks(after, folder)
    personal_data(task, after)
    edits = {name: _edits(before[name], split) for name, split in after.items()}
    changed = {name: len(found) for name, found in edits.items() if found}
    if not changed and not doubts:
        return Rewritten({}, ("nothing was to be changed",))
    lines = [*told, *meaning_of(folder, before["golden"], after["golden"])]
    with locked(folder / "looks"), changed_folder(folder) as part:
        for name in changed:
            _edit(part / f"{name}.jsonl", edits[name])
        (part / CHANGES).unlink(missing_ok=True)
        write_changes(part, changes)
        if doubts:
            write_whole(part / DOUBTS, as_lines(doubts))
        if redactions:
            write_json(part / REDACTIONS, dict(redactions))
    return Rewritten(changed, tuple(lines))


def _edits(before: Split, after: Split) -> dict[int, dict[str, Any]]:
    """Position of an example → the new values of its keys. The order of the keys of an output counts too."""
    found = {}
    for position, (old, new) in enumerate(zip(before, after, strict=True)):
        fields = {name: plain(getattr(new, name)) for name in _FIELDS}
        if odd := {n: v for n, v in fields.items() if json.dumps(v) != json.dumps(plain(getattr(old, n)))}:
            found[position] = odd
    return found


def _edit(path: Path, edits: Mapping[int, Mapping[str, Any]]) -> None:
    """Changes the lines of some examples and leaves all others, blank ones too, byte for byte as they are."""
    lines = read_text(path).split("\n")
    numbers = [number for number, line in enumerate(lines) if line.strip()]
    for position, new in edits.items():
        number = numbers[position]
        lines[number] = json.dumps({**json.loads(lines[number]), **new}, ensure_ascii=False)
    write_whole(path, "\n".join(lines))


def meaning_of(folder: Path, before: Split, after: Split) -> list[str]:
    """Says what a changed golden split means for its looks.

    Args:
        folder: golden/<task>.
        before: Golden as it was.
        after: Golden as it will be.

    Returns:
        Lines for people; none if it stays the same.
    """
    if before.fingerprint == after.fingerprint:
        return []
    lines = [
        f"golden is another split now: its fingerprint was {short(before.fingerprint)} and is"
        f" {short(after.fingerprint)}. What was decided on the old one stays recorded; a champion has to be gated again"
    ]
    if looks := len(read_looks(folder / "looks")):
        lines.append(f"its {looks} looks stay in the ledger and go on counting: the next one is look {looks + 1}")
    return lines
