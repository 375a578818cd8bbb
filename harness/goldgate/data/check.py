"""Checking a task's splits: outputs match the schema or the labels, and no example is duplicated or leaked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.base.files import read_json
from goldgate.data.leaks import check_leaks
from goldgate.data.teaching import REVIEWED_BY, TEACHER, unsigned
from goldgate.task.examples import SPLITS, Card, Split, card_of, load_split, read_split, write_card
from goldgate.task.project import Project
from goldgate.task.task import Task
from goldgate.task.validation import schema_errors


@dataclass(frozen=True)
class Quality:
    """The result of a check.

    Attributes:
        splits: Name → split.
        remarks: Findings that do not make the data unusable.
    """

    splits: dict[str, Split]
    remarks: tuple[str, ...]


def check_task_data(project: Project, task: Task) -> Quality:
    """Reads and checks all splits of a task.

    Args:
        project: The project.
        task: The task.

    Returns:
        The splits and remarks on them.

    Raises:
        UserError: A fault would make verdicts worthless: an output is invalid, a split was changed, or an example is in
            two splits, exactly or nearly.
    """
    splits = {name: load_split(project, task.name, name) for name in SPLITS}
    for split in splits.values():
        check_outputs(task, split, str(project.golden(task.name) / f"{split.name}.jsonl"))
    check_leaks(splits, project.golden(task.name))
    return Quality(splits, tuple(_remarks(splits)))


def rewrite_card(project: Project, task: Task, splits: dict[str, Split] | None = None) -> Card:
    """Checks the splits as they are now and rewrites their card.

    Args:
        project: The project.
        task: The task.
        splits: The splits as they are in their files; None to read them.

    Returns:
        The new card, which keeps the old one's licence, source, account, review and description of how the splits were
        made.

    Raises:
        UserError: An output is invalid, or an example is in two splits, exactly or nearly.
    """
    folder = project.golden(task.name)
    splits = splits or {name: read_split(folder, name) for name in SPLITS}
    for split in splits.values():
        check_outputs(task, split, str(folder / f"{split.name}.jsonl"))
    check_leaks(splits, folder)
    old = read_json(folder / "card.json") if (folder / "card.json").is_file() else {}
    told = {"prepared": "by hand", "licence": "not stated", "source": "not stated"}
    account = review = None
    if isinstance(old, dict):
        told |= {key: old[key] for key in told if isinstance(old.get(key), str)}
        account = old["account"] if isinstance(old.get("account"), dict) else None
        review = old["review"] if isinstance(old.get("review"), list) else None
    card = card_of(task.name, splits, **told, account=account, review=review)
    write_card(folder, card)
    return card


def check_outputs(task: Task, split: Split, where: str) -> None:
    """Checks the outputs of a split, and in golden that a person has looked at those that a teacher gave.

    Args:
        task: The task.
        split: The split.
        where: The split's file, for the message.

    Raises:
        UserError: An output does not match the schema or is not a label of the task, or nobody has signed it off; the
            first one is named.
    """
    if split.name == "golden" and (given := unsigned(split.examples)):
        raise UserError(
            f"the output is by a teacher, {given[0].meta[TEACHER]!s:.60}, and no person has signed it off",
            f"{where}, example {given[0].id}, field meta",
            f'add it to train instead; or look at it, and write "{REVIEWED_BY}": NAME beside "{TEACHER}"',
        )
    if task.kind == "json":
        for example in split:
            for output in example.answers:
                error = next(schema_errors(task.validator, output), None)
                if error is not None:
                    at = ".".join(str(p) for p in error.absolute_path) or "the whole output"
                    raise UserError(
                        f"the output does not match the schema at {at}: {error.message:.120}",
                        f'{where}, example {example.id}, field "output"',
                        "fix the output or the schema",
                    )
        return
    for example in split:
        for output in example.answers:
            if not isinstance(output, str):
                raise UserError(
                    f"the output must be text, not {output!r:.40}",
                    f'{where}, example {example.id}, field "output"',
                    "write a string",
                )
            if task.kind == "label" and task.label(output) is None:
                raise UserError(
                    f'"{output}" is not one of the {len(task.labels)} labels in task.yaml',
                    f'{where}, example {example.id}, field "output"',
                    "add the label, or fix the output",
                )


def _remarks(splits: dict[str, Split]) -> list[str]:
    remarks = []
    for split in splits.values():
        outputs: dict[str, set[str]] = defaultdict(set)
        for example in split:
            outputs[" ".join(example.text.split()).casefold()].add(str(example.output))
        twice = sum(1 for found in outputs.values() if len(found) > 1)
        if twice:
            remarks.append(f"{split.name}: {twice} inputs occur with two different outputs")
    missing = sorted(set(splits["golden"].tag_counts()) - set(splits["dev"].tag_counts()))
    if missing:
        remarks.append(
            f"dev has no example tagged {', '.join(missing)}: gates on these tags cannot be tried before golden"
        )
    return remarks
