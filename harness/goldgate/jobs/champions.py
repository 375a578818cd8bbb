"""`goldgate champions` and `goldgate rollback`: lists the champions of tasks, and restores an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from goldgate.base.errors import UserError
from goldgate.champion.change import roll_back
from goldgate.champion.record import RECORD, Champion, kept_folder, load_champion
from goldgate.models.adapter import read_adapter
from goldgate.task.examples import load_split
from goldgate.task.project import Project
from goldgate.task.task import load_task


@dataclass(frozen=True)
class RolledBack:
    """A rollback: an earlier champion that is champion again.

    Attributes:
        task: Name of the task.
        was: The champion that was taken back.
        now: The champion that was restored.
        reason: Why, as recorded.
        adapter: Where its adapter is expected but missing; empty if it is there.
        unanswered: Number of golden examples without a recorded answer of it, because they are newer.
        golden: Number of golden examples.
    """

    task: str
    was: Champion
    now: Champion
    reason: str
    adapter: str
    unanswered: int
    golden: int

    @property
    def remarks(self) -> tuple[str, ...]:
        """What to know before the restored champion serves requests."""
        gone = f"its adapter is not at {self.adapter}: restore it before you serve this champion"
        newer = f"{self.unanswered} of {self.golden} golden examples are newer than its recorded answers"
        return (*([gone] if self.adapter else []), *([newer] if self.unanswered else []))

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            "task": self.task,
            "champion": self.now.subject,
            "identity": self.now.identity,
            "instead_of": self.was.identity,
            "reason": self.reason,
            "remarks": list(self.remarks),
        }


def run_rollback(project: Project, name: str, to: str | None, reason: str) -> RolledBack:
    """Makes the previous champion, or the named one, the champion again.

    Args:
        project: The project.
        name: Name of the task.
        to: Which earlier champion to restore; None for the previous one.
        reason: Why; it is recorded.

    Returns:
        The rollback.

    Raises:
        UserError: There is no such task or no such champion.
    """
    task = load_task(project, name)
    was, now = roll_back(project, task, to, reason, date.today().isoformat())
    gone = str(now.adapter["path"]) if now.adapter and not adapter_is_here(project, now) else ""
    golden = load_split(project, name, "golden").examples
    unanswered = sum(now.recorded.lookup(now.identity, e.digest) is None for e in golden)
    return RolledBack(name, was, now, reason, gone, unanswered, len(golden))


def adapter_is_here(project: Project, champion: Champion) -> bool:
    """Returns whether the champion's adapter is still where it was promoted from, and unchanged."""
    try:
        return bool(read_adapter(project.root / champion.adapter["path"]).digest == champion.adapter["digest"])
    except UserError:
        return False


@dataclass(frozen=True)
class Champions:
    """The champion of every task.

    Attributes:
        rows: Champion by task; None for a task without one.
    """

    rows: Mapping[str, Mapping[str, Any] | None]

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return dict(self.rows)


@dataclass(frozen=True)
class History:
    """The champions that one task has had.

    Attributes:
        task: Name of the task.
        champion: The current champion; None if there is none.
        previous: Earlier champions, the latest first.
        rollbacks: Champions that were taken back, the latest first.
    """

    task: str
    champion: Mapping[str, Any] | None
    previous: tuple[Mapping[str, Any], ...] = ()
    rollbacks: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        previous, rollbacks = list(self.previous), list(self.rollbacks)
        return {"task": self.task, "champion": self.champion, "previous": previous, "rollbacks": rollbacks}


def run_champions(project: Project, name: str | None) -> Champions | History:
    """Lists the champion of every task, or the history of one task.

    Args:
        project: The project.
        name: Name of a task, for its history; None for all tasks.

    Returns:
        The champions of all tasks, or the history of one.

    Raises:
        UserError: There is no such task, or a champion's record is broken.
    """
    if name is not None:
        return _history(project, project.check_task(name))
    rows: dict[str, Mapping[str, Any] | None] = {}
    for task in project.tasks():
        champion = load_champion(project, task)
        rows[task] = None if champion is None else _now(champion)
    return Champions(rows)


def _history(project: Project, name: str) -> History:
    champion = load_champion(project, name)
    if champion is None:
        return History(name, None)
    previous, rollbacks = (
        tuple({**row, "kept": _is_kept(project, name, row)} for row in rows)
        for rows in (champion.previous, champion.rollbacks)
    )
    return History(name, _now(champion), previous, rollbacks)


def _is_kept(project: Project, name: str, row: Mapping[str, Any]) -> bool:
    return (kept_folder(project.suite(name), str(row["identity"])) / RECORD).is_file()


def _now(champion: Champion) -> dict[str, Any]:
    return {
        "subject": champion.subject,
        "identity": champion.identity,
        "run": champion.run,
        "look": champion.look,
        "forced": champion.forced,
        "opened": champion.opened,
        "promoted": champion.promoted or None,
    }
