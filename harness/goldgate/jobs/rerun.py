"""`goldgate train --rerun RUN`: trains a run's best adapter again from its record, and compares the bytes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import short
from goldgate.jobs.progress import Progress
from goldgate.jobs.training import train_shown
from goldgate.jobs.workspace import Workspace
from goldgate.models.embedded import ensure_model
from goldgate.runs.folder import find_run, one_training
from goldgate.runs.part import needed
from goldgate.runs.record import AttemptFacts, RunRecord
from goldgate.task.project import Project
from goldgate.task.task import load_task
from goldgate_trainers import conditions, from_dict

_DECIDING = ("base model", "train")
"""Conditions that always affect the adapter: if one differs, so will the adapter, and training again is pointless."""


@dataclass(frozen=True)
class Rerun:
    """The result of training a run's best adapter again.

    Attributes:
        run: Id of the run.
        attempt: Number of the attempt whose adapters were compared; None if nothing was trained.
        then: The adapter's digest in the run; None if nothing was trained.
        now: The adapter's digest now; None if nothing was trained.
        changed: What has changed since the run, in words.
    """

    run: str
    attempt: int | None
    then: str | None
    now: str | None
    changed: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both adapters are equal, byte for byte."""
        return self.attempt is not None and self.then == self.now

    @property
    def passed(self) -> bool:
        return self.same

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        record = {"run": self.run, "same": self.same, "changed": list(self.changed)}
        if self.attempt is None:
            return record
        return record | {"attempt": self.attempt, "then": self.then, "now": self.now}


def run_rerun(project: Project, name: str, progress: Progress) -> Rerun:
    """Trains a run's best attempt again, with the attempts that it continued from, and compares the digests.

    The adapters go into a scratch folder of the run, which is removed afterwards.

    Args:
        project: The project.
        name: The run's id or folder.
        progress: Receives the progress.

    Returns:
        The comparison, with what has changed since the run.

    Raises:
        UserError: The run has not ended, or its record lacks something that is needed.
    """
    run = find_run(project, name)
    where = str(run.path)
    record = run.read()
    work = Workspace(project, load_task(project, needed(record.task, "task", where, "train again")), progress)
    hint = f"let the run end, or train again: goldgate train {work.task.name}"
    best = needed(record.best, "best", where, hint)
    attempts = needed(record.attempts, "attempts", where, hint)
    then = needed(record.conditions, "conditions", where, hint)
    chain = _chain(attempts, best, where)
    with progress.step("fetch the base model", f"{work.task.model}, once; it stays in {project.cache}"):
        model = ensure_model(project.cache, work.task.model)
    changed = differences(then, conditions(model, work.task, work.learned))
    if decided := [line for key, line in changed.items() if key in _DECIDING]:
        return Rerun(run.id, None, None, None, tuple(decided))
    changed |= _dev_changed(record, chain, work)
    last = chain[-1]
    before: Path | None = None
    with one_training(project, work.task.name):
        for row in chain:
            recipe = from_dict(row.recipe, f'{where}, field "attempts"')
            made = train_shown(work, model, recipe, run.folder / "rerun" / str(row.k), before)
            before = made.adapter
            if made.digest != row.adapter:
                last = row
                break
    shutil.rmtree(run.folder / "rerun")
    return Rerun(run.id, last.k, last.adapter, made.digest, tuple(changed.values()))


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """Describes what has changed between two sets of conditions.

    Args:
        then: Conditions of the run.
        now: Conditions now.

    Returns:
        Each change in words, by the condition's name.
    """
    return {
        key: f"{key}: {_said(then.get(key))} then, {_said(now.get(key))} now"
        for key in sorted({*then, *now})
        if then.get(key) != now.get(key)
    }


def _dev_changed(record: RunRecord, chain: list[Trained], work: Workspace) -> dict[str, str]:
    """The change of the dev split, as from differences(), if answers on dev decided which epoch was kept."""
    dev = record.data.get("dev")
    if dev is None or dev.fingerprint is None or not any(row.recipe.get("patience") for row in chain):
        return {}
    return differences({"dev": dev.fingerprint}, {"dev": work.split("dev").fingerprint})


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v}" for k, v in value.items()) or "none"
    return short(value) if isinstance(value, str) and len(value) == 64 else str(value)


@dataclass(frozen=True)
class Trained:
    """An attempt, with everything that is needed to train it again.

    Attributes:
        k: Its number.
        recipe: Its recipe.
        adapter: Digest of its adapter.
        continue_from: Number of the attempt that it continued from; None if it began at the base model.
    """

    k: int
    recipe: Mapping[str, Any]
    adapter: str
    continue_from: int | None


def _chain(attempts: Sequence[AttemptFacts], best: int, where: str) -> list[Trained]:
    """The attempts that led to the best one, from the one that began at the base model to the best one itself."""
    place = f'{where}, field "attempts"'
    rows = {
        a.k: Trained(
            a.k,
            needed(a.recipe, "recipe", place, "train again"),
            needed(a.adapter, "adapter", place, "train again"),
            a.continue_from,
        )
        for a in attempts
    }
    chain: list[Trained] = []
    k: int | None = best
    while k is not None:
        if k not in rows or len(chain) == len(rows):
            raise UserError(f"attempt {k} is missing", place, "train again")
        chain.insert(0, rows[k])
        k = rows[k].continue_from
    return chain
