"""The recorded answers of a demo's baselines are made again in part, by the model itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.given import FOLDER, RECORD, GivenRecord, answers_path, read_given
from goldgate.answers.recorded import write_recorded
from goldgate.cli.screen import Screen
from goldgate.jobs.demo_answers import count_of, make_again, record
from goldgate.jobs.workspace import Workspace
from goldgate.scored.baselines import Prompted
from goldgate.task.project import DEMO_MARK, Project

BASE, FEW = "base+zero_shot", "base+few_shot:1"


@pytest.fixture
def recorded(make_task: Callable[..., Any], tiny_llama: Path) -> tuple[Project, GivenRecord]:
    """A demo's project of a tiny model, which has recorded what it says: six answers to dev twice, four to golden."""
    rows = {split: [(f"{split} {c}", "x") for c in "abcdefgh"[:count]] for split, count in SIZES.items()}
    settings = {"kind": "text", "model": str(tiny_llama), "baselines": ["zero_shot", "few_shot:1"]}
    project, task = make_task(settings, **rows)
    (project.root / DEMO_MARK).touch()
    work = Workspace(project, task, Screen())
    given = record(work, Prompted(FEW, {BASE: {}, FEW: {}}, {}), project.golden("demo") / FOLDER)
    return project, given


SIZES = {"train": 8, "dev": 6, "golden": 4}


def test_what_was_recorded_is_all_there(recorded: tuple[Project, GivenRecord]) -> None:
    assert count_of(*recorded) == {f"{BASE} on dev": 6, f"{FEW} on dev": 6, f"{FEW} on golden": 4}


def test_the_same_model_says_the_same(recorded: tuple[Project, GivenRecord]) -> None:
    said: list[str] = []
    assert make_again(*recorded, 16, 5, said.append)
    assert said == ["  audit (seed 5): 16 answers made again, 0 differ by a near-tie, the others are the same"]


def test_an_answer_that_the_model_does_not_give_is_noticed(recorded: tuple[Project, GivenRecord]) -> None:
    project, given = recorded
    path = answers_path(given.folder, "golden")
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()]
    rows[2]["text"] = "made up " * 9
    digest = write_recorded(path, rows)
    kept = json.loads((given.folder / RECORD).read_text())
    kept["files"]["golden"] = digest
    (given.folder / RECORD).write_text(json.dumps(kept))
    said: list[str] = []
    assert not make_again(project, read_given(given.folder), 16, 5, said.append)
    assert f"1 differ: {FEW}: {rows[2]['id']}" in said[0]


def test_answers_of_another_model_count_as_none(recorded: tuple[Project, GivenRecord]) -> None:
    project, given = recorded
    path = project.suite("demo") / "task.yaml"
    path.write_text(path.read_text().replace("Say what it is.", "Say something else."))
    assert count_of(project, given) == {}
