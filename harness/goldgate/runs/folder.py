"""Run folders: runs/<task>/<id>/, with each file written whole. Reports read nothing else."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from goldgate.answers.replay import Replay, read_replay
from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_name, check_object, disk_errors, read_json, write_json, write_whole
from goldgate.runs.golden import GoldenRecord, LookRecord
from goldgate.runs.part import VERSION, needed, read_part
from goldgate.runs.record import Ended, Looked, Opened, Planned, RunRecord, Started, Surroundings
from goldgate.scored.scored import Scored
from goldgate.scorers import scorers_for
from goldgate.task.examples import Split
from goldgate.task.project import Project
from goldgate.task.task import Task

_PACKAGES = ("goldgate", "torch", "transformers", "peft", "numpy", "pytest", "llguidance", "sentence-transformers")


@dataclass(frozen=True)
class Run:
    """One run folder. Its run.json holds everything recorded so far, with the status running, passed or failed."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def path(self) -> Path:
        return self.folder / "run.json"

    def read(self) -> RunRecord:
        """Reads the record as it is.

        Raises:
            UserError: run.json is missing or broken, or was written by a newer Goldgate.
        """
        return read_part(RunRecord, self.path, "start a new run")

    def update(self, part: Opened | Started | Surroundings | Looked | Planned | Ended) -> None:
        """Adds a part to the record, or replaces what the record says there; the file is written whole.

        Args:
            part: What there is to record. Only the fields that were given are written.

        Raises:
            UserError: run.json is broken, or cannot be written.
        """
        record: dict[str, Any] = {}
        if self.path.is_file():
            self.read()
            record = read_json(self.path)
        write_json(self.path, {**record, "version": VERSION, **part.to_json()})

    def golden(self) -> GoldenRecord | None:
        """Reads what the run came to on golden.

        Returns:
            golden.json; None where the run has not looked.

        Raises:
            UserError: golden.json is broken.
        """
        path = self.folder / "golden.json"
        return read_part(GoldenRecord, path, "train again") if path.is_file() else None

    def attempt(self, number: int) -> Path:
        return self.folder / "attempts" / str(number)


def open_run(project: Project, task: str, key: str, stamp: str) -> tuple[Run, bool]:
    """Takes up the unfinished run with a key, or starts a new one.

    Args:
        project: The project.
        task: The task's name.
        key: Digest of everything that the run depends on.
        stamp: Name of a new run.

    Returns:
        The run, and whether it was taken up again.
    """
    base = project.runs(task)
    for path in sorted(base.glob("*/run.json"), reverse=True):
        record = Run(path.parent).read()
        if record.status == "running" and record.key == key:
            return Run(path.parent), True
    name, number = stamp, 2
    while (base / name).exists():
        name, number = f"{stamp}-{number}", number + 1
    run = Run(base / check_name(name, "run"))
    run.update(Opened(task=task, id=name, key=key, status="running"))
    return run, False


@contextmanager
def one_training(project: Project, task: str) -> Iterator[None]:
    """Ensures that no other process trains the task within the block.

    The operating system releases the lock when its process ends, however it ends: a killed training blocks nobody.

    Raises:
        UserError: Another process trains the task. It says which one.
    """
    from filelock import FileLock, Timeout

    folder = project.runs(task)
    holder = folder / ".training.json"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".training.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as taken:
        raise UserError(
            f"{task} is already being trained by {_holder(holder)}",
            str(folder),
            "wait until it ends, or end that process",
        ) from taken
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(holder, {"pid": os.getpid(), "host": platform.node(), "since": now})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    try:
        who = check_object(read_json(path), str(path), "", pid=int, host=str, since=str)
    except UserError:  # it has the lock, but has not yet written who it is
        return "another process"
    return f"process {who['pid']} on {who['host']} since {who['since']}"


def looks_named(project: Project, task: str) -> list[str]:
    """Returns the names of the looks at golden that the task's runs say they took.

    Raises:
        UserError: A run.json is broken.
    """
    named: list[str] = []
    for path in sorted(project.runs(task).glob("*/run.json")):
        named += read_part(RunRecord, path, "restore it, or remove the run folder").looks
    return named


def find_run(project: Project, name: str) -> Run:
    """Finds a run by its folder, or by its id in any task of the project.

    Raises:
        UserError: There is no such run.
    """
    if (folder := Path(name)).is_dir() and (folder / "run.json").is_file():
        return Run(folder)
    runs = {p.parent.name: p.parent for p in (project.root / "runs").glob("*/*/run.json")}
    if name not in runs:
        raise UserError(f'no run "{name}"', str(project.root / "runs"), near_names(name, runs))
    return Run(runs[name])


def answers_folder(project: Project, task: str, look: str) -> Path:
    """Returns where the answers of a look at golden are: outside of any run's folder, which training may read."""
    return project.runs(task) / "golden" / check_name(look, "look")


def find_replay(project: Project, task: str, name: str) -> Replay:
    """Reads the answers that a run recorded.

    Args:
        project: The project.
        task: The task's name.
        name: The run's folder or id.

    Returns:
        The recorded answers.

    Raises:
        UserError: The run has none, or it is a run of another task.
    """
    run = Run(project.root / name) if (project.root / name / "run.json").is_file() else find_run(project, name)
    of = needed(run.read().task, "task", str(run.path), "train again")
    if of != task:
        raise UserError(f"run {run.id} is a run of task {of}", str(run.folder), f"pytest suites/{of} --answers {name}")
    path = run.folder / "look.json"
    if not path.is_file():
        raise UserError(
            f"run {run.id} has not looked at golden, so no answers are recorded",
            str(run.folder),
            f"let it finish: goldgate train {task}",
        )
    look = needed(read_part(LookRecord, path, "train again").look, "look", str(path), "train again")
    return read_replay(answers_folder(project, task, look.name))


def write_answers(run: Run, task: Task, split: Split, subjects: Mapping[str, Scored]) -> None:
    """Writes every subject's values by metric (scores.parquet) and answers (answers.parquet) on dev.

    Raises:
        UserError: The split is golden.
    """
    import pandas as pd

    if split.name == "golden":
        raise UserError("answers on golden do not belong in a run folder", str(run.folder), "write those on dev")
    scorers = scorers_for(task)
    scores = [
        {
            "subject": name,
            "metric": metric,
            "id": id_,
            "value": value,
            "lo": scored.bounds(metric)[0],
            "hi": scored.bounds(metric)[1],
            "better": scorer.better,
            "reason": scored.reasons(metric).get(id_),
        }
        for name, scored in subjects.items()
        for metric, scorer in scorers.items()
        if scorer.shown
        for id_, value in scored.values(metric).items()
    ]
    import json

    answers = [
        {
            "subject": name,
            "id": e.id,
            "input": e.text,
            "expected": json.dumps(e.output, ensure_ascii=False),
            "text": a.text,
            "finish": a.finish,
            "prompt_tokens": a.prompt_tokens,
            "completion_tokens": a.completion_tokens,
            "seconds": a.seconds,
            "tags": json.dumps(list(scored.tags[e.id])),
        }
        for name, scored in subjects.items()
        for e in split
        for a in (scored.answers[e.id],)
    ]
    for file, rows in (("scores.parquet", scores), ("answers.parquet", answers)):
        buffer = BytesIO()
        pd.DataFrame(rows).to_parquet(buffer, index=False)
        write_whole(run.folder / file, buffer.getvalue())


def versions() -> dict[str, str]:
    """Returns the versions of everything that a score can depend on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def git_commit(folder: Path) -> str | None:
    """Returns the commit that is checked out, with "+changes" if tracked files differ; None outside of a git
    repository.
    """
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.strip() + ("+changes" if changed.strip() else "")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def clear_parts(folder: Path) -> list[Path]:
    """Removes the temporary files that a killed process left in a run folder. Returns what was removed."""
    import shutil

    left: Iterable[Path] = [p for p in folder.rglob(".*") if p.name.endswith((".part", ".old"))]
    removed = []
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        removed.append(path)
    return removed
