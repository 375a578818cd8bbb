"""bf16: matrices multiply in 16 bits; the trained weights, the loss and the optimizer stay in 32-bit floats."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from goldgate.base.hardware import bf16_pays, device
from goldgate_trainers.lora.quantized import check_quantize
from goldgate_trainers.lora.recipe import Recipe

if TYPE_CHECKING:
    import torch


def settled(recipe: Recipe) -> Recipe:
    """The recipe as this machine trains it: precision `auto` is bf16 where it gains by it, else float32.

    Raises UserError where the recipe asks for what the machine cannot do.
    """
    check_quantize(recipe)
    if recipe.precision != "auto":
        return recipe
    return replace(recipe, precision="bf16" if bf16_pays() else "float32")


def lower_dtype(recipe: Recipe) -> torch.dtype | None:
    """torch.bfloat16 for a recipe in bf16, None for one that computes in what the weights are."""
    import torch

    return torch.bfloat16 if recipe.precision == "bf16" else None


def autocast(where: Any, recipe: Recipe) -> AbstractContextManager[Any]:
    """Within the block matrices multiply in the recipe's precision on this torch.device."""
    import torch

    return torch.autocast(where.type, dtype=torch.bfloat16) if recipe.precision == "bf16" else nullcontext()


def lower_base(model: Any, recipe: Recipe) -> None:
    """On an accelerator, for a recipe in bf16: turns the frozen weights into bf16, half the memory.

    On a CPU they stay: the layers have copies in 16 bits, and what passes between them is not rounded at all.
    """
    dtype = lower_dtype(recipe)
    if dtype is None or device() == "cpu":
        return
    for parameter in model.parameters():
        if not parameter.requires_grad and parameter.is_floating_point():  # 4-bit weights are whole numbers
            parameter.data = parameter.data.to(dtype)
