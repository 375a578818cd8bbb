"""`goldgate train` with a program as the trainer: loop, ledger and report stay the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.champion.record import load_champion
from goldgate.jobs import training
from goldgate_trainers import Tracking

from .school import School, looks, record

Typed = Callable[..., tuple[int, str, str]]


def test_a_program_trains_and_the_loop_decides(
    typed: Typed, counts: Any, school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = school((20, 50), (0, 0))
    limits = []

    def by_command(
        model: Any, task: Any, split: Any, recipe: Any, out: Path, continue_from: Path | None, *, seconds: float
    ) -> Any:
        limits.append(seconds)
        untold = Tracking((), out, "")
        return made(model, task, split, recipe, out, lambda *_: None, continue_from, counts.split("dev"), untold)

    def own(*_: Any) -> Any:
        raise AssertionError("our own trainer has no part in this")

    monkeypatch.setattr(training, "train_adapter", own)
    monkeypatch.setattr(training, "train_by_command", by_command)
    counts.settings(train={"trainer": "command", "command": ["my-trainer", "{train}", "{out}"]})
    status, out, err = typed("train", "counts", "--attempts", "2", "--minutes", "5", "--json")
    assert status == 0, err
    assert "attempt 1: my-trainer  your program trains" in err
    assert 0 < limits[1] <= limits[0] <= 300
    assert looks(counts) == 1
    assert load_champion(counts.project, "counts") is not None
    recipe = record(counts)["attempts"][0]["recipe"]
    assert (recipe["trainer"], recipe["command"]) == ("command", ["my-trainer", "{train}", "{out}"])
    assert "my-trainer" in Path(json.loads(out)["report"]).read_text()
    assert "my-trainer" in (counts.suite / "champion_card.md").read_text()
