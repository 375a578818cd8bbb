"""The learning rate goes up to its limit and never beyond."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from goldgate_trainers.loop.attempt import Attempt, DevResult
from goldgate_trainers.loop.facts import TrainFacts
from goldgate_trainers.loop.policies import MAX_RATE, BolderRate
from goldgate_trainers.lora.recipe import Recipe

RECIPE = Recipe(learning_rate=1e-3, batch=8, epochs=4)


def flat(rate: float) -> Attempt:
    """An attempt whose loss stays where it is, far from knowing its examples by heart."""
    dev = DevResult(0.0, {"exact_match": 0.0}, [], "exact_match", {})
    return Attempt(1, replace(RECIPE, learning_rate=rate), "", Path("1"), [{"loss": 0.5}] * 40, dev, 60.0, 10.0, None)


def test_the_limit_itself_is_tried() -> None:
    step = BolderRate().step([flat(MAX_RATE / 2)], TrainFacts(40))
    assert step is not None
    assert step.recipe.learning_rate == MAX_RATE


@pytest.mark.parametrize("rate", [math.nextafter(MAX_RATE / 2, 1.0), MAX_RATE])
def test_nothing_above_the_limit_is_tried(rate: float) -> None:
    assert BolderRate().step([flat(rate)], TrainFacts(40)) is None
