"""Carrying out what was decided: splits and card change in one step, or nothing does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, joined
from goldgate.base.files import parse_json
from goldgate.data.account import Account
from goldgate.data.check import check_outputs
from goldgate.data.extend import extend_splits
from goldgate.data.folder import changed_folder
from goldgate.data.labels import FILE as LABELS
from goldgate.data.leaks import check_leaks
from goldgate.data.personal import check_secrets, find_in_rows
from goldgate.data.review.items import ACCEPT, CHANGE, DROP, KEEP, Item
from goldgate.data.review.settled import Settled, add_labels, settled
from goldgate.data.review.table import Decision
from goldgate.data.rewrite import meaning_of
from goldgate.data.row import Place, Row
from goldgate.data.scaffold import write_split
from goldgate.data.teaching import REVIEWED_BY, TEACHER
from goldgate.ledger import locked
from goldgate.task.examples import Card, Example, Split, card_of, read_card, write_card
from goldgate.task.task import Task
from goldgate.task.validation import schema_errors


@dataclass(frozen=True)
class Applied:
    """What a review changed.

    Attributes:
        counts: Decision → how often it was carried out.
        known: How many decisions of the file had been carried out before.
        lines: What it means for golden.
    """

    counts: Mapping[str, int]
    known: int
    lines: tuple[str, ...]


def apply_decisions(
    folder: Path, task: Task, splits: Mapping[str, Split], items: Sequence[Item], decisions: Sequence[Decision], by: str
) -> Applied:
    """Carries out decisions and enters them into card.json's `review`.

    Args:
        folder: golden/<task>.
        task: The task.
        splits: Name → split, as they are in the files.
        items: All questions that could be asked now, those of golden among them.
        decisions: The decisions.
        by: Who decided.

    Returns:
        What was changed.

    Raises:
        UserError: A decision is about something else than the data of now, an output is invalid, or the splits would
            have a fault; all at once, and nothing is changed.
    """
    card, asked = read_card(folder), {item.key: item for item in items}
    done = {row["key"] for row in card.review}
    new = [one for one in decisions if one.key not in done]
    edits = _edits(task, splits, asked, new, by)
    made = {name: _edited(split, edits.examples) for name, split in splits.items()}
    made, lines = _with_rows(task, made, edits.rows)
    for name, split in made.items():
        check_outputs(task, split, str(folder / f"{name}.jsonl"))
    check_leaks(made, folder)
    changed = [(edits.by[at].place, example) for at, example in edits.examples.items() if example is not None]
    check_secrets(find_in_rows([*changed, *((row.place, row) for row in edits.rows)]), "write the output without it")
    trail = [_entry(asked[one.key], one, by) for one in new]
    if trail:
        _write(folder, task, splits, made, card, trail, edits.labels)
    if edits.labels:
        lines.append(f"golden/{task.name}/{LABELS} has it; to merge labels: goldgate prepare {task.name} --clean")
    counts = {name: sum(row["decision"] == name for row in trail) for name in (KEEP, CHANGE, ACCEPT, DROP)}
    lines += meaning_of(folder, splits["golden"], made["golden"])
    return Applied({k: n for k, n in counts.items() if n}, len(decisions) - len(new), tuple(lines))


@dataclass
class _Edits:
    """What decisions do. by: (split, id) → the decision on it; examples: → the example after it, None if it is left
    out; rows: those that are added because their contradiction or their teacher's doubt is decided; labels: what is
    decided on pairs of them.
    """

    by: dict[tuple[str, str], Decision] = field(default_factory=dict)
    examples: dict[tuple[str, str], Example | None] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    labels: list[Settled] = field(default_factory=list)


def _edits(
    task: Task, splits: Mapping[str, Split], asked: Mapping[str, Item], decisions: Sequence[Decision], by: str
) -> _Edits:
    """Finds out what decisions do, and raises all that is wrong with them at once."""
    edits, faults = _Edits(), list[UserError]()
    for one in decisions:
        try:
            if (item := asked.get(one.key)) is None:
                hint = "the data has changed since, or the key was edited: write the review again"
                raise UserError(f"nothing is asked about {one.key:.40}", str(one.place), hint)
            if one.decision not in item.choices:
                known = "; ".join(f"{name}: {meaning}" for name, meaning in item.choices.items())
                what = f"{one.decision} does not say which output is right"
                raise UserError(what, f"{one.place}, column decision", known)
            if item.labels is not None:
                edits.labels.append(settled(item.labels, one))
                continue
            if not item.split:
                _settle(task, item, one, edits, by)
                continue
            at = item.split, item.id
            before = edits.by.setdefault(at, one)
            if (before.decision, before.new_output) != (one.decision, one.new_output):
                raise UserError(
                    f"{item.id} is decided on otherwise at {before.place}", str(one.place), "keep one of them"
                )
            edits.examples[at] = _signed(_changed(task, splits[item.split].by_id[item.id], one), by)
        except UserError as error:
            faults.append(error)
    if faults:
        raise joined(faults)
    return edits


def _settle(task: Task, item: Item, one: Decision, edits: _Edits, by: str) -> None:
    """Makes an example of rows that contradict each other, or of what a teacher is in doubt about."""
    if one.decision == DROP:
        return
    if item.doubt is None:
        edits.rows.append(Row(item.input, _output(task, one), one.place))
    else:
        output = item.doubt.output if one.decision == KEEP else _output(task, one)
        notes = {TEACHER: item.doubt.teacher, REVIEWED_BY: by}
        edits.rows.append(Row(item.doubt.input, output, one.place, meta=notes))


def _signed(example: Example | None, by: str) -> Example | None:
    """Notes who has looked at an output that a teacher gave."""
    if example is None or TEACHER not in example.meta:
        return example
    return replace(example, meta={**example.meta, REVIEWED_BY: by})


def _edited(split: Split, examples: Mapping[tuple[str, str], Example | None]) -> Split:
    after = (examples.get((split.name, example.id), example) for example in split)
    return Split(split.name, tuple(example for example in after if example is not None))


def _with_rows(task: Task, splits: Mapping[str, Split], rows: Sequence[Row]) -> tuple[dict[str, Split], list[str]]:
    """The splits with rows added to train and dev, and what became of those that were not."""
    made, lines = dict(splits), []
    # A teacher's doubts are no sample of what comes in, so dev gets none of them.
    for taught, what in (
        (False, "contradiction is settled were added to train and dev"),
        (True, "output a person gave or confirmed were added to train"),
    ):
        if not (mine := [row for row in rows if (TEACHER in row.meta) == taught]):
            continue
        account = Account()
        known = {
            name: [Row(e.input, e.output, Place(name, i), e.accept, e.tags, e.group) for i, e in enumerate(split, 1)]
            for name, split in made.items()
        }
        made = extend_splits(made, known, mine, 0, account, kind=task.kind, train_only=taught).splits
        lines.append(f"{account.kept} rows whose {what}")
        lines += [f"{row.place} was not added: {row.reason}" for row in account.aside]
    return made, lines


def _changed(task: Task, old: Example, one: Decision) -> Example | None:
    """The example after a decision; None if it is left out."""
    if one.decision == DROP:
        return None
    if one.decision == KEEP:
        return old
    output = _output(task, one)
    if one.decision == CHANGE:
        return replace(old, output=output, accept=tuple(a for a in old.accept if a != output))
    return old if output in old.answers else replace(old, accept=(*old.accept, output))


def _output(task: Task, one: Decision) -> Any:
    where = f"{one.place}, column new_output"
    if task.kind == "text":
        return one.new_output
    if task.kind == "label":
        if (label := task.label(one.new_output)) is None:
            raise UserError(f'"{one.new_output:.60}" is none of the labels', where, ", ".join(task.labels[:20]))
        return label
    output = parse_json(one.new_output, where, "write the output as JSON")
    if error := next(schema_errors(task.validator, output), None):
        raise UserError(f"does not match the schema: {error.message:.120}", where, "mend the output")
    return output


def _entry(item: Item, one: Decision, by: str) -> dict[str, Any]:
    after = {"after": one.new_output} if one.new_output else {}
    note = {"note": one.note} if one.note else {}
    return {
        "key": item.key,
        "kind": item.kind,
        "split": item.split,
        "id": item.id,
        "decision": one.decision,
        "before": item.output,
        **after,
        **note,
        "by": by,
        "on": datetime.now(UTC).date().isoformat(),
    }


def _write(
    folder: Path,
    task: Task,
    before: Mapping[str, Split],
    after: Mapping[str, Split],
    card: Card,
    trail: Sequence[Mapping[str, Any]],
    labels: Sequence[Settled],
) -> None:
    review = [*card.review, *map(dict, trail)]
    made = card_of(task.name, dict(after), card.prepared, card.licence, card.source, card.account, review)
    with locked(folder / "looks"), changed_folder(folder) as part:
        for name, split in after.items():
            if split != before[name]:
                write_split(part, split)
        if labels:
            add_labels(part, labels)
        write_card(part, made)
