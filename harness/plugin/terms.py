"""On which terms golden is looked at: the look that a run is, its level, and whether golden is opened or sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from harness.baselines import is_declared
from harness.champion import CHAMPION, Champion
from harness.errors import UserError
from harness.examples import Split
from harness.gates import (
    Look,
    LookKey,
    check_ledger,
    check_named,
    is_opened,
    level,
    mark_opened,
    open_look,
    read_looks,
    spent,
    suite_digest,
)
from harness.measures import Reading
from harness.plugin.options import Choice
from harness.project import Project
from harness.runs import git_commit, looks_named
from harness.scorers import scorer_versions
from harness.subjects import Subject
from harness.task import Task


@dataclass(frozen=True)
class Terms:
    """How the gates of this run are decided. look: the one it is, None where it is none; note: for people; error: None
    where golden was opened and no error rate holds; sealed: verdicts alone are shown.
    """

    level: float
    reading: Reading
    force: Reading | None
    error: float | None
    note: str
    look: Look | None
    sealed: bool = False


def writes_looks(project: Project, choice: Choice) -> bool:
    """Whether a look may be written here."""
    return not choice.ci or project.demo


class Ledger:
    """The looks at the golden split of one task, as one run adds to them. tested: the identity of who takes a look."""

    def __init__(self, project: Project, task: Task, champion: Champion | None, choice: Choice,
                 tested: Callable[[Subject], str]) -> None:
        self._project, self._task, self._champion, self._choice = project, task, champion, choice
        self._tested = tested
        self._folder = project.golden(task.name) / "looks"
        self._sealed = task.golden == "sealed"

    def settle(self, split: Split, candidate: Subject | None) -> Terms:
        """The terms of a run on golden. candidate: None where no test uses one. A candidate that is no declared
        baseline takes a look: recorded before any score is known, and where CI is set only read.
        """
        task = self._task
        check_ledger(self._folder, sealed=self._sealed)
        look, mark = self._look_or_none(split, candidate)
        if self._choice.open_golden:
            self._open_golden(look)
        opened = is_opened(self._folder)
        note = f"{mark}, opened" if opened else mark
        error = None if opened else task.error
        reached = look.level if look else level(1, task.error)
        return Terms(reached, task.gates, None, error, note, look, self._sealed)

    def spent(self, terms: Terms) -> dict[str, Any]:
        """What the looks at this golden split have cost, and whether it was opened or is sealed."""
        looks = read_looks(self._folder)
        return {"looks": len(looks), "spent": spent(looks), "error": self._task.error, "opened": terms.error is None,
                "sealed": terms.sealed}

    def _look_or_none(self, split: Split, candidate: Subject | None) -> tuple[Look | None, str]:
        """The look at golden that this run is, and what messages call it."""
        mark = f"golden {split.fingerprint[:4]}"
        if candidate is None:
            return None, mark
        if is_declared(self._task, candidate.name):
            return None, f"{mark}; a declared baseline takes no look"
        look = self._look(split, candidate)
        return look, f"look {look.number} of {mark}"

    def _look(self, split: Split, candidate: Subject) -> Look:
        task, choice = self._task, self._choice
        key = LookKey(split.fingerprint, self._tested(candidate), suite_digest(task, scorer_versions(task)))
        named = [] if self._champion is None else self._champion.looks
        check_named(self._folder, [*named, *looks_named(self._project, task.name)])
        recorded = any(look.key == key for look in read_looks(self._folder))
        return open_look(
            self._folder, key, candidate=CHAMPION if choice.by_champion else choice.candidate or candidate.name,
            date=date.today().isoformat(), commit=None if recorded else git_commit(self._project.root),
            error=task.error, write=writes_looks(self._project, choice), sealed=self._sealed,
        )

    def _open_golden(self, look: Look | None) -> None:
        """Records that golden is opened, before an example of it is shown. Raises UserError where it may not be."""
        if self._sealed:
            raise UserError("golden is sealed: its examples are not shown", f'{self._task.folder / "task.yaml"}, field'
                            ' "golden"', "look at dev's: pytest --split dev")
        if look is None:
            raise UserError("golden is opened at a look, and this run takes none", "--open-golden",
                            "test a candidate that is no declared baseline")
        if writes_looks(self._project, self._choice):
            mark_opened(self._folder, look)
        elif not is_opened(self._folder):
            raise UserError("golden is not opened, and where CI is set nothing is written", "--open-golden",
                            "open it elsewhere and commit the ledger, or leave --open-golden out")
