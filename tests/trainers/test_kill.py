"""A training that is killed anywhere goes on and ends with the adapter of an unbroken one, to the byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from . import killed

LEFT_NOTHING = {"data loading"}
COMPLETE = {"after the adapter's rename", "an evaluation"}


@pytest.fixture(scope="module")
def corpses(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a process left behind that was killed, by the name of the point; "whole" is what an unbroken one left."""
    import torch

    if torch.cuda.is_available():
        pytest.skip("the same bytes are promised on a CPU")
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, killed.__file__, str(tiny_llama), str(folder)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def contents(attempt: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (attempt / "adapter").iterdir()}


def losses(attempt: Path) -> list[tuple[float, ...]]:
    return [
        (r["step"], r["epoch"], r["loss"], r["learning_rate"]) for r in json.loads((attempt / "log.json").read_text())
    ]


@pytest.mark.parametrize("point", killed.POINTS)
def test_killed_there_it_ends_with_the_same_adapter(point: str, corpses: Path, tiny_llama: Path) -> None:
    folder, whole = corpses / point, corpses / "whole" / "attempts" / "1"
    attempt = folder / "attempts" / "1"
    assert (attempt / "adapter").is_dir() == (point in COMPLETE)
    killed.run(folder, tiny_llama, killed.judged)
    assert contents(attempt) == contents(whole)
    assert losses(attempt) == losses(whole)
    notes = json.loads((attempt / "attempt.json").read_text())["notes"]
    assert any("resumed after step" in n for n in notes) == (point not in COMPLETE | LEFT_NOTHING)
    assert not list(folder.rglob(".*.checkpoints"))
