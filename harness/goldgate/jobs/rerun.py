"""`goldgate train --rerun RUN`: the run's best adapter, trained again from its record. Is it the same, to the byte?"""

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
"""Conditions that are part of the adapter: where they differ, another one is certain, and no training is worth it."""


@dataclass(frozen=True)
class Rerun:
    """What became of a run's best adapter. attempt: the one that was compared, with its digest then and now; all None
    where nothing was trained; changed: what is different since, in words.
    """

    run: str
    attempt: int | None
    then: str | None
    now: str | None
    changed: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether it is the same adapter, to the byte."""
        return self.attempt is not None and self.then == self.now

    @property
    def passed(self) -> bool:
        return self.same

    def to_json(self) -> dict[str, Any]:
        record = {"run": self.run, "same": self.same, "changed": list(self.changed)}
        if self.attempt is None:
            return record
        return record | {"attempt": self.attempt, "then": self.then, "now": self.now}


def run_rerun(project: Project, name: str, progress: Progress) -> Rerun:
    """Trains the best attempt of a run, and those that it went on from, in a scratch folder of the run, and compares
    digests; passed where they are equal. Where they are not, the result names what is different since. Raises UserError
    for a run that has not ended, or whose record says too little.
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
    changed = differences(then, conditions(model, work.task, work.split("train")))
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
    """What has changed between two sets of conditions, in words, by its name."""
    return {
        key: f"{key}: {_said(then.get(key))} then, {_said(now.get(key))} now"
        for key in sorted({*then, *now})
        if then.get(key) != now.get(key)
    }


def _dev_changed(record: RunRecord, chain: list[Trained], work: Workspace) -> dict[str, str]:
    """What differences() would say of the dev split, where answers to it decided which epoch was kept."""
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
    """An attempt with all that training it again takes. adapter: digest of what it was."""

    k: int
    recipe: Mapping[str, Any]
    adapter: str
    continue_from: int | None


def _chain(attempts: Sequence[AttemptFacts], best: int, where: str) -> list[Trained]:
    """The attempts that lead to the best one: it is the last, and the first began at the base model."""
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
            raise UserError(f"attempt {k} is not there", place, "train again")
        chain.insert(0, rows[k])
        k = rows[k].continue_from
    return chain
