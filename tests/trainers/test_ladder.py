"""The ladder: the policies' next step, and nothing to say of its attempts together."""

from __future__ import annotations

from pathlib import Path

from goldgate_trainers.loop.attempt import Attempt, DevResult
from goldgate_trainers.loop.ladder import Ladder
from goldgate_trainers.loop.policies import next_step

from .test_until import RECIPE


def attempt(k: int, value: float) -> Attempt:
    log = [{"loss": 1.0}]
    return Attempt(k, RECIPE, "", Path(), log, DevResult(value, {"exact_match": value}, [], "exact_match"), 60.0, 30.0)


def test_the_ladder_goes_on_as_its_policies_say() -> None:
    done = [attempt(1, 0.2)]
    step = Ladder().next(done)
    assert step is not None
    assert step == next_step(done)


def test_the_ladder_has_nothing_to_say_of_its_attempts_together() -> None:
    assert Ladder().record([attempt(1, 0.5)]) == {}
