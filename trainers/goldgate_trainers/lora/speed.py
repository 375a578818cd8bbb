"""How fast a recipe trains here, measured on a few batches before the first step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from goldgate.engine.token_rows import Row
from goldgate_trainers.lora.batches import WIDTHS, collate
from goldgate_trainers.lora.forward import forward_as_trained
from goldgate_trainers.lora.preflight import mode
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_limit import Cost

QUANTILES = (0.25, 0.75)
"""Of the rows by length: the batches that are timed. Together they stand for the rest."""
FORWARD = 1 / 3
"""Share of a training pass that its forward half takes: the backward one computes about twice as much."""


def measure_cost(
    model: Any,
    rows: Sequence[Row],
    recipe: Recipe,
    pad: int,
    clock: Callable[[], float],
    dev: Sequence[Row] = (),
    scoring: float = 0.0,
) -> Cost:
    """What a step and an epoch of training take.

    Args:
        model: The peft model, which preflight has tried already: the first pass of all is slower. Left as it was.
        rows: The training rows.
        recipe: How they are trained.
        pad: The token that fills short rows.
        clock: Tells the time, in seconds.
        dev: Rows whose loss is measured after every epoch.
        scoring: Seconds that the answers to dev after every epoch take; 0 where they are not asked for.
    """
    ordered = sorted(rows, key=lambda r: (len(r.tokens), r.id))
    with mode(model, training=True), forward_as_trained(model, recipe) as forward:
        _synchronize(model)
        begun = clock()
        forward.refresh()
        _synchronize(model)
        ready = clock()
        tokens = 0
        for quantile in QUANTILES:
            middle = round(quantile * (len(ordered) - 1))
            start = max(0, min(middle - recipe.micro_batch // 2, len(ordered) - recipe.micro_batch))
            chosen = ordered[start : start + recipe.micro_batch]
            batch = collate(chosen, pad, WIDTHS)
            loss: Any = forward.loss(batch["input_ids"].to(model.device), batch["labels"].to(model.device), 1)
            loss.backward()
            tokens += sum(len(r.tokens) for r in chosen)
        _synchronize(model)
        done = clock()
    model.zero_grad(set_to_none=True)
    a_token = (done - ready) / tokens
    steps = math.ceil(len(rows) / recipe.batch)
    training = a_token * sum(len(r.tokens) for r in rows) + steps * (ready - begun)
    at_the_end = FORWARD * a_token * sum(len(r.tokens) for r in dev) + scoring
    return Cost(max(training / steps, 1e-9), max(training + at_the_end, 1e-9))


def _synchronize(model: Any) -> None:
    """Waits for what an accelerator still computes, so that the clock tells what was done."""
    import torch

    if model.device.type != "cpu":
        torch.get_device_module(model.device).synchronize()
