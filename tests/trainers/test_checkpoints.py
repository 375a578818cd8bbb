"""Checkpoints and setbacks: when one is written changes nothing, a torn one is passed over, a full disk loses none."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base import files
from goldgate.base.errors import UserError
from goldgate_trainers.lora import forward
from goldgate_trainers.lora import train as lora
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.progress import Progress

from .conftest import QUICK, Lesson


def contents(attempt: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (attempt / "adapter").iterdir()}


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every step."""
    monkeypatch.setattr(Checkpoints, "due", lambda self: True)


class Stop(Exception):
    """Ends a training as a kill would, but for the process."""


def train(lesson: Lesson, out: Path, stop: int = 0, recipe: Any = QUICK) -> TrainingResult:
    def told(progress: Progress) -> None:
        if progress.step == stop:
            raise Stop

    return lora.train_adapter(lesson.model, lesson.task, lesson.train, recipe, out, told)


def stopped(lesson: Lesson, out: Path, step: int, recipe: Any = QUICK) -> Path:
    """The folder of checkpoints that a training leaves which ends in this step, before its checkpoint."""
    with pytest.raises(Stop):
        train(lesson, out, step, recipe)
    return out.with_name(f".{out.name}.checkpoints")


def test_when_checkpoints_are_written_changes_nothing(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, eager: None
) -> None:
    result = train(lesson, tmp_path / "1")
    assert result.digest == trained.digest
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_a_short_training_writes_none(lesson: Lesson, tmp_path: Path) -> None:
    assert not stopped(lesson, tmp_path / "1", 4).exists()


def test_the_newest_two_stay(lesson: Lesson, tmp_path: Path, eager: None) -> None:
    assert sorted(p.name for p in stopped(lesson, tmp_path / "1", 4).iterdir()) == ["00000002", "00000003"]


def test_time_before_the_kill_counts(lesson: Lesson, tmp_path: Path, eager: None) -> None:
    stopped(lesson, tmp_path / "1", 4)
    result = train(lesson, tmp_path / "1")
    seconds = [row["seconds"] for row in result.log]
    assert seconds == sorted(seconds)
    assert result.earlier == seconds[2]
    assert not result.reused


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))


def edit(path: Path) -> None:
    path.write_text(path.read_text().replace('"step": 3', '"step": 4', 1))


TEARS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "half the tensors": ("tensors.safetensors", cut),
    "another bit": ("tensors.safetensors", flip),
    "no tensors": ("tensors.safetensors", Path.unlink),
    "another position": ("trainer_state.json", flip),
    "half the manifest": ("checkpoint.json", cut),
    "an edited manifest": ("checkpoint.json", edit),
    "a manifest that is a list": ("checkpoint.json", lambda p: p.write_text("[]")),
    "no manifest": ("checkpoint.json", Path.unlink),
}


@pytest.mark.parametrize("tear", TEARS)
def test_a_torn_checkpoint_is_passed_over(
    tear: str, lesson: Lesson, trained: TrainingResult, tmp_path: Path, eager: None
) -> None:
    name, change = TEARS[tear]
    change(stopped(lesson, tmp_path / "1", 4) / "00000003" / name)
    result = train(lesson, tmp_path / "1")
    assert result.digest == trained.digest
    assert result.notes == (
        "checkpoint 3 was damaged or edited, and was not used",
        "interrupted, and resumed after step 2",
    )


def test_where_none_is_whole_it_begins_anew(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, eager: None
) -> None:
    for path in stopped(lesson, tmp_path / "1", 4).glob("*/checkpoint.json"):
        cut(path)
    result = train(lesson, tmp_path / "1")
    assert (result.digest, result.earlier) == (trained.digest, 0.0)
    assert len(result.notes) == 2


def test_a_checkpoint_of_another_recipe_is_not_used(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, eager: None
) -> None:
    stopped(lesson, tmp_path / "1", 4, replace(QUICK, seed=1))
    result = train(lesson, tmp_path / "1")
    assert (result.digest, result.notes) == (trained.digest, ())
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_what_another_recipe_left_does_not_crowd_out_what_is_needed(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, eager: None
) -> None:
    stopped(lesson, tmp_path / "1", 8, replace(QUICK, epochs=4))
    folder = stopped(lesson, tmp_path / "1", 3)
    assert sorted(p.name for p in folder.iterdir()) == ["00000001", "00000002"]
    result = train(lesson, tmp_path / "1")
    assert (result.digest, result.notes) == (trained.digest, ("interrupted, and resumed after step 2",))


def test_nothing_in_a_checkpoint_can_run(lesson: Lesson, tmp_path: Path, eager: None) -> None:
    folder = stopped(lesson, tmp_path / "1", 4)
    assert {p.name for p in folder.rglob("*") if p.is_file()} == {
        "checkpoint.json",
        "tensors.safetensors",
        "trainer_state.json",
    }


def exploding(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The third step of so many trainings has a loss that is no number."""
    real, seen = forward.answer_loss, -1  # preflight's pass comes first

    def loss(*arguments: Any) -> Any:
        nonlocal seen
        seen += 1
        return real(*arguments) * (math.nan if seen % 5 == 0 and seen <= 5 * times else 1.0)

    monkeypatch.setattr(forward, "answer_loss", loss)


@pytest.mark.parametrize("times", [1, 2])
def test_a_loss_that_explodes_is_as_if_the_rate_had_been_halved_before(
    times: int, lesson: Lesson, tmp_path: Path, eager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calmer = replace(QUICK, learning_rate=QUICK.learning_rate / 2**times)
    expected = contents(train(lesson, tmp_path / "calm", recipe=calmer).adapter.parent)
    exploding(monkeypatch, times)
    result = train(lesson, tmp_path / "1")
    assert contents(tmp_path / "1") == expected
    assert len(result.setbacks) == times
    assert result.setbacks[0] == (
        "the loss is not a number any more at step 3 of 4: restarted at half the learning rate, 0.01"
    )
    assert train(lesson, tmp_path / "1").setbacks == result.setbacks, "taken up"


def test_a_training_that_is_killed_after_a_setback_goes_on_at_the_lower_rate(
    lesson: Lesson, tmp_path: Path, eager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calmer = replace(QUICK, learning_rate=QUICK.learning_rate / 2)
    expected = contents(train(lesson, tmp_path / "calm", recipe=calmer).adapter.parent)
    exploding(monkeypatch, 1)
    with pytest.raises(Stop):
        train(lesson, tmp_path / "1", 4)
    monkeypatch.undo()
    result = train(lesson, tmp_path / "1")
    assert contents(tmp_path / "1") == expected
    assert len(result.setbacks) == 1
    assert "resumed after step 3" in result.notes[-1]


def test_three_explosions_end_it(lesson: Lesson, tmp_path: Path, eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    exploding(monkeypatch, 3)
    with pytest.raises(UserError, match=r"(?s)not a number any more.*restarted 2 times.*learning_rate=0.0013"):
        train(lesson, tmp_path / "1")


def full_at(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    """Writing to a path with this in it finds the disk full."""
    real = files.os.replace

    def replace_(source: Any, target: Any) -> None:
        if name in str(target):
            raise error
        real(source, target)

    monkeypatch.setattr(files.os, "replace", replace_)


NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_at_a_checkpoint_ends_it_and_it_goes_on_when_there_is_space(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, eager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full_at(full, "00000003", NO_SPACE)
        with pytest.raises(UserError, match=r"(?s)no space left.*run the same command"):
            train(lesson, tmp_path / "1")
    left = [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_dir()]
    assert sorted(left) == [".1.checkpoints", ".1.checkpoints/00000001", ".1.checkpoints/00000002"]
    monkeypatch.setattr(Checkpoints, "due", lambda self: False)
    result = train(lesson, tmp_path / "1")
    assert (result.digest, result.notes) == (trained.digest, ("interrupted, and resumed after step 2",))


def test_a_disk_that_is_full_at_the_adapter_leaves_none(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import safetensors.torch

    def fails(*_: Any, **__: Any) -> None:
        raise safetensors.SafetensorError("Error while serializing: I/O error: No space left (os error 28)")

    with monkeypatch.context() as full:
        full.setattr("peft.peft_model.safe_save_file", fails)
        with pytest.raises(UserError, match=r"(?s)no space left.*run the same command"):
            train(lesson, tmp_path / "1")
    assert list(tmp_path.iterdir()) == []
    assert train(lesson, tmp_path / "1").digest == trained.digest
