"""Run folders: runs/<task>/<id>/, each file written whole; what a report reads stands here and nowhere else."""

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

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_name, check_object, disk_errors, read_json, write_json, write_whole
from goldgate.scored.replay import Replay, read_replay
from goldgate.scored.scored import Scored
from goldgate.scorers import scorers_for
from goldgate.task.examples import Split
from goldgate.task.project import Project
from goldgate.task.task import Task

_PACKAGES = ("goldgate", "torch", "transformers", "peft", "numpy", "pytest", "llguidance", "sentence-transformers")


@dataclass(frozen=True)
class Run:
    """One run folder. Its run.json holds whatever has been recorded so far, with status running, passed or failed."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    def read(self) -> dict[str, Any]:
        """The record so far. Raises UserError where run.json is missing or broken."""
        value = read_json(self.folder / "run.json")
        if not isinstance(value, dict):
            raise UserError("not a run record", str(self.folder / "run.json"), "start a new run")
        return value

    def update(self, **values: Any) -> None:
        """Adds to the record, or replaces what it says."""
        path = self.folder / "run.json"
        record = self.read() if path.is_file() else {}
        write_json(path, {**record, **values})

    def attempt(self, number: int) -> Path:
        return self.folder / "attempts" / str(number)


def open_run(project: Project, task: str, key: str, stamp: str) -> tuple[Run, bool]:
    """The unfinished run with this key (digest of all that it depends on), or a new one named by the stamp.

    Returns the run and whether it is taken up again.
    """
    base = project.runs(task)
    for path in sorted(base.glob("*/run.json"), reverse=True):
        record = read_json(path)
        if record.get("status") == "running" and record.get("key") == key:
            return Run(path.parent), True
    name, number = stamp, 2
    while (base / name).exists():
        name, number = f"{stamp}-{number}", number + 1
    run = Run(base / check_name(name, "run"))
    run.update(task=task, id=name, key=key, status="running")
    return run, False


@contextmanager
def one_training(project: Project, task: str) -> Iterator[None]:
    """Within the block no other process trains the task. Raises UserError saying who does.

    The system frees the lock when its process ends, however it ends: a killed training blocks nobody.
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
            f"{task} is being trained already, by {_holder(holder)}",
            str(folder),
            "wait for it to end, or end that process",
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
    except UserError:  # it has the lock, and has not written who it is yet
        return "another process"
    return f"process {who['pid']} on {who['host']} since {who['since']}"


def looks_named(project: Project, task: str) -> list[str]:
    """Names of the looks at golden that the task's runs say they took. Raises UserError for a broken run.json."""
    named: list[str] = []
    for path in sorted(project.runs(task).glob("*/run.json")):
        looks = check_object(read_json(path), str(path), "remove the run folder").get("looks", [])
        if not isinstance(looks, list) or not all(isinstance(name, str) for name in looks):
            raise UserError(f"must be a list of names, not {looks!r:.40}", f'{path}, field "looks"', "restore it")
        named += looks
    return named


def find_run(project: Project, name: str) -> Run:
    """A run by its folder, or by its id in any task of the project. Raises UserError where there is none."""
    if (folder := Path(name)).is_dir() and (folder / "run.json").is_file():
        return Run(folder)
    runs = {p.parent.name: p.parent for p in (project.root / "runs").glob("*/*/run.json")}
    if name not in runs:
        raise UserError(f'no run "{name}"', str(project.root / "runs"), near_names(name, runs))
    return Run(runs[name])


def answers_folder(project: Project, task: str, look: str) -> Path:
    """Where the answers of a look at golden lie: apart from any run's folder, which training may read."""
    return project.runs(task) / "golden" / check_name(look, "look")


def find_replay(project: Project, task: str, name: str) -> Replay:
    """The answers that a run (its folder or id) recorded. Raises UserError where it has none, or is another task's."""
    run = Run(project.root / name) if (project.root / name / "run.json").is_file() else find_run(project, name)
    record = check_object(run.read(), str(run.folder / "run.json"), "train again", task=str)
    if record["task"] != task:
        raise UserError(
            f"run {run.id} is of task {record['task']}",
            str(run.folder),
            f"pytest suites/{record['task']} --answers {name}",
        )
    path = run.folder / "look.json"
    if not path.is_file():
        raise UserError(
            f"run {run.id} has not looked at golden: no answers are recorded",
            str(run.folder),
            f"let it finish: goldgate train {task}",
        )
    look = check_object(read_json(path), str(path), "train again", look=dict)["look"]
    return read_replay(answers_folder(project, task, str(look.get("name"))))


def write_answers(run: Run, task: Task, split: Split, subjects: Mapping[str, Scored]) -> None:
    """Writes scores.parquet and answers.parquet of dev: every subject's values by metric, and its answers."""
    import pandas as pd

    if split.name == "golden":
        raise UserError("golden answers do not belong into a run folder", str(run.folder), "write those of dev")
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
    """Versions of what a score can depend on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def git_commit(folder: Path) -> str | None:
    """The commit that is checked out, with "+changes" where tracked files differ; None outside a git repository."""
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
    """Removes what a killed process left under temporary names in a run folder; returns what was removed."""
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
