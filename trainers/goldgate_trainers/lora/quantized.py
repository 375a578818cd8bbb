"""QLoRA: the frozen weights in 4 bits (NF4, quantised scales), the LoRA in 32-bit floats. Dettmers et al. 2023."""

from __future__ import annotations

from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.hardware import device
from goldgate_trainers.lora.recipe import Recipe


def check_quantize(recipe: Recipe) -> None:
    """Checks that this machine can hold the frozen weights in 4 bits, if the recipe asks for it.

    Raises:
        UserError: It cannot.
    """
    if recipe.quantize == "none":
        return
    if (here := device()) != "cuda":
        raise UserError(
            f"quantize=4bit needs a CUDA GPU, and here is {'none' if here == 'cpu' else 'an Apple GPU'}",
            "recipe",
            "leave quantize out, or train where there is one",
        )
    require("bitsandbytes")


def loading(recipe: Recipe) -> dict[str, Any]:
    """Arguments of from_pretrained that quantise the model; none for a recipe that does not."""
    import torch

    if recipe.quantize == "none":
        return {}
    from transformers import BitsAndBytesConfig

    compute = torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    return {
        "device_map": {"": 0},
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=compute
        ),
    }
