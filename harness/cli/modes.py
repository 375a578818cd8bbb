"""The ways of `goldgate train` to choose its attempts: up the ladder, or one recipe with several seeds."""

from __future__ import annotations

from harness.baselines import deciding_metrics
from harness.cli.train import Mode
from trainers import Seeds


def mode_of(seeds: int | None) -> Mode:
    """The mode that the options ask for. seeds: adapters of one recipe."""
    if seeds is None:
        return Mode()
    return Mode((f"seeds={seeds}",), lambda run, recipe: Seeds(recipe, seeds, deciding_metrics(run.work.task)))
