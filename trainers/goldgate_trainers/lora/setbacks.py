"""A training that begins again: at a lower rate where the loss explodes, with fewer rows where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from goldgate_trainers.lora.attempt_folder import Log, TrainingFailed
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.memory import fewer_rows, free_memory, out_of_memory
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.watchdog import Diverged

MAX_SETBACKS = 2
"""Times that a training whose loss explodes begins again."""


def to_the_end(tuned: Any, recipe: Recipe, kept: Checkpoints, steps: Callable[[Recipe], Log]) -> tuple[Recipe, Log]:
    """Trains until it succeeds, at half the rate after the loss exploded and with fewer rows after memory ran out.

    Each time the weights are reset: the newest checkpoint depends on the clock, and the adapter must not.

    Args:
        tuned: The peft model.
        recipe: The recipe to begin with.
        kept: The attempt's checkpoints.
        steps: Trains a recipe and returns its log.

    Returns:
        The recipe that trained to the end, and its log.

    Raises:
        TrainingFailed: The loss exploded more than MAX_SETBACKS times, or not even one row fits in memory.
    """
    import torch

    start = {name: p.detach().clone() for name, p in tuned.named_parameters() if p.requires_grad}
    while True:
        calmer = replace(
            recipe,
            learning_rate=recipe.learning_rate / 2 ** len(kept.setbacks),
            micro_batch=kept.micro_batch or recipe.micro_batch,
        )
        try:
            return calmer, steps(calmer)
        except Diverged as error:
            if len(kept.setbacks) == MAX_SETBACKS:
                raise TrainingFailed(
                    f"{error}, at learning rate {calmer.learning_rate:.3g}; restarted {MAX_SETBACKS}"
                    " times, each time at half the rate",
                    "training",
                    f"look at the examples, or --set learning_rate={calmer.learning_rate / 4:.2g}",
                ) from error
            kept.begin_again(f"{error}: restarted at half the learning rate, {calmer.learning_rate / 2:.3g}")
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            kept.begin_smaller(fewer_rows(calmer).micro_batch)
        free_memory()
        with torch.no_grad():
            for name, parameter in tuned.named_parameters():
                if name in start:
                    parameter.copy_(start[name])
