"""`goldgate demo`: the main job on a shipped task, in a project of its own."""

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
_SETTINGS: dict[str, tuple[str, ...]] = {}
"""By task, recipe settings with which its suite still passes in less time. None yet: trained on 557 and on 600 of its
1,012 replies, voice had a chance of 36% and 2% of passing golden, and long replies were right only every second time.
"""
_FEW_SETTINGS = ("epochs=2",)  # not as many passes as make up for the examples that are missing
_SPARE = 4.0  # training may take so many times what it should: three attempts, and a machine that is not idle
_LEAST_MINUTES = 5.0
_SUITE_FILES = ("*.py", "*.yaml", "*.json")
_LEFT_BEHIND = {"champion.json"}  # the demo earns its own
_SPLIT_FILES = ("train.jsonl", "dev.jsonl", "golden.jsonl", "card.json", "novelty.json")


@dataclass(frozen=True)
class Asked:
    """What of the demo is asked for. minutes: for training at most, None: by this machine's speed; examples: of each
    split at most, None: all; audit: recorded answers that are made again; regenerate: all of them are.
    """

    minutes: float | None = None
    examples: int | None = None
    audit: int = AUDITED
    regenerate: bool = False


@dataclass(frozen=True)
class Demo:
    """What a demo came to. examples: of each split at most; None for all of them."""

    trained: Trained
    examples: int | None

    @property
    def passed(self) -> bool:
        """Whether all gates passed; with fewer examples, that every step ran: so few show nothing and fail no one."""
        return self.examples is not None or self.trained.passed

    def to_json(self) -> dict[str, Any]:
        few = {} if self.examples is None else {"examples": self.examples, "shows": False}
        return {**self.trained.to_json(), **few}


def run_demo(
    task: str, folder: Path | None, cache: Path, cache_bytes: int, progress: Progress, asked: Asked = Asked()
) -> Demo:
    """Prepares the demo's project unless it is there, then trains until the suite passes or the budget ends.

    Args:
        task: one of the shipped tasks.
        folder: None for goldgate-demo, or goldgate-demo-N with N examples.
        cache: the user's cache folder.
        cache_bytes: how large the cache may grow.
        progress: is told what happens.
        asked: the options.

    Raises:
        UserError: there is no such task, or the folder holds something else.
    """
    from goldgate.jobs.train import Budget, run_train

    if task not in SHIPPED:
        raise UserError(f'no demo of "{check_name(task, "task")}"', hint=near_names(task, SHIPPED))
    folder = folder or Path("goldgate-demo" if asked.examples is None else f"goldgate-demo-{asked.examples}")
    project = replace(demo_project(task, folder, cache, asked.examples), cache_bytes=cache_bytes)
    if asked.examples is None and differs(project, task):
        progress.say(
            f"The examples in {project.golden(task)} are not those of this version; they are used all the same."
            " Delete the folder to start with today's."
        )
    given = None if asked.examples else place(project, task, shipped_folder() / "golden" / task, asked.regenerate)
    speed = measure_speed()
    settings = _SETTINGS.get(task, ()) if asked.examples is None else _FEW_SETTINGS
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
        train[: changes.get("examples") or len(train)],
        changes.get("epochs") or demo_epochs(characters),
        {split: len(examples) for split, examples in splits.items()},
        () if given is None else tuple(given.subjects),
        bf16_pays(),
        LATENCY_EXAMPLES_QUICK,
    )


def _check_recorded(project: Project, given: GivenRecord, count: int, progress: Progress) -> None:
    """Says which answers are recorded and makes some again; where those differ, all are made here instead."""
    there = count_of(project, given)
    progress.say(
        f"Recorded with the task, not made here: {', '.join(f'{n} answers of {who}' for who, n in there.items())}"
        ". --regenerate makes all of them here."
    )
    if count == 0:
        return
    seed = SystemRandom().randrange(10_000)
    with progress.step("recorded answers, some made again", "does this machine say the same?"):
        same = make_again(project, given, count, seed, progress.say)
    if not same:
        progress.say("  They are not what this machine says: all of them are made here instead.")
        shutil.rmtree(given.folder)


def demo_project(task: str, folder: Path, cache: Path, examples: int | None = None) -> Project:
    """The demo's project, with this task copied in: data and suite, without champion and looks.

    Args: examples: of each split at most; None for all of them.
    Raises: UserError where the folder holds something else, or a demo of another number of examples.
    """
    project = Project(folder.resolve(), cache)
    if folder.is_dir() and any(folder.iterdir()) and not project.demo:
        raise UserError("is not empty and no demo's project", str(folder), "choose another with --folder")
    mark = _mark(examples)
    if project.demo and (folder / DEMO_MARK).read_text(encoding="utf-8") != mark:
        raise UserError(
            "holds a demo with another number of examples", str(folder), "delete it, or choose another with --folder"
        )
    write_whole(folder / DEMO_MARK, mark)
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
