"""Less memory: fewer rows a forward pass where it runs out. The batch is kept, so the gradient stays the same."""

from __future__ import annotations

import gc

from goldgate_trainers.lora.attempt_folder import TrainingFailed
from goldgate_trainers.lora.recipe import Recipe, with_settings

_SAYS = ("out of memory", "can't allocate memory")
"""What torch's allocators say, on a GPU and on a CPU."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception reports that the machine or a GPU ran out of memory."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(says in str(error).lower() for says in _SAYS)
    )


def fewer_rows(recipe: Recipe) -> Recipe:
    """The recipe with the next smaller micro_batch that divides the batch.

    Raises:
        TrainingFailed: It is 1 already.
    """
    if recipe.micro_batch == 1:
        more = [] if recipe.checkpoint_activations else ["--set checkpoint_activations=true"]
        more += [] if recipe.precision == "bf16" else ["--set precision=bf16"]
        raise TrainingFailed(
            "memory does not suffice for a single row at a time",
            "training",
            ", ".join([*more, "a smaller base model, or shorter examples"]),
        )
    return with_settings(recipe, {"micro_batch": recipe.micro_batch - 1}, "training")


def free_memory() -> None:
    """Releases what an aborted training still holds."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def shortage(asked: Recipe, ran: Recipe) -> list[str]:
    """A note for the record if memory did not suffice for the requested micro_batch; else nothing."""
    if ran.micro_batch == asked.micro_batch:
        return []
    return [
        f"memory ran out at {asked.micro_batch} rows a forward pass: trained with {ran.micro_batch},"
        f" {ran.batch} a step as before"
    ]
