"""The loop within its time: what an attempt is given, and how the run says that the time did not suffice."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate_trainers.loop.attempt import DevResult, first_step
from goldgate_trainers.loop.budget import Budget
from goldgate_trainers.loop.until import Outcome, per_epoch, train_until
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_limit import Cost, TimeLimit, ended, shortened

RECIPE = Recipe(learning_rate=1e-3, batch=8, epochs=4)
EXAMPLES = 80
"""Ten steps an epoch."""


@dataclass
class World:
    """A trainer that keeps its time limit, on a clock that only it and judging move. step, judging: in seconds."""

    folder: Path
    step: float = 6.0
    judging: float = 30.0
    chance: float = 0.1
    now: float = 0.0
    limits: list[float] = field(default_factory=list)

    def train(self, recipe: Recipe, out: Path, continue_from: Path | None, limit: TimeLimit) -> TrainingResult:
        self.limits.append(limit.left)
        planned = shortened(recipe, EXAMPLES, Cost(self.step, 10 * self.step), limit.left)
        log = [{"loss": 1.0, "epoch": (i + 1) / 10} for i in range(planned.steps(EXAMPLES))]
        self.now += self.step * len(log)
        ran, up = ended(recipe, planned, EXAMPLES, log)
        (out / "adapter").mkdir(parents=True)
        return TrainingResult(out / "adapter", ran.digest, self.now, 1, 1.0, log, time_up=up)

    def judge(self, adapter: Path, k: int) -> DevResult:
        self.now += self.judging
        return DevResult(self.chance, {"exact_match": self.chance}, ["test_accuracy"], "exact_match")

    def run(self, minutes: float, looks: int = 1) -> Outcome:
        return train_until(
            first_step(RECIPE),
            self.train,
            self.judge,
            lambda adapter: True,
            self.folder,
            Budget(4, minutes, looks),
            clock=lambda: self.now,
            judging=self.judging,
        )


def test_the_first_attempt_is_given_the_budget_less_its_judging(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(10)
    assert world.limits[0] == 570.0


@pytest.mark.parametrize(("minutes", "epochs", "steps"), [(3.0, 2, 20), (1.2, 1, 6)])
def test_an_attempt_that_is_stopped_is_told_in_the_reasons(
    tmp_path: Path, minutes: float, epochs: int, steps: int
) -> None:
    world = World(tmp_path)
    outcome = world.run(minutes, looks=0)
    (attempt,) = outcome.attempts
    words = f"stopped after {steps} of 40 steps because the time was used up"
    assert world.now <= 60 * minutes
    assert attempt.recipe.epochs == epochs
    assert attempt.reason.endswith(words)
    assert outcome.reason.startswith("the time is used up")
    assert f"attempt 1 was {words}" in outcome.reason


def test_a_pass_of_a_stopped_attempt_says_so_too(tmp_path: Path) -> None:
    outcome = World(tmp_path, chance=0.9).run(3.0)
    assert outcome.passed
    assert outcome.reason == (
        "the suite passes on golden; attempt 1 was stopped after 20 of 40 steps because the time was used up"
    )


def test_an_epoch_is_expected_to_take_what_a_part_of_one_took(tmp_path: Path) -> None:
    outcome = World(tmp_path).run(1.2, looks=0)
    assert per_epoch(RECIPE, list(outcome.attempts)) == pytest.approx(60.0)


@given(st.floats(0.5, 60), st.floats(0.1, 30), st.floats(0, 120))
@settings(deadline=None, max_examples=40)
def test_no_run_takes_longer_than_its_budget_but_for_the_fewest_steps(
    tmp_path_factory: pytest.TempPathFactory, minutes: float, step: float, judging: float
) -> None:
    world = World(tmp_path_factory.mktemp("run"), step, judging)
    outcome = world.run(minutes, looks=0)
    fewest = 3 * step + judging
    assert world.now <= max(60 * minutes, fewest) * (1 + 1e-9)
    assert not math.isnan(outcome.attempts[0].passes)
