"""The LoRA layers on the base model that is trained: fresh ones, or those of an adapter to go on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import read_json
from goldgate.models.adapter import check_base, check_template, read_adapter
from goldgate.models.embedded import ModelRef
from goldgate.models.lora import with_adapter
from goldgate_trainers.lora.recipe import Recipe


def start_lora(base: Any, recipe: Recipe) -> Any:
    """Adds fresh LoRA layers, whose lora_A is drawn from the recipe's seed.

    Args:
        base: The base model.
        recipe: Its targets are all linear layers but the head, or those of attention.

    Raises:
        UserError: The base model has no layer that takes LoRA.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    set_seed(recipe.seed)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules="all-linear" if recipe.targets == "all-linear" else attention_layers(base),
        bias="none",
    )
    try:
        return get_peft_model(base, config)
    except ValueError as error:
        raise UserError(
            f"the base model has no layers that take LoRA ({str(error).splitlines()[0]:.120})",
            'task.yaml, field "model"',
            "take a base model with linear layers (Llama, Qwen, SmolLM, ...)",
        ) from error


def attention_layers(base: Any) -> list[str]:
    """Full names of the linear layers within attention blocks.

    Raises:
        UserError: None is found.
    """
    import torch

    names = [
        name
        for name, module in base.named_modules()
        if isinstance(module, torch.nn.Linear) and any("attn" in p or "attention" in p for p in name.split("."))
    ]
    if not names:
        raise UserError(
            f"{type(base).__name__} has no linear layer that is known as attention's",
            'recipe setting "targets"',
            "leave targets at all-linear",
        )
    return names


def continue_lora(base: Any, model: ModelRef, folder: Path, recipe: Recipe, template: str) -> Any:
    """Adds the LoRA layers of an adapter that is to be trained further.

    Args:
        base: The base model.
        model: Its reference, which has to be the adapter's.
        folder: The adapter folder.
        recipe: The recipe, whose rank, alpha, prompt and targets have to be the adapter's.
        template: Digest of the chat template, which has to be the adapter's.

    Raises:
        UserError: The adapter belongs to another base model, template or recipe.
    """
    adapter = read_adapter(folder)
    check_base(adapter, model.digest, model.alias)
    check_template(adapter, template)
    if read_json(folder / "adapter_config.json").get("use_dora"):
        raise UserError(
            "the adapter to go on from is a DoRA, which only the program that made it can train further",
            str(folder),
            "start afresh, or let that program train it (trainer: command)",
        )
    before = adapter.note.get("recipe", {})
    before = {"targets": "all-linear", **before}
    for key in ("rank", "alpha", "prompt", "targets"):
        if (was := before.get(key)) != (now := getattr(recipe, key)):
            raise UserError(
                f"the adapter to go on from has {key} {was}, the recipe says {now}",
                str(folder),
                f"set {key}={was}, or start afresh",
            )
    return with_adapter(base, folder, trainable=True)


def pad_token(tokenizer: Any) -> int:
    """The token that fills short rows. Any would do: no row attends to it, and its label is ignored."""
    return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0)
