"""What init and prepare do, as one result each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from goldgate.champion.record import load_champion
from goldgate.data.account import Account
from goldgate.data.augment import Augmentation, Copies, kept_augmentation, write_copies
from goldgate.data.check import rewrite_card
from goldgate.data.labels import FILE as LABELS
from goldgate.data.labels import propose_labels
from goldgate.data.nearness import refresh_novelty
from goldgate.data.refresh import refresh_golden
from goldgate.data.report import DataReport, report
from goldgate.data.rewrite import Rewritten
from goldgate.data.scaffold import Request, init_task
from goldgate.data.suspects import Suspects, suspects_or_reason
from goldgate.jobs.closeness import NONE, WHAT, Close, find_close, pair_finder
from goldgate.jobs.lengths import find_too_long
from goldgate.jobs.progress import Progress, Silent, once_it_takes_long
from goldgate.models.embedder import embed
from goldgate.task.examples import SPLITS, Split, read_split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task
from goldgate_reports.data_page import build_data_page


@dataclass(frozen=True)
class Initialised:
    """A task that was scaffolded.

    Attributes:
        task: Its name.
        kind: Its kind: json, label or text.
        splits: Number of examples by split.
        account: What became of every row, what was decided, and what the user should know about the data.
        report: What was found in the examples.
    """

    task: str
    kind: str
    splits: Mapping[str, int]
    account: Account
    report: DataReport

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        account = self.account.to_json()
        remarks = account.pop("remarks")
        return {
            "task": self.task,
            "kind": self.kind,
            "splits": dict(self.splits),
            "remarks": remarks,
            "account": account,
            "findings": self.report.to_json(),
        }


def run_init(
    folder: Path, cache: Path, request: Request, progress: Progress | None = None, embeddings: bool = True
) -> Initialised:
    """Scaffolds a task in the folder's project; a folder that is no project yet becomes one.

    Args:
        folder: The project's folder.
        cache: The cache folder.
        request: What to scaffold.
        progress: Receives the progress; None if nobody wants it.
        embeddings: Whether inputs that say the same in other words are looked for.

    Returns:
        The new task.

    Raises:
        UserError: The data or the request is invalid, or the task exists already.
    """
    project = Project(folder, cache)
    progress = progress or Silent()
    made = init_task(
        project, request, pair_finder(cache, progress) if embeddings else None, once_it_takes_long(progress)
    )
    task = load_task(project, request.task)
    counts = {name: len(split) for name, split in made.splits.items()}
    there = embeddings and (WHAT, NONE) not in {(d.what, d.value) for d in made.account.decisions}
    close = _close(cache, progress, made.splits) if there else None
    found = _examined(project, task, made.splits, close, progress)
    if found.alike:
        propose_labels(task.data / LABELS, found.alike, found.few)
    build_data_page(task.data, task.kind, made.splits, found, None)
    return Initialised(request.task, made.kind, counts, made.account, found)


@dataclass(frozen=True)
class Prepared:
    """A task whose card was written.

    Attributes:
        task: Its name.
        splits: The card's entry for each split.
        novelty: How close golden is to train, in words.
        report: What was found in the data.
        suspects: The examples whose outputs may be wrong, in the order in which to look at them.
        rewritten: What was changed on request; None if nothing was asked for.
        copies: The perturbed copies of train, which were made again; None if the task has none.
    """

    task: str
    splits: Mapping[str, Mapping[str, Any]]
    novelty: str
    report: DataReport
    suspects: Suspects
    rewritten: Rewritten | None = None
    copies: Copies | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        done: dict[str, Any] = {} if self.rewritten is None else {"changed": dict(self.rewritten.changed)}
        if self.rewritten is not None and self.rewritten.account is not None:
            done["account"] = self.rewritten.account.to_json()
        if self.copies is not None:
            done["copies"] = {"counts": dict(self.copies.counts), "near": self.copies.near}
        return {
            "task": self.task,
            "splits": self.splits,
            "novelty": self.novelty,
            "findings": self.report.to_json(),
            "suspects": self.suspects.to_json(),
            **done,
        }


def _close(cache: Path, progress: Progress, splits: Mapping[str, Split]) -> Close:
    """The close pairs of the inputs in all splits. What a preparation has embedded is known by now."""
    always = [[e.text for e in splits[name]] for name in ("golden", "dev")]
    return find_close(cache, progress, [e.text for e in splits["train"]], always)


def _examined(
    project: Project, task: Task, splits: Mapping[str, Split], close: Close | None, progress: Progress
) -> DataReport:
    pairs, embedding = (
        ((), None) if close is None or close.missed else (close.pairs, partial(embed, cache=project.cache))
    )
    found = report(task, splits, partial(find_too_long, project, task), pairs, embedding, once_it_takes_long(progress))
    return found if close is None or not close.missed else replace(found, missed=(*found.missed, close.missed))


def run_prepare(
    project: Project,
    name: str,
    rewrite: Callable[[Project, Task], Rewritten] | None = None,
    progress: Progress | None = None,
    augment: Augmentation | None = None,
) -> Prepared:
    """Checks the splits, writes their card, measures how close dev and golden are to train, and ranks suspects.

    The perturbed copies of train, where a task has them, are made again from what train is now.

    Args:
        project: The project.
        name: Name of the task.
        rewrite: Changes the splits first: add_rows, clean_splits, restore_splits or redact_splits; None leaves them as
            they are.
        progress: Receives the progress; None if nobody wants it.
        augment: Which perturbed copies of train the task is to have; None for those that it has.

    Returns:
        The card's contents, and what was found in the data.

    Raises:
        UserError: There is no such task, its data is invalid, or it holds secrets.
    """
    task = load_task(project, name)
    done = None if rewrite is None else rewrite(project, task)
    splits = {split: read_split(project.golden(name), split) for split in SPLITS}
    progress = progress or Silent()
    found = _examined(project, task, splits, _close(project.cache, progress, splits), progress)
    card = rewrite_card(project, task, splits)
    novelty = refresh_novelty(project, name, splits, anew=True)
    suspects = suspects_or_reason(task, splits, project.cache)
    build_data_page(task.data, task.kind, splits, found, suspects, novelty)
    wanted = augment or kept_augmentation(task.data)
    copies = None if wanted is None else write_copies(task, splits, wanted)
    return Prepared(name, card.splits, novelty, found, suspects, done, copies)


@dataclass(frozen=True)
class Refreshed:
    """A new golden split.

    Attributes:
        prepared: The card that was written for it.
        moved: Number of old golden examples, which now belong to dev.
        looks: Number of looks at the old split, which were retired.
        retired: Folder that the old looks were moved to.
        remarks: What the user should know about the new data.
        has_champion: Whether there is a champion to test on the new split.
    """

    prepared: Prepared
    moved: int
    looks: int
    retired: Path
    remarks: tuple[str, ...]
    has_champion: bool

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            **self.prepared.to_json(),
            "moved": self.moved,
            "looks": self.looks,
            "retired": str(self.retired),
            "remarks": list(self.remarks),
        }


def run_refresh(project: Project, name: str, source: Path, columns: tuple[str, str] | None) -> Refreshed:
    """Replaces the golden split by the examples of a file; the old examples move to dev and their looks are retired.

    Args:
        project: The project.
        name: Name of the task.
        source: File with the new examples.
        columns: Names of its input and output columns; None for the defaults.

    Returns:
        What was moved and retired.

    Raises:
        UserError: There is no such task, or the new examples are invalid.
    """
    made = refresh_golden(project, load_task(project, name), source, columns)
    prepared = run_prepare(project, name)
    has_champion = load_champion(project, name) is not None
    return Refreshed(prepared, made.moved, made.looks, made.retired, tuple(made.remarks), has_champion)
