"""The train split as token rows that preflight has checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from goldgate.data.check import check_outputs
from goldgate.engine.token_rows import Row, make_rows
from goldgate.models.template import stop_tokens
from goldgate.task.examples import Example, Split
from goldgate.task.task import Task
from goldgate_trainers.lora.batches import fitting, strategy_for
from goldgate_trainers.lora.oversampling import repeats
from goldgate_trainers.lora.preflight import check_rows, check_thoughts, remarks
from goldgate_trainers.lora.recipe import Recipe


def checked_rows(
    tokenizer: Any, base: Any, task: Task, train: Split, recipe: Recipe
) -> tuple[list[Row], tuple[str, ...]]:
    """The train split as checked rows, ordered by id so that the order of lines does not matter.

    Args:
        tokenizer: The base model's tokenizer.
        base: The base model.
        task: The task.
        train: The train split.
        recipe: The recipe.

    Returns:
        The rows, and notes for the record.

    Raises:
        UserError: A row would be learned differently than inference uses it, or is too long.
    """
    examples = sorted(train.examples, key=lambda e: e.id)
    check_outputs(task, train, "train.jsonl")
    strategy = strategy_for(task, recipe.prompt)
    whole = make_rows(tokenizer, task, strategy, examples)
    context = getattr(base.config, "max_position_embeddings", None) or recipe.max_length
    rows, long = fitting(whole, recipe, context)
    examples = _without(examples, long)
    check_thoughts(examples, tokenizer, task)
    again = repeats(examples, recipe)
    seconds = make_rows(tokenizer, task, strategy, again) if again else []
    more, longer = fitting(seconds, replace(recipe, too_long="set_aside"), context)
    again = _without(again, longer)
    stops = stop_tokens(tokenizer, base.generation_config)
    check_rows(
        [*rows, *more],
        [*examples, *again],
        tokenizer,
        task,
        strategy,
        stops,
        base.get_input_embeddings().num_embeddings,
    )
    notes = remarks(rows, long, examples, task, strategy)
    if longer:
        notes.append(f"{len(longer)} variations are too long and left out: {', '.join(r.id for r in longer)}")
    return [*rows, *more], tuple(notes)


def _without(examples: Sequence[Example], aside: Sequence[Row]) -> list[Example]:
    ids = {r.id for r in aside}
    return [e for e in examples if e.id not in ids]
