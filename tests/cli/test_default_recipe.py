"""The default recipe of every kind through the command line: both precisions, one epoch and three, fresh and killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import recipes
from .recipes import KINDS, PRECISIONS


@pytest.fixture(scope="module")
def ran(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all the commands of recipes.py left behind."""
    import torch

    if torch.cuda.is_available():
        pytest.skip("the same bytes are promised on a CPU")
    folder = tmp_path_factory.mktemp("recipes")
    done = subprocess.run(
        [sys.executable, recipes.__file__, str(tiny_llama), str(folder)],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def said(ran: Path, name: str) -> dict[str, Any]:
    """What a command ended with: status, out and err."""
    found: dict[str, Any] = json.loads((ran / f"{name}.json").read_text())
    return found


def attempt(ran: Path, name: str, k: int = 1) -> Path:
    """The folder of an attempt of the only run in a project."""
    (run,) = (ran / name / "runs").glob("*/*/run.json")
    return run.parent / "attempts" / str(k)


def recipe(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "adapter" / "goldgate.json").read_text())["recipe"]
    return found


def log(folder: Path) -> list[dict[str, float]]:
    found: list[dict[str, float]] = json.loads((folder / "log.json").read_text())
    return found


@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_trains_is_judged_and_says_what_it_takes(ran: Path, kind: str, precision: str, epochs: int) -> None:
    name = f"{kind}-{precision}-{epochs}"
    ended = said(ran, name)
    assert ended["status"] == 1, "a random model passes no gate, and that is all that is wrong:" + ended["err"]
    assert json.loads(ended["out"])["reason"] == "the budget of 1 attempt is used up"
    assert "this attempt takes about " in ended["err"]
    folder = attempt(ran, name)
    assert (recipe(folder).get("precision", "float32"), recipe(folder)["epochs"]) == (precision, epochs)
    assert recipe(folder)["dropout"] == 0.0, "LoRA layers are merged or rounded"
    assert recipe(folder).get("patience", 0) == (2 if epochs == 3 else 0)
    measured = [row for row in log(folder) if row["step"] % 5 == 0]
    assert len(log(folder)) == 5 * len(measured)
    assert [("dev_loss" in row, "dev_score" in row) for row in measured] == [(epochs == 3,) * 2] * len(measured)
    assert (folder / "verdicts.json").is_file()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_in_its_second_epoch_it_ends_with_the_bytes_of_an_unbroken_one(
    ran: Path, kind: str, precision: str
) -> None:
    whole, broken = attempt(ran, f"{kind}-{precision}-3"), attempt(ran, f"{kind}-{precision}-killed")
    assert not (ran / f"{kind}-{precision}-killed.json").exists(), "the process died before it could write"
    assert "is resumed" in said(ran, f"{kind}-{precision}-resumed")["err"]
    assert any("resumed after step 8" in n for n in json.loads((broken / "attempt.json").read_text())["notes"])
    files = [{p.name: p.read_bytes() for p in (folder / "adapter").iterdir()} for folder in (whole, broken)]
    assert files[0] == files[1]
    assert [row["loss"] for row in log(whole)] == [row["loss"] for row in log(broken)]


@pytest.mark.parametrize("name", ["packed", "dropout"])
def test_other_ways_to_compute_train_several_epochs_in_bf16(ran: Path, name: str) -> None:
    ended = said(ran, name)
    assert ended["status"] == 1, ended["err"]
    made = recipe(attempt(ran, name))
    assert made["checkpoint_activations"]
    assert made.get("pack", False) == (name == "packed")
    assert made["dropout"] == (0.1 if name == "dropout" else 0.0)
    assert [row["step"] for row in log(attempt(ran, name)) if "dev_loss" in row][:2] == [5, 10]


def test_seeds_and_a_learning_curve_train_several_epochs_in_bf16(ran: Path) -> None:
    ended = said(ran, "seeds")
    assert ended["status"] == 1, ended["err"]
    run = attempt(ran, "seeds").parents[1]
    assert [recipe(attempt(ran, "seeds", k))["seed"] for k in (1, 2)] == [0, 1]
    assert {p.name for p in (run / "curve").iterdir() if p.name != "tracking"} >= {"25", "50"}


def test_four_bits_are_refused_on_a_cpu_before_anything_is_trained(ran: Path) -> None:
    ended = said(ran, "quantized")
    assert ended["status"] == 2
    assert "needs a CUDA GPU" in ended["err"]
    assert not list((ran / "quantized").glob("runs/*/*/attempts"))
