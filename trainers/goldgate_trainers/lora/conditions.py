"""What an adapter depends on: the conditions of its training, and the key by which an attempt is known."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from goldgate.base.fingerprint import digest
from goldgate.base.hardware import device_name
from goldgate.models.adapter import adapter_digest
from goldgate.models.embedded import ModelRef
from goldgate.task.examples import Split
from goldgate.task.task import Task
from goldgate_trainers.lora.batches import strategy_for
from goldgate_trainers.lora.optimize import liger
from goldgate_trainers.lora.recipe import Recipe

TRAINER = 4
"""Raised when the same recipe and data would come to another adapter because of our code."""


def training_key(
    model: ModelRef, task: Task, train: Split, recipe: Recipe, continue_from: Path | None, watched: str | None = None
) -> str:
    """Digest of everything but the machine that determines an adapter.

    Args:
        model: The base model.
        task: The task.
        train: The train split.
        recipe: The recipe.
        continue_from: Folder of the adapter that is trained further.
        watched: Digest of what determines the best epoch.
    """
    same = {name: value for name, value in conditions(model, task, train).items() if name != "machine"}
    return digest(
        {
            **same,
            "recipe": recipe.to_dict(),
            "continued": adapter_digest(continue_from) if continue_from else None,
            **({"watched": watched} if watched else {}),
        }
    )


def conditions(model: ModelRef, task: Task, train: Split) -> dict[str, Any]:
    """Everything but the recipe that an adapter depends on, as JSON by name. On a CPU, equal ones give equal bytes."""
    import torch

    return {
        "trainer": TRAINER,
        "base model": model.digest,
        "train": train.fingerprint,
        "template": {**task.template, **task.chat},
        "instructions": digest([strategy_for(task, prompt).spec() for prompt in ("pruned", "zero_shot")]),
        "versions": {
            name: version(name)
            for name in (
                "torch",
                "transformers",
                "accelerate",
                "peft",
                "tokenizers",
                *(["liger-kernel"] if liger() else []),
            )
        },
        "machine": {
            "device": device_name() or "cpu",
            "instruction set": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
        },
    }


def adapter_note(
    model: ModelRef, task: Task, train: Split, recipe: Recipe, template: str, continue_from: Path | None
) -> dict[str, Any]:
    """What an adapter belongs to, as its folder says it in goldgate.json.

    Args:
        model: The base model.
        task: The task it answers.
        train: What it was trained on.
        recipe: How; the note names its prompting strategy.
        template: Digest of the chat template it is served with.
        continue_from: Folder of the adapter it was trained further from.
    """
    return {
        "base": model.digest,
        "alias": model.alias,
        "task": task.name,
        "train": train.fingerprint,
        "prompt": recipe.prompt,
        "template": template,
        "continued": adapter_digest(continue_from) if continue_from else None,
    }
