"""What a checkpoint costs: bytes, seconds to write it and to find it whole, beside the seconds of an optimizer step.

    python benchmarks/checkpoints.py [--steps 6]

The embedded model, invoices, the default recipe; a checkpoint after every step but the last.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from goldgate.engine.token_rows import make_rows
from goldgate.models.embedded import ensure_model
from goldgate.models.loading import load_base
from goldgate.models.quiet import quiet
from goldgate.task.examples import load_split
from goldgate.task.project import cache_folder, find_project
from goldgate.task.task import load_task
from goldgate_trainers.lora.base_model import start_lora
from goldgate_trainers.lora.batches import strategy_for
from goldgate_trainers.lora.checkpoints import EVERY, Checkpoints
from goldgate_trainers.lora.default_recipe import default_recipe
from goldgate_trainers.lora.optimize import optimize

HIDDEN = 576


class Timed(Checkpoints):
    """Writes one after every step, and notes how long it took."""

    def __init__(self, attempt: Path) -> None:
        super().__init__(attempt, "")
        self.seconds: list[float] = []
        self.bytes = 0

    def due(self) -> bool:
        return True

    def write(self, step: int, files: Mapping[str, bytes], note: Mapping[str, Any]) -> None:
        begun = time.perf_counter()
        super().write(step, files, note)
        self.seconds.append(time.perf_counter() - begun)
        self.bytes = sum(len(data) for data in files.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=6)
    options = parser.parse_args()
    project = find_project(Path.cwd(), cache_folder(os.environ))
    task = load_task(project, "invoices")
    examples = load_split(project, "invoices", "train").examples
    recipe = replace(default_recipe(task, len(examples), HIDDEN), epochs=1)
    with quiet(), tempfile.TemporaryDirectory(dir=".") as folder:
        tokenizer, base = load_base(ensure_model(project.cache, task.model).path)
        rows = make_rows(tokenizer, task, strategy_for(task, recipe.prompt), examples, recipe.max_length)
        kept = Timed(Path(folder) / "1")
        log = optimize(
            start_lora(base, recipe),
            rows[: options.steps * recipe.batch],
            recipe,
            0,
            Path(folder) / "work",
            lambda _: None,
            kept,
        )
        begun = time.perf_counter()
        found = Checkpoints(Path(folder) / "1", "")
        reading = time.perf_counter() - begun
    assert found.saved is not None
    assert found.saved.step == options.steps - 1
    writing = statistics.median(kept.seconds)
    step = (log[-1]["seconds"] - sum(kept.seconds)) / options.steps
    print(f"a step of {recipe.batch} examples: {step:.2f} s")
    print(
        f"a checkpoint: {kept.bytes / 1e6:.1f} MB, {writing:.2f} s (from {min(kept.seconds):.2f} to"
        f" {max(kept.seconds):.2f}); every {EVERY:g} s, {writing / EVERY:.1%} of the time"
    )
    print(f"finding the newest whole one: {reading:.2f} s")


if __name__ == "__main__":
    main()
