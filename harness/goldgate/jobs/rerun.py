"""`goldgate train --rerun RUN`: the run's best adapter, trained again from its record. Is it the same, to the byte?"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import short
from goldgate.cli.screen import Result, Screen
from goldgate.jobs.training import train_shown
from goldgate.jobs.workspace import Work
from goldgate.models.embedded import ensure_model
from goldgate.runs.folder import Run, find_run, one_training
from goldgate.runs.part import needed
from goldgate.runs.record import AttemptFacts, RunRecord
from goldgate.task.project import Project
from goldgate.task.task import load_task
from goldgate_trainers import conditions, from_dict

_DECIDING = ("base model", "train")
"""Conditions that are part of the adapter: where they differ, another one is certain, and no training is worth it."""


def run_rerun(project: Project, name: str, screen: Screen | None = None) -> Result:
    """Trains the best attempt of a run, and those that it went on from, in a scratch folder of the run, and compares
    digests; passed where they are equal. Where they are not, the result names what is different since. Raises UserError
    for a run that has not ended, or whose record says too little.
    """
    screen = screen or Screen()
    run = find_run(project, name)
    where = str(run.path)
    record = run.read()
    work = Work(project, load_task(project, needed(record.task, "task", where, "train again")), screen)
    hint = f"let the run end, or train again: goldgate train {work.task.name}"
    best = needed(record.best, "best", where, hint)
    attempts = needed(record.attempts, "attempts", where, hint)
    then = needed(record.conditions, "conditions", where, hint)
    chain = _chain(attempts, best, where)
    with screen.step("fetch the base model", f"{work.task.model}, once; it stays in {project.cache}"):
        model = ensure_model(project.cache, work.task.model)
    changed = differences(then, conditions(model, work.task, work.split("train")))
    if decided := [line for key, line in changed.items() if key in _DECIDING]:
        return _result(run, None, decided)
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
    return _result(run, (last.k, last.adapter, made.digest), list(changed.values()))


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """What has changed between two sets of conditions, in words, by its name."""
    return {
        key: f"{key}: {_said(then.get(key))} then, {_said(now.get(key))} now"
        for key in sorted({*then, *now})
        if then.get(key) != now.get(key)
    }


def _dev_changed(record: RunRecord, chain: list[Trained], work: Work) -> dict[str, str]:
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


def _result(run: Run, compared: tuple[int, str, str] | None, changed: list[str]) -> Result:
    """compared: number of an attempt, its digest then and now; None where nothing was trained."""
    lines = [f"run {run.id} cannot come out the same, so nothing was trained"]
    same = False
    if compared is not None:
        k, then, now = compared
        same = then == now
        lines = [
            f"the same adapter, to the byte: attempt {k} of run {run.id} is {short(now)} again"
            if same
            else f"another adapter: attempt {k} of run {run.id} was {short(then)}, and is {short(now)} now"
        ]
    if changed:
        lines += ["changed since:" if not same else "although this has changed since:", *(f"  {c}" for c in changed)]
    elif not same:
        lines.append("nothing that the record knows has changed since; on a GPU, the same bytes are not promised")
    record = {"run": run.id, "same": same, "changed": changed}
    if compared is not None:
        record |= {"attempt": compared[0], "then": compared[1], "now": compared[2]}
    return Result(record, "\n".join(lines), same)
