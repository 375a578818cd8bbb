"""Another model under the same name: weights that are swapped, lost or added to must not be gated as the base model."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.models import content
from goldgate.subjects import parse_subject

from ..plugin.conftest import Made, Ran

GATES = "def test_a(candidate):\n    assert candidate.stop_rate.observed >= 0.0\n"
DOWN = "model.layers.1.mlp.down_proj.weight"


@pytest.fixture
def model(tiny_llama: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_llama, tmp_path / "model"))


@pytest.fixture
def gated(model: Path, tmp_path: Path, write_project: Callable[..., Made]) -> Made:
    project = write_project(tmp_path / "project", tmp_path / "cache", model=str(model), decoding={"max_new_tokens": 2})
    project.gates(GATES)
    return project


def rewrite(model: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Writes other weights in a file of the same size, with the same time stamps."""
    from safetensors.torch import load_file, save_file

    path = model / "model.safetensors"
    times = path.stat()
    save_file(change(load_file(path)), path, metadata={"format": "pt"})
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_swapped_weights_are_another_candidate(gated: Made, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "SETTLED", -(10**18))  # as if the files had long been there: digests are kept

    def candidate() -> tuple[str, str]:
        subject = parse_subject("base+zero_shot", gated.task, gated.project)
        return subject.identity, subject.fingerprint(gated.splits["dev"].examples[0])

    before, size = candidate(), (model / "model.safetensors").stat().st_size
    rewrite(model, lambda tensors: {**tensors, DOWN: tensors[DOWN] * 2})
    assert (model / "model.safetensors").stat().st_size == size
    after = candidate()
    assert after[0] != before[0], "a look is counted by the identity"
    assert after[1] != before[1], "answers are cached by the fingerprint"


@pytest.mark.parametrize(
    ("attack", "says"),
    [
        (lambda m: rewrite(m, lambda t: {k: v for k, v in t.items() if k != DOWN}), f"{DOWN} is missing"),
        (lambda m: (m / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"})), "an adapter lies in the"),
    ],
    ids=["a tensor is lost", "an adapter lies beside it"],
)
def test_a_model_that_is_not_the_base_model_gets_no_verdict(
    gated: Made, model: Path, run_apart: Callable[..., Ran], attack: Callable[[Path], Any], says: str
) -> None:
    attack(model)
    ran = run_apart(gated.project.root, gated.project.cache, "suites/colours", "-q", "--candidate", "base+zero_shot")
    assert ran.status != 0
    assert says in ran.text
    assert "Traceback" not in ran.text
    assert gated.looks_taken() == []
