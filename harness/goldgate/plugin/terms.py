"""The terms on which the gates of a run are decided: level, reading and, on golden, the look that the run takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.champion.record import CHAMPION, Champion
from goldgate.data.leaks import check_leaks, check_paraphrases
from goldgate.ledger import (
    Look,
    LookKey,
    bring_looks,
    check_ledger,
    check_named,
    example_prints,
    find_look,
    has_outcome,
    is_opened,
    level,
    looks_elsewhere,
    mark_opened,
    open_look,
    read_looks,
    spent,
    suite_digest,
    told,
)
from goldgate.measures import Reading, Recording
from goldgate.plugin.options import Choice
from goldgate.runs.folder import git_commit, looks_named
from goldgate.scored.baselines import is_declared
from goldgate.scorers import scorer_versions
from goldgate.subjects import Subject
from goldgate.task.examples import SPLITS, Split, load_split, read_card
from goldgate.task.project import Project
from goldgate.task.task import Task


@dataclass(frozen=True)
class Ledger:
    """The cost of all looks at a golden split.

    Attributes:
        looks: Number of looks.
        spent: Error that they have spent.
        error: The suite's error rate, of which `spent` is a part.
        opened: Whether golden's examples were shown.
        sealed: Whether only verdicts are shown.
    """

    looks: int
    spent: float
    error: float
    opened: bool
    sealed: bool


@dataclass(frozen=True)
class Terms:
    """The terms on which the gates of a run are decided.

    Attributes:
        level: Level of shown gates, per side.
        reading: The default reading of gates.
        force: One reading for all gates; None to use each gate's own.
        error: Error rate that a pass carries; None if golden was opened.
        note: Where a verdict was given, for its message.
        look: The look that the run takes; None if it takes none.
        ledger: The cost of looks so far; None on dev.
        notes: Lines for the summary about the look.
    """

    level: float
    reading: Reading
    force: Reading | None
    error: float | None
    note: str
    look: Look | None
    ledger: Ledger | None
    notes: tuple[str, ...] = ()

    @property
    def sealed(self) -> bool:
        return self.ledger is not None and self.ledger.sealed

    def recording(self) -> Recording:
        """Returns the terms as gates are tested on them, without a recorder."""
        return Recording(self.level, self.reading, self.force, None, self.note, self.error, self.sealed)

    def to_json(self) -> dict[str, Any]:
        """Returns the facts for the summary as plain JSON values."""
        look = None if self.look is None else {"name": self.look.name, "number": self.look.number, "new": self.look.new}
        return {"level": self.level, "look": look, "ledger": None if self.ledger is None else vars(self.ledger)}


def dev_terms(task: Task) -> Terms:
    """Returns the terms on dev, where every gate is read as observed, because dev was used to choose the candidate.

    Args:
        task: The task.

    Returns:
        The terms.
    """
    return Terms(level(1, task.error), task.gates, "observed", task.error, "dev", None, None)


def golden_terms(
    project: Project,
    task: Task,
    choice: Choice,
    champion: Champion | None,
    split: Split,
    candidate: Subject | None,
    tested: Callable[[Subject], str],
    compared: Callable[[LookKey], Mapping[str, str]],
) -> Terms:
    """Returns the terms on golden, where a candidate that is not a declared baseline takes a look.

    The look is recorded before any score is known. In CI it is only read.

    Args:
        project: The project.
        task: The task.
        choice: The options of the run.
        champion: The current champion, if any.
        split: The golden split.
        candidate: The subject under test; None if no test uses it.
        tested: Returns the identity under which a subject takes its look.
        compared: Returns role → identity, of everybody that the suite compares with, for the key of a look.

    Returns:
        The terms.

    Raises:
        UserError: Golden leaks into another split, its ledger is broken, or it may not be looked at or opened.
    """
    folder = ledger_folder(project, task.name)
    _check_leaks(project, task)
    check_ledger(folder, sealed=task.golden == "sealed")
    look, note = None, f"golden {split.fingerprint[:4]}"
    notes: list[str] = []
    if candidate is not None and is_declared(task, candidate.name):
        note += "; a declared baseline takes no look"
    elif candidate is not None:
        name = CHAMPION if choice.by_champion else choice.candidate or candidate.name
        key = LookKey(split.fingerprint, tested(candidate), suite_digest(task, scorer_versions(task)))
        look = _look(project, task, choice, champion, split, name, key, compared(key), notes)
        note = f"look {look.number} of {note}"
    if choice.open_golden:
        _open_golden(folder, task, look, write=writes(project, choice))
    looks = check_ledger(folder, sealed=task.golden == "sealed")
    ledger = Ledger(len(looks), spent(looks), task.error, is_opened(folder), task.golden == "sealed")
    error, note = (None, f"{note}, opened") if ledger.opened else (task.error, note)
    at = look.level if look else level(1, task.error)
    return Terms(at, task.gates, None, error, note, look, ledger, tuple(notes))


def ledger_folder(project: Project, task: str) -> Path:
    """Returns the folder that holds the looks at a task's golden split."""
    return project.golden(task) / "looks"


def writes(project: Project, choice: Choice) -> bool:
    """Returns whether this run may write to the ledger, which in CI only a running `goldgate demo` may do."""
    return choice.looks and (not choice.ci or project.in_demo)


def _check_leaks(project: Project, task: Task) -> None:
    """Raises UserError if a golden example also occurs in a split that training may read, or twice in golden, exactly
    or nearly.
    """
    folder = project.golden(task.name)
    names = [n for n in SPLITS if (folder / f"{n}.jsonl").is_file()]
    splits = {n: load_split(project, task.name, n) for n in names}
    check_leaks(splits, folder)
    if task.paraphrases == "refused":
        check_paraphrases(splits, folder)


def _look(
    project: Project,
    task: Task,
    choice: Choice,
    champion: Champion | None,
    split: Split,
    name: str,
    key: LookKey,
    compared: Mapping[str, str],
    notes: list[str],
) -> Look:
    folder, write, sealed = ledger_folder(project, task.name), writes(project, choice), task.golden == "sealed"
    check_named(folder, [*([] if champion is None else champion.looks), *looks_named(project, task.name)])
    looks = read_looks(folder)
    recorded = find_look(folder, looks, key, compared)
    if write and (recorded is None or not has_outcome(folder, recorded)):  # git may know what was lost here
        notes += _from_elsewhere(project, folder, split)
    if write and recorded is None and (others := told(folder, looks, key, compared)):
        notes.append(f"this is another look than one before{others}")
    look = open_look(
        folder,
        key,
        candidate=name,
        date=date.today().isoformat(),
        commit=None if recorded is not None else git_commit(project.root),
        error=task.error,
        write=write,
        sealed=sealed,
        compared=compared,
        examples=example_prints(split),
    )
    if read_card(project.golden(task.name)).splits["golden"]["fingerprint"] != split.fingerprint:
        raise UserError(
            "golden was refreshed while this run was testing the previous split", str(folder), "run it again"
        )
    return look


def _from_elsewhere(project: Project, folder: Path, split: Split) -> list[str]:
    """Counts looks at the same examples that the ledger does not hold yet. Returns what to say about it."""
    elsewhere = looks_elsewhere(project.root, folder, split)
    brought = bring_looks(folder, elsewhere)
    said = [f"{brought} looks at these examples from other branches, tasks or retired ledgers count here from now on"]
    return [*(said if brought else []), *([elsewhere.note] if elsewhere.note else [])]


def _open_golden(folder: Path, task: Task, look: Look | None, *, write: bool) -> None:
    """Records that golden is opened, before any of its examples is shown. Raises UserError if that is not allowed."""
    if task.golden == "sealed":
        raise UserError(
            "golden is sealed: its examples are not shown",
            f'{task.folder / "task.yaml"}, field "golden"',
            "look at dev instead: pytest --split dev",
        )
    if look is None:
        raise UserError(
            "opening golden needs a look, and this run takes none",
            "--open-golden",
            "test a candidate that is not a declared baseline",
        )
    if write:
        mark_opened(folder, look)
    elif not is_opened(folder):
        raise UserError(
            "golden is not opened, and nothing is written in CI",
            "--open-golden",
            "open it elsewhere and commit the ledger, or leave --open-golden out",
        )
