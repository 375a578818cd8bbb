"""`goldgate train` after a kill, beside another one, after a setback, on a full disk."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.files import read_json, write_json
from goldgate.jobs import train, training
from goldgate.runs.folder import one_training
from goldgate_trainers import TrainingResult

from .school import School, looks, record

Typed = Callable[..., tuple[int, str, str]]


def test_a_run_that_was_killed_is_taken_up_without_another_look(
    typed: Typed, counts: Any, school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = school((20, 50), (0, 0))
    train_ = killed.__call__

    def second_is_killed(*arguments: Any) -> TrainingResult:
        killed.stop = len(killed.recipes) == 1
        return train_(*arguments)

    monkeypatch.setattr(training, "train_adapter", second_is_killed)
    assert typed("train", "counts", "--attempts", "2")[0] == 130
    assert record(counts)["status"] == "running"
    school((20, 50), (0, 0))
    status, out, err = typed("train", "counts", "--attempts", "2", "--json")
    assert status == 0, err
    assert "is resumed" in err
    assert json.loads(out)["run"] == record(counts)["id"]
    assert looks(counts) == 1


def test_a_run_that_is_taken_up_keeps_its_recipe(
    typed: Typed, counts: Any, school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the recipe is settled by is measured, and a busy machine may measure something else the next time."""
    monkeypatch.setattr(train, "settled", lambda recipe: replace(recipe, precision="bf16"))
    school((0, 0)).stop = True
    assert typed("train", "counts", "--attempts", "1")[0] == 130
    monkeypatch.setattr(train, "settled", lambda recipe: replace(recipe, precision="float32"))
    made = school((0, 0))
    assert typed("train", "counts", "--attempts", "1")[0] == 0
    assert [r.precision for r in made.recipes] == ["bf16"]


def test_a_second_training_of_the_task_hears_who_trains_it(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    made = school((0, 0))
    with one_training(counts.project, "counts"):
        status, out, err = typed("train", "counts")
    assert (status, out) == (2, "")
    assert f"counts is already being trained by process {os.getpid()} on " in err
    assert not made.recipes
    assert not list(counts.project.root.glob("runs/*/*/run.json"))


def test_a_loss_that_exploded_is_told_and_recorded(
    typed: Typed, counts: Any, school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = school((0, 0))
    setback = "the loss rose from 1 to 9 at step 4 of 9: restarted at half the learning rate, 0.0005"
    monkeypatch.setattr(training, "train_adapter", lambda *asked: replace(made(*asked), setbacks=(setback,)))
    _, out, err = typed("train", "counts", "--attempts", "1", "--json")
    assert setback in err
    (attempt,) = record(counts)["attempts"]
    assert attempt["setbacks"] == [setback]
    assert attempt["recipe"]["learning_rate"] == made.recipes[0].learning_rate / 2
    assert attempt["reason"].endswith(setback)
    assert setback in Path(json.loads(out)["report"]).read_text()


def test_the_recipe_of_the_record_is_the_one_that_ran(
    typed: Typed, counts: Any, school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it, the bytes come out again on a machine that has more memory."""
    made = school((0, 0))

    def short_of_memory(*asked: Any) -> TrainingResult:
        result = made(*asked)
        note = result.adapter / "goldgate.json"
        write_json(note, {**read_json(note), "recipe": replace(made.recipes[0], micro_batch=1).to_dict()})
        return result

    monkeypatch.setattr(training, "train_adapter", short_of_memory)
    assert typed("train", "counts", "--attempts", "1")[0] == 0
    assert made.recipes[0].micro_batch > 1
    assert record(counts)["attempts"][0]["recipe"]["micro_batch"] == 1


@pytest.mark.parametrize("name", ["dev.json", "golden.json", "run.json"])
def test_a_full_disk_at_the_record_is_one_message_and_the_run_goes_on_later(
    name: str, typed: Typed, counts: Any, school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    school((0, 0))
    real = os.replace

    def full(source: Any, target: Any) -> None:
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    with monkeypatch.context() as disk:
        disk.setattr(os, "replace", full)
        status, _, err = typed("train", "counts", "--attempts", "1")
    assert status == 2
    assert "no space left on the disk; no half-written file is left behind" in err
    assert counts.left() == {"runs"}
    school((0, 0))
    assert typed("train", "counts", "--attempts", "1")[0] == 0
    assert looks(counts) == 1
