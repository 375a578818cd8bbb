"""The champions of tasks: which there are, and the one before made champion again."""

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
    """A champion that is champion again. was: the one that was taken back; adapter: where the adapter should lie and
    does not, empty where it does; unanswered: golden examples that are newer than its answers, of `golden`.
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
        """What is to be known before it serves."""
        gone = f"its adapter does not lie at {self.adapter}: bring it back before you serve it"
        newer = f"{self.unanswered} of {self.golden} golden examples are newer than its answers"
        return (*([gone] if self.adapter else []), *([newer] if self.unanswered else []))

    def to_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "champion": self.now.subject,
            "identity": self.now.identity,
            "instead_of": self.was.identity,
            "reason": self.reason,
            "remarks": list(self.remarks),
        }


def run_rollback(project: Project, name: str, to: str | None, reason: str) -> RolledBack:
    """Makes the champion before, or the one named, the champion again."""
    task = load_task(project, name)
    was, now = roll_back(project, task, to, reason, date.today().isoformat())
    gone = str(now.adapter["path"]) if now.adapter and not adapter_is_here(project, now) else ""
    golden = load_split(project, name, "golden").examples
    unanswered = sum(now.recorded.lookup(now.identity, e.digest) is None for e in golden)
    return RolledBack(name, was, now, reason, gone, unanswered, len(golden))


def adapter_is_here(project: Project, champion: Champion) -> bool:
    """Whether the champion's adapter lies where it was promoted from, and is what was promoted."""
    try:
        return bool(read_adapter(project.root / champion.adapter["path"]).digest == champion.adapter["digest"])
    except UserError:
        return False


@dataclass(frozen=True)
class Champions:
    """The champion of every task; None where there is none."""

    rows: Mapping[str, Mapping[str, Any] | None]

    def to_json(self) -> dict[str, Any]:
        return dict(self.rows)


@dataclass(frozen=True)
class History:
    """The champion of one task, those before it and those that were taken back, the last one first."""

    task: str
    champion: Mapping[str, Any] | None
    previous: tuple[Mapping[str, Any], ...] = ()
    rollbacks: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        previous, rollbacks = list(self.previous), list(self.rollbacks)
        return {"task": self.task, "champion": self.champion, "previous": previous, "rollbacks": rollbacks}


def run_champions(project: Project, name: str | None) -> Champions | History:
    """The champion of every task; of one task, its history."""
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
