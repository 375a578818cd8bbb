"""`goldgate demo`: the main job on a shipped task, in a project of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_name, read_json, whole_folder, write_whole
from goldgate.base.hardware import matmul_gflops
from goldgate.jobs.progress import Progress
from goldgate.jobs.trained import Trained
from goldgate.task.project import DEMO_MARK, Project

SHIPPED = ("invoices", "tickets", "voice")
_MINUTES_AT_150 = 55.0  # training and judging, on a machine that multiplies fp32 matrices at 150 GFLOP/s
_SUITE_FILES = ("*.py", "*.yaml", "*.json")
_LEFT_BEHIND = {"champion.json"}  # the demo earns its own


def run_demo(
    task: str, folder: Path, cache: Path, cache_bytes: int, minutes: float | None, progress: Progress
) -> Trained:
    """Prepares the demo's project where it is not there yet, then trains until the suite passes or the budget ends."""
    from goldgate.jobs.train import Budget, run_train

    if task not in SHIPPED:
        raise UserError(f'no demo of "{check_name(task, "task")}"', hint=near_names(task, SHIPPED))
    project = replace(demo_project(task, folder, cache), cache_bytes=cache_bytes)
    if differs(project, task):
        progress.say(
            f"The examples in {project.golden(task)} are not those of this version; they are used all the same."
            " Delete the folder to start with today's."
        )
    rate = matmul_gflops()
    budget = minutes if minutes is not None else _MINUTES_AT_150 * 150 / rate
    progress.say(
        f"Goldgate demo: {task}, in {folder}. This machine multiplies at {rate:.0f} GFLOP/s;"
        f" training may take up to {budget:.0f} min."
    )
    return run_train(project, task, Budget(attempts=3, minutes=budget), [], progress=progress, quick=True)


def demo_project(task: str, folder: Path, cache: Path) -> Project:
    """The demo's project, with this task copied in: data and suite, without champion and looks."""
    project = Project(folder.resolve(), cache)
    if folder.is_dir() and any(folder.iterdir()) and not project.demo:
        raise UserError("is not empty and no demo's project", str(folder), "choose another with --folder")
    write_whole(folder / DEMO_MARK, "The project of goldgate demo. Delete the folder whenever you like.\n")
    source = shipped_folder()
    if not project.golden(task).exists():
        with whole_folder(project.golden(task)) as part:
            for name in ("train.jsonl", "dev.jsonl", "golden.jsonl", "card.json", "novelty.json"):
                shutil.copyfile(source / "golden" / task / name, part / name)
    if not project.suite(task).exists():
        with whole_folder(project.suite(task)) as part:
            for pattern in _SUITE_FILES:
                for path in (source / "suites" / task).glob(pattern):
                    if path.name not in _LEFT_BEHIND:
                        shutil.copyfile(path, part / path.name)
    return project


def differs(project: Project, task: str) -> bool:
    """Whether the demo's examples are others than this version ships: an older version's, or prepared anew."""
    own = project.golden(task) / "card.json"
    return not own.is_file() or read_json(own) != read_json(shipped_folder() / "golden" / task / "card.json")


def shipped_folder() -> Path:
    """Where the shipped tasks lie: in the wheel, or in the checkout that is installed editable."""
    package = Path(str(files("goldgate")))
    for folder in (package / "shipped", package.parents[1]):
        if (folder / "suites").is_dir() and (folder / "golden").is_dir():
            return folder
    raise UserError("the shipped tasks are missing from this installation", str(package), "install goldgate again")
