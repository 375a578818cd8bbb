"""The loss on dev's expected answers while training: it says when a model begins to learn train by heart."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from goldgate.engine.token_rows import Row, make_rows
from goldgate.task.examples import Split
from goldgate.task.task import Task
from goldgate_trainers.lora.batches import WIDTHS, collate, strategy_for
from goldgate_trainers.lora.forward import Forward
from goldgate_trainers.lora.recipe import Recipe

MOST = 100
"""Dev examples that the loss is measured on: a turn is seen on so many, and an epoch takes little longer."""


def dev_rows(tokenizer: Any, task: Task, dev: Split, recipe: Recipe) -> list[Row]:
    """A fixed sample of dev as rows, without those that are too long. Empty for a single epoch."""
    if recipe.epochs < 2:
        return []
    examples = sorted(dev.examples, key=lambda e: e.id)
    chosen = random.Random(0).sample(examples, min(MOST, len(examples)))
    rows = make_rows(tokenizer, task, strategy_for(task, recipe.prompt), chosen) if chosen else []
    return [r for r in rows if len(r.tokens) <= recipe.max_length]


def mean_loss(model: Any, forward: Forward, rows: Sequence[Row], micro_batch: int, pad: int) -> float:
    """Mean negative log-likelihood per answer token, in nats.

    Draws no random number.

    Args:
        model: The peft model of `forward`. It is left unchanged.
        forward: The forward pass in training's precision.
        rows: At least one row.
        micro_batch: Rows per forward pass.
        pad: The padding token.
    """
    import torch

    device, training = model.device, model.training
    ordered = sorted(rows, key=lambda r: (len(r.tokens), r.id))
    total = 0.0
    model.eval()
    try:
        with torch.no_grad():
            forward.refresh()
            for i in range(0, len(ordered), micro_batch):
                batch = collate(ordered[i : i + micro_batch], pad, WIDTHS)
                total += float(forward.loss(batch["input_ids"].to(device), batch["labels"].to(device), 1))
    finally:
        model.train(training)
    return total / sum(len(r.tokens) - r.start for r in rows)
