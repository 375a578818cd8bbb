"""What a launcher left in the environment does not make a training wait for other processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.one_process import one_process

from .conftest import Lesson, train

LEFT = {
    "RANK": "1",
    "LOCAL_RANK": "0",
    "WORLD_SIZE": "4",
    "OMPI_COMM_WORLD_SIZE": "2",
    "ACCELERATE_MIXED_PRECISION": "fp16",
}


def test_launchers_variables_are_hidden_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LEFT.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with one_process():
        assert not LEFT.keys() & os.environ.keys()
        assert before.items() >= os.environ.items()
    assert dict(os.environ) == before


def test_a_training_beside_them_gives_the_same_adapter(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accelerate.state import AcceleratorState, GradientState, PartialState

    for state in (AcceleratorState, GradientState, PartialState):
        monkeypatch.setattr(state, "_shared_state", {})  # as in a process that has not trained yet
    for name, value in LEFT.items():
        monkeypatch.setenv(name, value)
    assert train(lesson, tmp_path / "1").digest == trained.digest
