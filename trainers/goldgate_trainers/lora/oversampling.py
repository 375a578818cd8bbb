"""What is learned from in an epoch: the training examples, or some of them, and the recipe's focus once more."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from goldgate.base.errors import UserError, near_names
from goldgate.perturb import MUST_NOT_CHANGE
from goldgate.task.examples import Example, Split
from goldgate_trainers.lora.recipe import Recipe


def learned_from(train: Split, recipe: Recipe) -> list[Example]:
    """The examples that the recipe learns from, in the order of their ids: all, or as many as it says.

    They are drawn by the recipe's seed, those of its tag to keep first: the order of lines decides nothing, and another
    seed draws others. Raises UserError for a tag to keep that no example carries.
    """
    ordered = sorted(train.examples, key=lambda e: e.id)
    if recipe.learned(len(ordered)) == len(ordered):
        return ordered
    draw = random.Random(f"examples {recipe.seed}")
    draw.shuffle(ordered)
    if recipe.keep:
        _check_tag(recipe.keep, "keep", ordered)
        ordered.sort(key=lambda e: recipe.keep not in e.tags)
    return sorted(ordered[: recipe.examples], key=lambda e: e.id)


def _check_tag(tag: str, setting: str, examples: Sequence[Example]) -> None:
    tags = sorted({t for e in examples for t in e.tags})
    if tag not in tags:
        raise UserError(f'no training example carries the tag "{tag}"', f"recipe, {setting}", near_names(tag, tags))


def repeats(examples: Sequence[Example], recipe: Recipe) -> list[Example]:
    """The focused examples' second copies, in order, with ids of their own: `id~again`, or `id~typos` if perturbed.

    Each copy is perturbed by the next of the recipe's variations that applies to it, and is unchanged if none does. The
    result is the same on every machine.

    Raises:
        UserError: No example carries the recipe's focus.
    """
    if not recipe.focus:
        return []
    _check_tag(recipe.focus, "focus", examples)
    focused = [e for e in examples if recipe.focus in e.tags]
    named = recipe.variations.split(",") if recipe.variations else []
    variations = [p for p in MUST_NOT_CHANGE if p.name in named]
    again = []
    for i, example in enumerate(focused):
        turn = variations[i % len(variations) :] + variations[: i % len(variations)] if variations else []
        varied = next(((p.name, changed) for p in turn if (changed := p.apply(example, recipe.seed))), None)
        name, made = varied or ("again", example)
        again.append(replace(made, id=f"{example.id}~{name}"))
    return again
