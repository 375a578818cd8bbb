"""The examples of a recipe's focus, which an epoch sees twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from goldgate.base.errors import UserError, near_names
from goldgate.perturb import MUST_NOT_CHANGE
from goldgate.task.examples import Example
from goldgate_trainers.lora.recipe import Recipe


def repeats(examples: Sequence[Example], recipe: Recipe) -> list[Example]:
    """The focused examples' second copies, in order, with ids of their own: `id~again`, or `id~typos` if perturbed.

    Each copy is perturbed by the next of the recipe's variations that applies to it, and is unchanged if none does. The
    result is the same on every machine.

    Raises:
        UserError: No example carries the recipe's focus.
    """
    if not recipe.focus:
        return []
    focused = [e for e in examples if recipe.focus in e.tags]
    if not focused:
        tags = sorted({tag for e in examples for tag in e.tags})
        raise UserError(
            f'no training example carries the tag "{recipe.focus}"', "recipe, focus", near_names(recipe.focus, tags)
        )
    named = recipe.variations.split(",") if recipe.variations else []
    variations = [p for p in MUST_NOT_CHANGE if p.name in named]
    again = []
    for i, example in enumerate(focused):
        turn = variations[i % len(variations) :] + variations[: i % len(variations)] if variations else []
        varied = next(((p.name, changed) for p in turn if (changed := p.apply(example, recipe.seed))), None)
        name, made = varied or ("again", example)
        again.append(replace(made, id=f"{example.id}~{name}"))
    return again
