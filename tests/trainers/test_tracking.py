"""Trackers: asked for by name, told of every step, in the run's folder, and of no weight for what is trained."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.optimize import _arguments
from goldgate_trainers.lora.tracking import TRACKERS, Tracking, check_trackers, tracked
from goldgate_trainers.lora.train import train_adapter

from .conftest import QUICK, Lesson

NAMES = {"loss", "learning_rate", "grad_norm", "tokens_per_second"}


def tracked_training(lesson: Lesson, folder: Path, tracker: str) -> TrainingResult:
    pytest.importorskip(tracker)
    tracking = Tracking((tracker,), folder / "tracking", "attempt-1")
    return train_adapter(lesson.model, lesson.task, lesson.train, QUICK, folder / "1", tracking=tracking)


def test_nothing_is_told_of_a_training_that_does_not_ask_for_it(tmp_path: Path) -> None:
    assert list(_arguments(QUICK, tmp_path, 4).report_to) == []  # transformers' own default is all that is installed
    with tracked(None, 0) as callbacks:
        assert callbacks == []


def test_a_tracker_is_known_by_its_name() -> None:
    assert check_trackers([]) == ()
    with pytest.raises(UserError, match='no tracker "tensorbord"') as error:
        check_trackers(["tensorbord"])
    assert "tensorboard" in error.value.hint


@pytest.mark.parametrize("name", TRACKERS)
def test_a_tracker_that_is_not_installed_is_said_before_training(name: str) -> None:
    if find_spec(name) is not None:
        assert check_trackers([name, name]) == (name,)
        return
    with pytest.raises(UserError, match=rf"this needs {name}.*goldgate\[track\]"):
        check_trackers([name])


def test_tensorboard_is_told_of_every_step(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    result = tracked_training(lesson, tmp_path, "tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events: Any = EventAccumulator(str(tmp_path / "tracking" / "tensorboard" / "attempt-1")).Reload()
    tags = {tag.removeprefix("train/") for tag in events.Tags()["scalars"]}
    assert tags >= NAMES
    assert [s.value for s in events.Scalars("train/loss")] == pytest.approx([row["loss"] for row in trained.log])
    assert result.digest == trained.digest


def test_mlflow_is_told_of_every_step_in_the_runs_folder(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    result = tracked_training(lesson, tmp_path, "mlflow")
    with sqlite3.connect(tmp_path / "tracking" / "mlflow.db") as db:
        rows: Sequence[Any] = db.execute("SELECT key, step, value FROM metrics ORDER BY step").fetchall()
        runs = db.execute("SELECT name, status FROM runs").fetchall()
    assert runs == [("attempt-1", "FINISHED")]
    assert {key for key, _, _ in rows} >= NAMES
    assert [v for key, _, v in rows if key == "loss"] == pytest.approx([row["loss"] for row in trained.log])
    assert result.digest == trained.digest
    assert not (tmp_path / "mlruns").exists()
