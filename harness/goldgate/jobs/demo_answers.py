"""The shipped baselines' recorded answers: put into a demo's project, made again in part, and first made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goldgate.answers.audit import audit, told
from goldgate.answers.given import FOLDER, RECORD, GivenRecord, answers_path, read_given
from goldgate.answers.recorded import Said, rows_of, write_recorded
from goldgate.base.files import whole_folder, write_json
from goldgate.jobs.workspace import Workspace
from goldgate.runs.folder import versions
from goldgate.scored.baselines import Prompted
from goldgate.subjects import Answer, Subject, parse_subject
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import load_task

AUDITED = 4
"""Recorded answers that a demo makes again: enough to notice another model, prompt or decoding, in seconds."""


def place(project: Project, task: str, shipped: Path, regenerate: bool) -> GivenRecord | None:
    """Copies the recorded answers of a shipped task into the demo's project, or removes them.

    Args: shipped: the task's golden folder in this installation.
    Returns: their record; None where there are none, and where all are to be made here.
    """
    target, source = project.golden(task) / FOLDER, shipped / FOLDER
    if regenerate or not (source / RECORD).is_file():
        shutil.rmtree(target, ignore_errors=True)
        return None
    if not target.exists():
        with whole_folder(target) as part:
            for path in source.iterdir():
                shutil.copyfile(path, part / path.name)
    return read_given(target)


def count_of(project: Project, given: GivenRecord) -> dict[str, int]:
    """How many of the recorded answers are to today's examples and subjects, by "subject on split"."""
    return {
        f"{subject.name} on {split.name}": len(answers)
        for subject, split, answers in _there(project, given)
        if len(answers)
    }


def make_again(project: Project, given: GivenRecord, count: int, seed: int, say: Callable[[str], None]) -> bool:
    """Makes some of the recorded answers again on this machine, chosen by the seed.

    Returns: whether all of them came out the same, but for near-ties of two tokens. Says what came of it.
    """
    collected = _there(project, given)
    drawn = load_task(project, given.task).decoding.temperature > 0
    found = audit(
        [(s, Split(p.name, tuple(e for e in p if e.id in a)), a) for s, p, a in collected], count, seed, drawn=drawn
    )
    say(f"  {told(found.to_json())}")
    return not found.different and not found.error


def record(work: Workspace, prompted: Prompted, folder: Path) -> GivenRecord:
    """Writes the answers of every baseline on dev, and of the best one on golden, as recorded answers.

    Every subject was asked before; what this machine has in its cache is taken from there.
    """
    names = list(prompted.tried)
    parts = {"dev": [_said(work, n, "dev") for n in names], "golden": [_said(work, prompted.name, "golden")]}
    with whole_folder(folder) as part:
        files = {split: write_recorded(answers_path(part, split), rows_of(said)) for split, said in parts.items()}
        made = {"by": "python benchmarks/demo_answers.py", "versions": versions()}
        subjects = {n: work.subject(n).identity for n in names}
        write_json(part / RECORD, {"task": work.task.name, "subjects": subjects, "files": files, "made": made})
    return read_given(folder)


def _said(work: Workspace, name: str, split: str) -> Said:
    return Said(name, work.split(split), work.scored(name, split, "to record what it says").answers)


def _there(project: Project, given: GivenRecord) -> list[tuple[Subject, Split, dict[str, Answer]]]:
    """Who answered on which split, with the answers that are recorded for today's examples and today's prompt."""
    task = load_task(project, given.task)
    found: list[tuple[Subject, Split, dict[str, Answer]]] = []
    for name in given.subjects:
        subject = parse_subject(name, task, project)
        for split_name in given.files:
            split, recorded = load_split(project, given.task, split_name), given.answers(split_name)
            answers: dict[str, Any] = {e.id: recorded.lookup(subject.identity, e.digest) for e in split}
            found.append((subject, split, {i: a for i, a in answers.items() if a is not None}))
    return found
