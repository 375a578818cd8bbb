"""What is tried on the model before the first step: its largest batches, and that rows do not mix in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.hardware import device
from goldgate.engine.generate import ROWS_IN_BATCH, TOKENS_IN_BATCH
from goldgate.engine.token_rows import Row
from goldgate_trainers.lora.answer_loss import answer_loss
from goldgate_trainers.lora.attempt_folder import TrainingFailed
from goldgate_trainers.lora.batches import WIDTHS, collate
from goldgate_trainers.lora.forward import forward_as_trained
from goldgate_trainers.lora.memory import fewer_rows, free_memory, out_of_memory
from goldgate_trainers.lora.preflight import TOLERANCE, mode
from goldgate_trainers.lora.recipe import Recipe

ROUGH = 0.1
"""As TOLERANCE, as a share of the greatest gradient, for a base model in 16 or in 4 bits."""


def try_batches(model: Any, rows: Sequence[Row], recipe: Recipe, pad: int, new: int) -> tuple[Recipe, list[str]]:
    """Tries a peft model on the device where it will be trained.

    Args:
        model: The peft model. It is moved to the device.
        rows: The training rows.
        recipe: The recipe.
        pad: The padding token.
        new: Tokens of the longest answer at inference.

    Returns:
        The recipe that fits in memory, and notes for the record.

    Raises:
        UserError: Nothing fits.
    """
    if model.device.type != device():
        model.to(device())
    bare = untouched(model)
    notes = [
        f"{len(bare)} weight matrices of the base model take no LoRA and stay as they are, first {name}"
        for name in bare[:1]
    ]
    recipe = fit_memory(model, rows, recipe, pad)
    if model.device.type != "cpu":  # where memory runs out on a CPU the system ends the process: nothing to be said
        check_evaluation(model, rows, new)
    return recipe, notes


def fit_memory(model: Any, rows: Sequence[Row], recipe: Recipe, pad: int) -> Recipe:
    """The recipe with fewer rows per forward pass if its longest batch does not fit in memory. The batch stays.

    A forward and backward pass over the longest rows is tried: if memory runs out at all, it runs out here.

    Raises:
        TrainingFailed: Even the longest row alone does not fit; it is named.
    """
    longest = sorted(rows, key=lambda r: (-len(r.tokens), r.id))
    if recipe.checkpoint_activations:
        model.gradient_checkpointing_enable()
    while _runs_out(_train_on, model, longest[: recipe.micro_batch], recipe, pad):
        if recipe.micro_batch == 1:
            raise TrainingFailed(
                f"the longest example does not fit in memory, alone as it is ({len(longest[0].tokens)} tokens)",
                f"train.jsonl, id {longest[0].id}",
                "set checkpoint_activations=true, or too_long=set_aside with a"
                " lower max_length, or take a smaller base model",
            )
        recipe = fewer_rows(recipe)
    return recipe


def check_evaluation(model: Any, rows: Sequence[Row], new: int) -> None:
    """Checks that one batch of answers fits in memory: the longest prompts with `new` tokens each.

    Raises:
        UserError: It does not.
    """
    import torch

    longest = max(rows, key=lambda r: r.start)
    width = longest.start + new
    many = min(len(rows), max(1, min(ROWS_IN_BATCH, TOKENS_IN_BATCH // width)))
    if _runs_out(_answer_on, model, torch.zeros(many, width, dtype=torch.long, device=model.device)):
        raise UserError(
            f"{many} answers at a time to prompts as long as this one ({longest.start} tokens) do not fit in memory",
            f"train.jsonl, id {longest.id}",
            "lower max_new_tokens in task.yaml, or take a smaller base model",
        )


def check_apart(model: Any, rows: Sequence[Row], pad: int) -> None:
    """Checks that two rows of different lengths give the same gradient together as one after the other.

    Otherwise a row would be learned differently in a batch than alone, and accumulation would not equal a larger batch.

    Raises:
        UserError: The gradients differ.
    """
    import torch

    first, *others = sorted(rows, key=lambda r: (len(r.tokens), r.id))
    second = next((r for r in others if len(r.tokens) > len(first.tokens)), others[0])
    count = sum(len(r.tokens) - r.start for r in (first, second))
    gradients = []
    with mode(model, training=False):
        for batches in ([[first, second]], [[first], [second]]):
            for batch in batches:
                _backward(partial(answer_loss, model.get_base_model()), model, batch, pad, count)
            gradients.append([p.grad for p in model.parameters() if p.grad is not None])
            model.zero_grad(set_to_none=True)
    most = max(float(g.abs().max()) for g in gradients[0])
    off = max(float((a - b).abs().max()) for a, b in zip(*gradients, strict=True))
    exact = all(p.dtype == torch.float32 for p in model.parameters())
    if not off <= (TOLERANCE if exact else ROUGH) * most:
        raise UserError(
            f"rows change each other: together, {first.id} and {second.id} give another gradient than one"
            f" after the other, by {off / most:.2g} of it",
            "base model",
            "this architecture mixes the rows of a batch; set batch=1, or take another base model",
        )


def untouched(model: Any) -> list[str]:
    """Names of the base model's weight matrices without a LoRA layer, other than embeddings and head."""
    import torch

    apart = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)}
    apart.add(id(getattr(model.get_output_embeddings(), "weight", None)))
    return sorted(
        name.removeprefix("base_model.model.")
        for name, p in model.named_parameters()
        if p.ndim > 1 and id(p) not in apart and ".lora_" not in name and ".base_layer." not in name
    )


def _train_on(model: Any, rows: Sequence[Row], recipe: Recipe, pad: int) -> None:
    """What a step of training holds in memory."""
    try:
        with mode(model, training=True), forward_as_trained(model, recipe) as forward:
            forward.refresh()
            _backward(forward.loss, model, rows, pad, 1, WIDTHS)
    finally:
        model.zero_grad(set_to_none=True)


def _answer_on(model: Any, ids: Any) -> None:
    """What a batch of answers holds in memory, at its end."""
    import torch

    with torch.no_grad(), mode(model, training=False):
        model.get_base_model()(input_ids=ids, use_cache=True, logits_to_keep=1)


def _backward(
    loss_of: Callable[..., Any], model: Any, rows: Sequence[Row], pad: int, count: int, multiple: int = 1
) -> None:
    """Adds the gradient of the rows' loss, divided by count, to the model's."""
    batch = collate(rows, pad, multiple)
    ids, labels = batch["input_ids"].to(model.device), batch["labels"].to(model.device)
    loss_of(ids, labels, count).backward()


def _runs_out(run: Callable[..., None], *args: Any) -> bool:
    """Whether memory runs out in run(*args); what it held is given back either way."""
    try:
        run(*args)
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        return True
    finally:
        free_memory()
    return False
