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
    """The recipe with precision `auto` resolved for this machine: bf16 where it is faster, else float32.

    Raises:
        UserError: The machine cannot do what the recipe asks for.
    """
    check_quantize(recipe)
    if recipe.precision != "auto":
        return recipe
    return replace(recipe, precision="bf16" if bf16_pays() else "float32")


def lower_dtype(recipe: Recipe) -> torch.dtype | None:
    """torch.bfloat16 for a recipe in bf16, None for one that computes in the weights' own precision."""
    import torch

    return torch.bfloat16 if recipe.precision == "bf16" else None


def autocast(where: Any, recipe: Recipe) -> AbstractContextManager[Any]:
    """Within the block, matrix products are computed in the recipe's precision on this torch.device."""
    import torch

    return torch.autocast(where.type, dtype=torch.bfloat16) if recipe.precision == "bf16" else nullcontext()


def lower_base(model: Any, recipe: Recipe) -> None:
    """Converts the frozen weights to bf16 on an accelerator, which halves their memory, if the recipe is in bf16.

    On a CPU they stay as they are: the layers have 16-bit copies, and activations are not rounded.
    """
    dtype = lower_dtype(recipe)
    if dtype is None or device() == "cpu":
        return
    for parameter in model.parameters():
        if not parameter.requires_grad and parameter.is_floating_point():  # 4-bit weights are whole numbers
            parameter.data = parameter.data.to(dtype)
