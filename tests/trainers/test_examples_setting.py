"""The recipe setting `examples`: how many of train are learned from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goldgate.base.errors import UserError
from goldgate.task.examples import Example, Split
from goldgate_trainers import learned_from, parse_settings

from .conftest import QUICK

TRAIN = Split("train", tuple(Example(f"t{i:02d}", f"text {i}", "x") for i in range(20)))


def test_all_are_learned_from_unless_it_is_said() -> None:
    assert learned_from(TRAIN, QUICK) == list(TRAIN.examples)
    assert learned_from(TRAIN, replace(QUICK, examples=20)) == list(TRAIN.examples)
    assert learned_from(TRAIN, replace(QUICK, examples=99)) == list(TRAIN.examples)


def test_as_many_are_drawn_by_the_seed_whatever_the_order_of_lines() -> None:
    recipe = replace(QUICK, examples=8)
    drawn = learned_from(TRAIN, recipe)
    assert len({e.id for e in drawn}) == 8
    assert drawn == sorted(drawn, key=lambda e: e.id)
    assert learned_from(Split("train", TRAIN.examples[::-1]), recipe) == drawn
    assert learned_from(TRAIN, replace(recipe, seed=recipe.seed + 1)) != drawn


def test_recipes_that_learn_from_all_keep_their_digests() -> None:
    assert "examples" not in QUICK.to_dict()
    assert replace(QUICK, examples=8).digest != QUICK.digest


def test_it_is_a_whole_number() -> None:
    assert parse_settings(["examples=560"]) == {"examples": 560}
    with pytest.raises(UserError, match="examples is"):
        parse_settings(["examples=half"])
