"""A trainer that writes an adapter whose answers are known beforehand, and what a run of it left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.files import write_json
from goldgate.jobs import train, training
from goldgate.models.adapter import adapter_digest
from goldgate.models.embedded import EMBEDDED_DIGEST, ModelRef
from goldgate.subjects import latency
from goldgate.subjects.latency import Timing
from goldgate_trainers import Recipe, Tracking, TrainingResult, Watch
from goldgate_trainers.lora.attempt_folder import write_attempt

GATES = """
def test_accuracy(candidate):
    assert candidate.exact_match >= 0.70

def test_beats_prompting(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.10
"""
RISING = [
    {
        "step": i + 1,
        "loss": 2.0 - 0.01 * i,
        "learning_rate": 1e-3,
        "tokens": 100.0,
        "seconds": i + 1.0,
        "epoch": 0.1 * i,
    }
    for i in range(16)
]


@dataclass
class School:
    """Stands for the trainer. wrong: how many dev and golden answers each attempt gets wrong, in turn."""

    counts: Any
    wrong: list[tuple[int, int]]
    recipes: list[Recipe] = field(default_factory=list)
    tracked: list[Tracking] = field(default_factory=list)
    stop: bool = False

    def __call__(
        self,
        model: ModelRef,
        task: Any,
        split: Any,
        recipe: Recipe,
        out: Path,
        told: Callable[..., None],
        continue_from: Path | None,
        watched: Any,
        tracking: Tracking,
        watch: Watch | None = None,
        limit: Any = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> TrainingResult:
        if self.stop:
            raise KeyboardInterrupt
        assert (split.name, watched.name) == ("train", "dev")
        self.recipes.append(recipe)
        self.tracked.append(tracking)
        dev, golden = self.wrong[len(self.recipes) - 1]
        folder = str((out / "adapter").relative_to(self.counts.project.root))
        name = self.counts.adapter(
            folder, f"weights {len(self.recipes)}".encode(), prompt=recipe.prompt, base=model.digest
        )
        self.counts.cached(name, task.model, dev=dev, golden=golden)
        # An epoch's score is the one by which the attempt will be judged.
        if watch is not None:
            assert watch.metric == "exact_match"
            assert watch.score(out / "adapter") == pytest.approx(1 - dev / len(watched))
        write_attempt(out, "key", recipe, RISING, 1600, (), {"id": "t000", "read": "p", "learned": "a"})
        return TrainingResult(
            out / "adapter",
            adapter_digest(out / "adapter"),
            16.0,
            1600,
            100.0,
            RISING,
            ("t001 and t002 ask the same and expect different outputs",),
            sample={"id": "t000", "read": "prompt\n", "learned": "answer<end>"},
        )


@pytest.fixture
def school(counts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., School]:
    """school((dev, golden), ..): a trainer whose attempts err that often; the best prompt is right on half."""
    base = tmp_path / "cache" / "base"
    write_json(base / "config.json", {"hidden_size": 64})
    monkeypatch.setattr(train, "ensure_model", lambda cache, name: ModelRef(base, EMBEDDED_DIGEST, name))
    monkeypatch.setattr(train, "machine", lambda: {"cores": 2, "memory_gb": 8.0, "gflops": 80.0, "accelerator": "none"})
    monkeypatch.setattr(
        latency, "measure_latency", lambda subject, examples: {e.digest: Timing(0.1, 0.25, "here") for e in examples}
    )
    counts.gates(GATES)
    for name in ("base+zero_shot", "base+zero_shot+constrained"):
        counts.cached(name, dev=12, golden=30)

    def open_(*wrong: tuple[int, int]) -> School:
        made = School(counts, list(wrong))
        monkeypatch.setattr(training, "train_adapter", made)
        return made

    return open_


def record(counts: Any) -> dict[str, Any]:
    (path,) = counts.project.runs("counts").glob("*/run.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def looks(counts: Any) -> int:
    return len([p for p in (counts.golden / "looks").glob("*.json") if "outcome" not in p.name])
