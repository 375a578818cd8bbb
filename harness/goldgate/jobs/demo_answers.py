"""The recorded answers of the shipped baselines: copies them into a demo's project, audits them, and records them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goldgate.answers.audit import audit, told
from goldgate.answers.given import FOLDER, RECORD, GivenRecord, answers_path, read_given
from goldgate.answers.recorded import Said, rows_of, write_recorded
from goldgate.base.files import whole_folder, write_json
from goldgate.jobs.comparison import Best
from goldgate.jobs.workspace import Workspace
from goldgate.runs.folder import versions
from goldgate.scored.baselines import Prompted
from goldgate.subjects import Answer, Subject, parse_subject
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import load_task

AUDITED = 4
"""Recorded answers that a demo generates again: takes seconds, and reveals another model, prompt or decoding."""


def place(project: Project, task: str, shipped: Path, regenerate: bool) -> GivenRecord | None:
    """Copies the recorded answers of a shipped task into the demo's project, or removes them from it.

    Args:
        project: The demo's project.
        task: Name of the task.
        shipped: The task's golden folder in this installation.
        regenerate: Whether all answers are to be generated here.

    Returns:
        The record of the answers; None if there are none, or if all are to be generated here.
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
    """Counts the recorded answers that apply to the current examples and subjects.

    Args:
        project: The demo's project.
        given: The record of the answers.

    Returns:
        Number of answers by "subject on split".
    """
    return {
        f"{subject.name} on {split.name}": len(answers)
        for subject, split, answers in _there(project, given)
        if len(answers)
    }


def make_again(project: Project, given: GivenRecord, count: int, seed: int, say: Callable[[str], None]) -> bool:
    """Generates some of the recorded answers again on this machine, and reports the outcome.

    Args:
        project: The demo's project.
        given: The record of the answers.
        count: Number of answers to generate.
        seed: Seed that chooses them.
        say: Receives the outcome as one line.

    Returns:
        Whether all of them are the same, except for near-ties between two tokens.
    """
    collected = _there(project, given)
    drawn = load_task(project, given.task).decoding.temperature > 0
    found = audit(
        [(s, Split(p.name, tuple(e for e in p if e.id in a)), a) for s, p, a in collected], count, seed, drawn=drawn
    )
    say(f"  {told(found.to_json())}")
    return not found.different and not found.error


def record(work: Workspace, prompted: Prompted, folder: Path) -> GivenRecord:
    """Records the answers of every baseline on dev, and of the best one for each metric on golden.

    Answers that are in this machine's cache are not generated again.

    Args:
        work: The task's workspace.
        prompted: The baselines that were tried, and the best of them.
        folder: The folder to write.

    Returns:
        The record of the answers.
    """
    names, best = list(prompted.tried), Best.of(work.task, prompted).names
    parts = {"dev": [_said(work, n, "dev") for n in names], "golden": [_said(work, n, "golden") for n in best]}
    with whole_folder(folder) as part:
        files = {split: write_recorded(answers_path(part, split), rows_of(said)) for split, said in parts.items()}
        made = {"by": "python benchmarks/demo_answers.py", "versions": versions()}
        subjects = {n: work.subject(n).identity for n in names}
        write_json(part / RECORD, {"task": work.task.name, "subjects": subjects, "files": files, "made": made})
    return read_given(folder)


def _said(work: Workspace, name: str, split: str) -> Said:
    return Said(name, work.split(split), work.scored(name, split, "to record what it says").answers)


def _there(project: Project, given: GivenRecord) -> list[tuple[Subject, Split, dict[str, Answer]]]:
    """Each subject and split with the recorded answers that apply to the current examples and prompt."""
    task = load_task(project, given.task)
    found: list[tuple[Subject, Split, dict[str, Answer]]] = []
    for name in given.subjects:
        subject = parse_subject(name, task, project)
        for split_name in given.files:
            split, recorded = load_split(project, given.task, split_name), given.answers(split_name)
            answers: dict[str, Any] = {e.id: recorded.lookup(subject.identity, e.digest) for e in split}
            found.append((subject, split, {i: a for i, a in answers.items() if a is not None}))
    return found
