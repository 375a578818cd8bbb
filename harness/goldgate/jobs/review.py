"""`goldgate review`: what wants a person becomes a table, and its decisions become changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.extras import is_installed
from goldgate.data.components import find_components, unlike_pairs
from goldgate.data.coverage import coverage
from goldgate.data.labels import LookAlike, count_labels, known_rules, look_alikes
from goldgate.data.placed import rows_of
from goldgate.data.rejects import REJECTS, read_rejects
from goldgate.data.review import Applied, Review, apply_decisions, items_of, read_decisions, write_table
from goldgate.data.row import Row
from goldgate.data.suspects import suspects_or_reason
from goldgate.data.teaching import FILE as DOUBTS
from goldgate.data.teaching import read_doubts
from goldgate.jobs.closeness import find_close
from goldgate.jobs.progress import Progress, Silent
from goldgate.models.embedder import embed
from goldgate.task.examples import SPLITS, Split, load_split, read_card
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task
from goldgate_reports.review_page import write_review_page


@dataclass(frozen=True)
class Asked:
    """A table that was written.

    Attributes:
        task: Name of the task.
        to: The table; None if there was nothing to ask.
        kinds: Kind of question and split → how many are asked.
        remarks: What is not asked, and why.
    """

    task: str
    to: Path | None
    kinds: Mapping[str, int]
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {**asdict(self), "to": None if self.to is None else str(self.to)}


@dataclass(frozen=True)
class Reviewed:
    """Decisions that were carried out.

    Attributes:
        task: Name of the task.
        applied: What they changed.
    """

    task: str
    applied: Applied

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {"task": self.task, **asdict(self.applied)}


def run_review(
    project: Project, name: str, to: Path, golden: bool = False, whole: bool = False, progress: Progress | None = None
) -> Asked:
    """Writes what wants a person as a table, or as a page.

    Args:
        project: The project.
        name: Name of the task.
        to: The file to write: a table (.csv, .xlsx), or a page (.html) that writes one.
        golden: Whether golden's examples are asked about, and so shown, as well.
        whole: Whether all doubtful outputs are asked about, not the next batch of each split.
        progress: Receives the progress.

    Returns:
        What was asked.

    Raises:
        UserError: There is no such task, its data is invalid, or the table cannot be written.
    """
    task = load_task(project, name)
    if golden and task.golden == "sealed":
        raise UserError("golden is sealed: its examples are not shown", f"task {name}", "leave --golden out")
    found = _review(project, task, _splits(project, name), golden, whole, progress or Silent())
    if found.items and to.suffix == ".html":
        write_review_page(to, task, found.items, found.remarks)
    elif found.items:
        write_table(to, found.items)
    kinds: dict[str, int] = {}
    for item in found.items:
        kind = f"{item.kind} in {item.split}" if item.split else item.kind
        kinds[kind] = kinds.get(kind, 0) + 1
    return Asked(name, to if found.items else None, kinds, found.remarks)


def run_decisions(project: Project, name: str, source: Path, by: str, progress: Progress | None = None) -> Reviewed:
    """Carries out the decisions of a table.

    Args:
        project: The project.
        name: Name of the task.
        source: The table.
        by: Who decided.
        progress: Receives the progress.

    Returns:
        What was changed.

    Raises:
        UserError: The table, a decision or the data is invalid; nothing is changed.
    """
    task, splits = load_task(project, name), _splits(project, name)
    decisions = read_decisions(source)
    if not decisions:
        raise UserError("no row has a decision", str(source), "fill in the column decision")
    asked = _review(project, task, splits, True, True, progress or Silent(), anew=True)
    return Reviewed(name, apply_decisions(project.golden(name), task, splits, asked.items, decisions, by))


def _splits(project: Project, name: str) -> dict[str, Split]:
    return {split: load_split(project, name, split) for split in SPLITS}


def _review(
    project: Project,
    task: Task,
    splits: Mapping[str, Split],
    golden: bool,
    whole: bool,
    progress: Progress,
    anew: bool = False,
) -> Review:
    folder = project.golden(task.name)
    by_split = {name: rows_of(folder, split) for name, split in splits.items()}
    rows = [row for found in by_split.values() for row in found]
    places = {
        row.place: (name, example.id)
        for name, split in splits.items()
        for row, example in zip(by_split[name], split, strict=True)
    }
    pairs = find_close(project.cache, progress, [row.text for row in rows]).pairs
    unlike = () if task.kind == "text" else unlike_pairs(rows, find_components(rows, pairs), pairs)
    suspects = suspects_or_reason(task, splits, project.cache)
    trail = [] if anew else read_card(folder).review
    rejects, doubts = read_rejects(folder / REJECTS), read_doubts(folder / DOUBTS)
    alike = _alike(project, task, rows) if task.kind == "label" else []
    found = items_of(splits, places, suspects, unlike, rejects, doubts, alike, trail, golden, whole)
    thin = sum(bool(cell.thin) for cell in coverage(splits, task.kind))
    few = f"{thin} labels and edge cases have few examples; golden/{task.name}/data.html lists them"
    return replace(found, remarks=(*found.remarks, few)) if thin else found


def _alike(project: Project, task: Task, rows: Sequence[Row]) -> list[LookAlike]:
    rules = known_rules(task.data)
    counts = count_labels((str(row.output) for row in rows), rules)
    there = is_installed("sentence_transformers")
    return look_alikes(counts, rules, partial(embed, cache=project.cache) if there else None)
