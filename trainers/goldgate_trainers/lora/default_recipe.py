"""The recipe to try first, by the size of data and model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.hardware import Device
from goldgate.task.task import Task
from goldgate_trainers.lora.recipe import Recipe, checked_settings, made_recipe

MIN_STEPS = 100
"""Fewer optimizer steps seldom settle a LoRA: epochs are raised until there are about as many."""
MICRO_BATCH_CPU = 4
"""Rows a forward pass on a CPU: 8 are a tenth faster and take near half as much memory again (docs/results.md)."""
PATIENCE = 2
"""Epochs without a better score on dev that end a training of more epochs than these: one may be chance."""
DEMO_CHARACTERS = 300_000
"""Characters of inputs and outputs that the demo trains on, repeats counted, and at least one pass over train:
about ten minutes on two cores."""
SMALL = 1024
"""Hidden size up to which a model counts as small."""


def check_amount(n_train: int) -> None:
    """Checks that there are at least two examples to learn from.

    Raises:
        UserError: There are not.
    """
    if n_train < 2:
        raise UserError(
            f"there is {'one' if n_train else 'no'} example to train on",
            "train.jsonl",
            "add examples; those that were set aside for their length count with a larger max_length",
        )


def default_recipe(
    task: Task, n_train: int, hidden_size: int, settings: Mapping[str, Any] | None = None, *, on: Device = "cpu"
) -> Recipe:
    """The recipe to try first: rules by size, then task.yaml's `train:`, then the settings from --set.

    Args:
        task: The task.
        n_train: Number of training examples.
        hidden_size: Width of the base model.
        settings: Settings from --set.
        on: The device.

    Raises:
        UserError: A setting is unknown or impossible.

    Source:
        The rate by width and batch is Tinker's formula; all linear layers: LoRA Without Regret (Thinking Machines,
            2025).
        Both are adapted for small models by our own measurements (docs/results.md).
    """
    check_amount(n_train)
    changes = {
        **checked_settings(task.train, f'{task.folder / "task.yaml"}, field "train"'),
        **checked_settings(settings or {}, "--set"),
    }
    batch = int(changes.get("batch", default_batch(n_train)))
    rank = 32 if hidden_size <= 1024 and n_train > 5000 else 16
    epochs = int(changes.get("epochs", default_epochs(n_train, batch)))
    watched = epochs > PATIENCE and changes.get("trainer") != "command"
    recipe = Recipe(
        learning_rate=default_rate(hidden_size, batch),
        batch=batch,
        epochs=epochs,
        rank=rank,
        alpha=2 * int(changes.get("rank", rank)),
        dropout=0.05 if n_train < 200 else 0.0,
        precision="auto",
        micro_batch=MICRO_BATCH_CPU if on == "cpu" else 8,
        patience=PATIENCE if watched else 0,
    )
    return made_recipe(recipe, changes)


def demo_recipe(
    task: Task,
    n_train: int,
    hidden_size: int,
    settings: Mapping[str, Any] | None = None,
    *,
    characters: int,
    on: Device = "cpu",
) -> Recipe:
    """The recipe of `goldgate demo`, whatever task.yaml says: about DEMO_CHARACTERS, half of the steps decaying.

    With time for one or two passes, small batches learn more, since the same tokens make more steps (docs/results.md).

    Args:
        task: The task.
        n_train: Number of training examples.
        hidden_size: Width of the base model.
        settings: Settings from --set.
        characters: Characters of all inputs and outputs of train.
        on: The device.

    Raises:
        UserError: A setting is unknown or impossible.
    """
    check_amount(n_train)
    quick: dict[str, Any] = {"epochs": demo_epochs(characters), "decay": 0.5}
    bold: dict[str, Any] = {"batch": 4, "learning_rate": 1.1e-3} if hidden_size <= SMALL else {}
    quick |= {key: value for key, value in bold.items() if key not in task.train}
    quick |= checked_settings(settings or {}, "--set")
    return default_recipe(task, n_train, hidden_size, quick, on=on)


def demo_epochs(characters: int) -> int:
    """Passes over train that come to about DEMO_CHARACTERS, at least one.

    Args:
        characters: Of all inputs and outputs of train.
    """
    return max(1, round(DEMO_CHARACTERS / characters))


def default_rate(hidden_size: int, batch: int) -> float:
    """Peak learning rate: falls with the model's width and rises with the root of the batch, from 1e-4 to 1e-3.

    Small models get the upper end: a 135M model learns far less at the rate that the formula gives, which was made for
    larger ones (docs/results.md, "Learning rate and batch").
    """
    if hidden_size <= SMALL:
        return 1e-3
    return float(f"{min(1e-3, max(1e-4, 5e-4 * (2000 / hidden_size) ** 0.78 * math.sqrt(batch / 128))):.2g}")


def default_batch(n_train: int) -> int:
    """The batch for this many examples. LoRA learns less from large batches, so they only grow with the data."""
    if n_train < 500:
        return 8
    return 16 if n_train <= 5000 else 32


def default_epochs(n_train: int, batch: int) -> int:
    """Enough epochs for MIN_STEPS, more for little data, at most 15."""
    usual = 3 if n_train > 2000 else 4 if n_train >= 500 else 8 if n_train >= 100 else 15
    needed = math.ceil(MIN_STEPS / math.ceil(n_train / batch))
    return max(usual, min(15, needed))
