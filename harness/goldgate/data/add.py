"""`goldgate prepare --from FILE`: new rows for train and dev; golden and every example stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.data.account import Account, Refused
from goldgate.data.check import check_outputs
from goldgate.data.cleaning.changes import write_changes
from goldgate.data.closeness import FindPairs
from goldgate.data.decide import Wishes, decide
from goldgate.data.extend import extend_splits
from goldgate.data.folder import changed_folder
from goldgate.data.incoming import prepare_incoming
from goldgate.data.labels import known_rules, without_missing
from goldgate.data.leaks import check_leaks
from goldgate.data.placed import rows_of
from goldgate.data.rejects import REJECTS, write_rejects
from goldgate.data.rewrite import Rewritten
from goldgate.data.row import Row
from goldgate.data.scaffold import write_split
from goldgate.data.sources import Choices, read_rows
from goldgate.data.sources.hub import name_of
from goldgate.data.steps import Step, untold
from goldgate.data.teaching import AGREEMENT, TEACHER, Doubt, write_doubts
from goldgate.data.teaching import FILE as DOUBTS
from goldgate.ledger import locked
from goldgate.task.examples import SPLITS, Card, Split, card_of, load_split, read_card, write_card
from goldgate.task.project import Project
from goldgate.task.task import Task


def add_rows(
    project: Project,
    task: Task,
    source: Path,
    choices: Choices,
    find_pairs: FindPairs | None = None,
    train_only: bool = False,
    step: Step = untold,
) -> Rewritten:
    """Adds the rows of a file to train and dev.

    The change is atomic: a killed process leaves the old splits or the new ones.

    Args:
        project: The project.
        task: The task. Its kind, labels and schema decide which outputs are right; labels.yaml is followed.
        source: The file or folder of new rows.
        choices: What the user decides about reading.
        find_pairs: Finds inputs that embeddings find alike; None not to look for them.
        train_only: Whether dev gets none.
        step: Shows what is being done.

    Returns:
        How many examples train and dev got, with the account of the rows.

    Raises:
        UserError: The splits are broken.
        Refused: The file is broken, holds secrets or adds nothing; the error has the account of its rows.
    """
    before = {name: load_split(project, task.name, name) for name in SPLITS}
    account = Account(step=step)
    try:
        return _add(project.golden(task.name), task, before, source, choices, account, find_pairs, train_only)
    except UserError as error:
        raise Refused(error, account) from error


def _add(
    folder: Path,
    task: Task,
    before: Mapping[str, Split],
    source: Path,
    choices: Choices,
    account: Account,
    find_pairs: FindPairs | None,
    train_only: bool,
) -> Rewritten:
    rules = known_rules(folder)
    rows = read_rows(source, choices, account)
    if task.kind == "label":
        rows = without_missing(rows, account, rules)
    return add_read(folder, task, before, rows, source, account, find_pairs, train_only)


def add_read(
    folder: Path,
    task: Task,
    before: Mapping[str, Split],
    rows: list[Row],
    source: Path,
    account: Account,
    find_pairs: FindPairs | None,
    train_only: bool,
    doubts: Sequence[Doubt] = (),
) -> Rewritten:
    """Adds rows that have been read.

    Args:
        folder: golden/<task>.
        task: The task.
        before: Name → split, as they are in the files.
        rows: The rows.
        source: Where they come from.
        account: The account of the rows.
        find_pairs: Finds inputs that embeddings find alike; None not to look for them.
        train_only: Whether dev gets none.
        doubts: What is kept for a person beside them.

    Returns:
        How many examples train and dev got.

    Raises:
        UserError: A row is not right, or nothing is new.
    """
    rules = known_rules(folder)
    decided = decide(rows, None, Wishes(task.kind), account)
    incoming = prepare_incoming(decided, False, account, task.schema, rules)
    labels = tuple(task.labels) if task.kind == "label" else ()
    right = decide(incoming.decided.rows, None, Wishes(task.kind, labels, task.schema), account)
    known = {name: rows_of(folder, split) for name, split in before.items()}
    there = [[row.text for row in part] for part in known.values()]
    pairs = () if find_pairs is None else find_pairs([row.text for row in right.rows], there, account)
    made = extend_splits(before, known, right.rows, 0, account, kind=task.kind, pairs=pairs, train_only=train_only)
    after = {name: _with_notes(before[name], made.splits[name]) for name in before}
    for name, split in after.items():
        check_outputs(task, split, str(folder / f"{name}.jsonl"))
    check_leaks(after, folder)
    counts = {name: len(after[name]) - len(before[name]) for name in ("train", "dev")}
    if not any(counts.values()) and not doubts:
        raise UserError("no row is new", str(source), "see above what became of each")
    account.remarks += made.remarks
    _write(folder, after, _card(task, after, source, read_card(folder), account), incoming.changes, account, doubts)
    lines = (
        f"added: {counts['train']} to train, {counts['dev']} to dev; golden is as it was",
        "prompts that take their shots from train are other prompts now: their answers are asked for again, and a"
        " champion that was compared with one has to be gated again",
    )
    return Rewritten(counts, lines, account)


def _with_notes(before: Split, after: Split) -> Split:
    """Keeps those notes of new examples that the split's other examples have, and where they come from."""
    known = {key for example in before for key in example.meta} | {"from", "time", TEACHER, AGREEMENT}
    fresh = (
        replace(e, meta={k: v for k, v in e.meta.items() if k in known}) if e.id not in before.by_id else e
        for e in after
    )
    return Split(after.name, tuple(fresh))


def _card(task: Task, after: Mapping[str, Split], source: Path, old: Card, account: Account) -> Card:
    earlier: dict[str, Any] = dict(old.account or {})
    told = {**earlier, "added": [*earlier.get("added", ()), {"source": name_of(source), **account.to_json()}]}
    how = f"{old.prepared}; {account.kept} examples added from {name_of(source)}"
    return card_of(task.name, dict(after), how, old.licence, old.source, told, old.review)


def _write(
    folder: Path, after: Mapping[str, Split], card: Card, changes: Any, account: Account, doubts: Sequence[Doubt]
) -> None:
    with locked(folder / "looks"), changed_folder(folder) as part:
        for name in ("train", "dev"):
            write_split(part, after[name])
        write_changes(part, changes)
        if account.aside:
            write_rejects(part / REJECTS, account, after=True)
        if doubts:
            write_doubts(part / DOUBTS, doubts)
        write_card(part, card)
