"""`goldgate demo`: trains and gates a model on a shipped task, in a project of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from random import SystemRandom
from typing import Any

from goldgate.answers.given import GivenRecord
from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_name, read_json, whole_folder, write_whole
from goldgate.data.scaffold import GIT_ATTRIBUTES
from goldgate.jobs.demo_answers import AUDITED, count_of, make_again, place
from goldgate.jobs.demo_estimate import Work, measure_speed, told, work_of
from goldgate.jobs.demo_subset import write_subset
from goldgate.jobs.progress import Progress
from goldgate.jobs.trained import Trained
from goldgate.jobs.workspace import LATENCY_EXAMPLES_QUICK
from goldgate.task.examples import SPLITS, load_split, render_output
from goldgate.task.project import DEMO_MARK, Project
from goldgate.task.task import load_task

SHIPPED = ("invoices", "tickets", "voice")
_FEW_SETTINGS = ("epochs=2",)  # without the extra epochs that would otherwise make up for fewer examples
_SPARE = 4.0  # training may take this many times the estimate: three attempts, on a machine that is not idle
_LEAST_MINUTES = 5.0
_SUITE_FILES = ("*.py", "*.yaml", "*.json")
_LEFT_BEHIND = {"champion.json"}  # the demo must earn its own champion
_SPLIT_FILES = ("train.jsonl", "dev.jsonl", "golden.jsonl", "card.json", "novelty.json")


@dataclass(frozen=True)
class Asked:
    """The options of a demo.

    Attributes:
        minutes: The most minutes of training; None to derive them from this machine's speed.
        examples: The most examples of each split; None for all.
        audit: Number of recorded answers to generate again as a check.
        regenerate: Whether to generate all of them again.
    """

    minutes: float | None = None
    examples: int | None = None
    audit: int = AUDITED
    regenerate: bool = False


@dataclass(frozen=True)
class Demo:
    """The result of a demo.

    Attributes:
        trained: The result of the training run.
        examples: The most examples of each split; None for all of them.
    """

    trained: Trained
    examples: int | None

    @property
    def passed(self) -> bool:
        """Whether all gates passed; always true with fewer examples, which are too few for a verdict either way."""
        return self.examples is not None or self.trained.passed

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        few = {} if self.examples is None else {"examples": self.examples, "shows": False}
        return {**self.trained.to_json(), **few}


def run_demo(
    task: str, folder: Path | None, cache: Path, cache_bytes: int, progress: Progress, asked: Asked = Asked()
) -> Demo:
    """Prepares the demo's project unless it exists, then trains until the suite passes or the budget is spent.

    Args:
        task: One of the shipped tasks.
        folder: The project's folder; None for goldgate-demo, or goldgate-demo-N with N examples.
        cache: The user's cache folder.
        cache_bytes: The most bytes that the cache may take.
        progress: Receives the progress.
        asked: The options.

    Returns:
        The result of the demo.

    Raises:
        UserError: There is no such task, or the folder holds something else.
    """
    from goldgate.jobs.train import Budget, run_train

    if task not in SHIPPED:
        raise UserError(f'there is no demo of "{check_name(task, "task")}"', hint=near_names(task, SHIPPED))
    folder = folder or Path("goldgate-demo" if asked.examples is None else f"goldgate-demo-{asked.examples}")
    project = replace(demo_project(task, folder, cache, asked.examples), cache_bytes=cache_bytes, in_demo=True)
    if asked.examples is None and differs(project, task):
        progress.say(
            f"The examples in {project.golden(task)} are not the ones this version ships; they are used anyway."
            " Delete the folder to start with the current ones."
        )
    given = None if asked.examples else place(project, task, shipped_folder() / "golden" / task, asked.regenerate)
    speed = measure_speed()
    settings = () if asked.examples is None else _FEW_SETTINGS
    work = _work(project, task, settings, given)
    progress.say(f"Goldgate demo: {task}, in {folder}: {told(work, speed)}.")
    progress.say("The base model and the embedding model are fetched the first time (0.4 GB); they stay in the cache.")
    if given is not None:
        _check_recorded(project, given, asked.audit, progress)
    attempts = 3 if asked.examples is None else 1
    minutes = asked.minutes or max(_LEAST_MINUTES, _SPARE * work.training / min(speed.idle, speed.now) / 60)
    result = run_train(project, task, Budget(attempts, minutes), settings, progress=progress, quick=True)
    return Demo(result, asked.examples)


def _work(project: Project, name: str, settings: Sequence[str], given: GivenRecord | None) -> Work:
    from goldgate.base.hardware import bf16_pays
    from goldgate_trainers import demo_epochs, parse_settings

    task = load_task(project, name)
    splits = {split: load_split(project, name, split) for split in SPLITS}
    changes = parse_settings(settings)
    train = splits["train"].examples
    characters = sum(len(e.text) + len(render_output(e.output)) for e in train)
    return work_of(
        task,
        train,
        changes.get("epochs") or demo_epochs(characters),
        {split: len(examples) for split, examples in splits.items()},
        () if given is None else tuple(given.subjects),
        bf16_pays(),
        LATENCY_EXAMPLES_QUICK,
    )


def _check_recorded(project: Project, given: GivenRecord, count: int, progress: Progress) -> None:
    """Reports which answers are recorded and audits some; if any differs, drops them so that all are generated."""
    there = count_of(project, given)
    progress.say(
        f"Recorded with the task, not generated here: {', '.join(f'{n} answers of {who}' for who, n in there.items())}"
        ". --regenerate generates all of them here."
    )
    if count == 0:
        return
    seed = SystemRandom().randrange(10_000)
    with progress.step("recorded answers, some generated again", "does this machine give the same answers?"):
        same = make_again(project, given, count, seed, progress.say)
    if not same:
        progress.say("  This machine gives different answers: all of them are generated here instead.")
        shutil.rmtree(given.folder)


def demo_project(task: str, folder: Path, cache: Path, examples: int | None = None) -> Project:
    """Makes the demo's project and copies the task into it: its data and suite, without a champion or looks.

    Args:
        task: One of the shipped tasks.
        folder: The project's folder.
        cache: The user's cache folder.
        examples: The most examples of each split; None for all of them.

    Returns:
        The project.

    Raises:
        UserError: The folder holds something else, or a demo with another number of examples.
    """
    project = Project(folder.resolve(), cache)
    if folder.is_dir() and any(folder.iterdir()) and not project.demo:
        raise UserError("is not empty and is not a demo's project", str(folder), "choose another with --folder")
    mark = _mark(examples)
    if project.demo and (folder / DEMO_MARK).read_text(encoding="utf-8") != mark:
        raise UserError(
            "holds a demo with another number of examples", str(folder), "delete it, or choose another with --folder"
        )
    write_whole(folder / DEMO_MARK, mark)
    write_whole(folder / ".gitattributes", GIT_ATTRIBUTES)
    source = shipped_folder()
    if not project.golden(task).exists():
        with whole_folder(project.golden(task)) as part:
            if examples is None:
                for name in _SPLIT_FILES:
                    shutil.copyfile(source / "golden" / task / name, part / name)
            else:
                write_subset(source / "golden" / task, part, examples)
    if not project.suite(task).exists():
        with whole_folder(project.suite(task)) as part:
            for pattern in _SUITE_FILES:
                for path in (source / "suites" / task).glob(pattern):
                    if path.name not in _LEFT_BEHIND:
                        shutil.copyfile(path, part / path.name)
    return project


def _mark(examples: int | None) -> str:
    whole = "The project of goldgate demo. Delete the folder whenever you like.\n"
    if examples is None:
        return whole
    return (
        f"{whole}It has at most {examples} examples of each split: no verdict, look or champion in it means anything.\n"
    )


def differs(project: Project, task: str) -> bool:
    """Returns whether the demo's examples differ from those that this version ships: older ones, or prepared again."""
    own = project.golden(task) / "card.json"
    return not own.is_file() or read_json(own) != read_json(shipped_folder() / "golden" / task / "card.json")


def shipped_folder() -> Path:
    """Finds the shipped tasks, either in the wheel or in the checkout of an editable installation.

    Returns:
        The folder that holds suites/ and golden/.

    Raises:
        UserError: The installation has no shipped tasks.
    """
    package = Path(str(files("goldgate")))
    for folder in (package / "shipped", package.parents[1]):
        if (folder / "suites").is_dir() and (folder / "golden").is_dir():
            return folder
    raise UserError("the shipped tasks are missing from this installation", str(package), "install goldgate again")
