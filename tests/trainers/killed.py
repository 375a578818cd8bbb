"""Run as a program: trains the lesson in child processes, each of which kills itself at one point.

    python killed.py MODEL FOLDER

FOLDER then holds, by the point's name, what such a process left behind, and in "whole" an unbroken training. All are
forked from one parent, so that the libraries are loaded once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from goldgate.base import files
from goldgate.models.embedded import ModelRef, ensure_model
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task
from goldgate_trainers.loop import until as loop
from goldgate_trainers.loop.attempt import DevResult, first_step
from goldgate_trainers.loop.until import Budget
from goldgate_trainers.lora import checked_rows, checkpoints, forward, optimize
from goldgate_trainers.lora import train as lora
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.recipe import Recipe

RECIPE = Recipe(learning_rate=0.02, batch=4, epochs=3, rank=4, alpha=8, dropout=0.1, micro_batch=2)
WORDS = (
    "apple red",
    "sky blue",
    "grass green",
    "the lazy snow white",
    "coal black",
    "a much longer sea blue",
    "sun yellow",
)
TRAIN = Split("train", tuple(Example(f"w{i}", *w.rsplit(" ", 1)) for i, w in enumerate(WORDS)))


def opened(folder: Path, model: Path) -> tuple[Task, ModelRef]:
    """The task of the lesson, made in this folder, and its model."""
    project = Project(folder, folder / "cache")
    suite = project.suite("colours")
    suite.mkdir(parents=True, exist_ok=True)
    (suite / "task.yaml").write_text(
        json.dumps({"task": "colours", "kind": "text", "instructions": "Name the colour.", "model": str(model)})
    )
    return load_task(project, "colours"), ensure_model(project.cache, str(model))


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def always(*_: Any, **__: Any) -> bool:
    return True


def at(call: int, owner: Any, name: str, when: Callable[..., bool] = always, after: bool = False) -> None:
    """The process dies in the call-th call of owner.name that `when` counts: before its work, or after it."""
    real, count = getattr(owner, name), 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        counts = when(*arguments, **named)
        count += counts
        if counts and count == call and not after:
            die()
        result = real(*arguments, **named)
        if counts and count == call:
            die()
        return result

    setattr(owner, name, wrapped)


def to(name: str) -> Callable[..., bool]:
    """Counts renames to a path of this name."""
    return lambda _, path: Path(path).name == name


POINTS: dict[str, Callable[[], None]] = {
    "data loading": lambda: at(1, checked_rows, "make_rows"),
    "a batch": lambda: at(8, optimize, "collate"),
    "a step": lambda: at(4, forward, "answer_loss", after=True),
    "a step after an epoch": lambda: at(6, optimize._Clock, "step"),
    "a checkpoint's tensors": lambda: at(8, files.os, "fsync"),
    "a checkpoint's manifest": lambda: at(2, checkpoints, "write_json"),
    "a checkpoint's rename": lambda: at(1, files.os, "replace", to("00000003")),
    "after a checkpoint": lambda: at(1, files.os, "replace", to("00000004"), after=True),
    "an old checkpoint's removal": lambda: at(1, shutil, "rmtree", lambda path, **_: path.name == "00000001"),
    "the adapter": lambda: at(1, lora, "tidy_config"),
    "the record": lambda: at(1, lora, "write_attempt"),
    "the adapter's rename": lambda: at(1, files.os, "replace", to("1")),
    "after the adapter's rename": lambda: at(1, files.os, "replace", to("1"), after=True),
    "an evaluation": lambda: None,
}


def run(folder: Path, model: Path, judge: Callable[..., Any], epochs: int = RECIPE.epochs) -> loop.Outcome:
    """One attempt in `folder`, as the loop makes it."""
    task, ref = opened(folder, model)
    return loop.train_until(
        first_step(replace(RECIPE, epochs=epochs)),
        lambda recipe, out, before, _: lora.train_adapter(ref, task, TRAIN, recipe, out, continue_from=before),
        judge,
        lambda adapter: True,
        folder,
        Budget(1, 60),
    )


def judged(adapter: Path, number: int) -> DevResult:
    return DevResult(0.9)


def _main(model: Path, folder: Path) -> None:
    if status := in_child(run, folder / "whole", model, judged):
        sys.exit(f"the unbroken training ended with status {status}")
    Checkpoints.due = lambda self: True  # type: ignore[method-assign]
    for point, arm in POINTS.items():
        if (status := in_child(killed, arm, folder / point, model)) != -signal.SIGKILL:
            sys.exit(f"{point}: the process was not killed, status {status}")


def killed(arm: Callable[[], None], folder: Path, model: Path) -> None:
    arm()
    run(folder, model, die)


def in_child(work: Callable[..., Any], *arguments: Any) -> int:
    """The exit status of a forked child that does this work, negative where a signal ended it.

    The parent computes nothing itself: a child that is forked after threads have computed waits for them forever.
    """
    child = os.fork()
    if child == 0:
        try:
            work(*arguments)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
