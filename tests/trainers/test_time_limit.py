"""A budget is a promise: what fits into the time, what is said before the first step, and when training ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate_trainers.lora import checkpoints, speed
from goldgate_trainers.lora import train as lora
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.best_epoch import Watch
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.progress import Progress
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_limit import (
    FEWEST_STEPS,
    PLANNED,
    Cost,
    TimeLimit,
    ended,
    expected,
    forecast,
    shortened,
)

from .conftest import QUICK, Lesson

LONG = replace(QUICK, epochs=4)
"""Two steps an epoch on the lesson's seven examples."""
recipes = st.builds(
    Recipe,
    learning_rate=st.just(1e-3),
    batch=st.integers(1, 64),
    epochs=st.integers(1, 20),
    max_steps=st.sampled_from([0, 1, 5, 1000]),
)
costs = st.builds(lambda step, steps, more: (step, more), st.floats(1e-3, 100), st.none(), st.floats(0, 1000))


@given(recipes, st.integers(2, 2000), costs, st.floats(-100, 1e6))
def test_what_is_planned_fits_into_the_time_or_is_the_fewest_steps(
    recipe: Recipe, examples: int, cost: tuple[float, float], seconds: float
) -> None:
    took = Cost(cost[0], cost[0] * recipe.steps_an_epoch(examples) + cost[1])
    planned = shortened(recipe, examples, took, seconds)
    fewest = min(FEWEST_STEPS, recipe.steps_an_epoch(examples), recipe.steps(examples))
    assert 1 <= planned.steps(examples) <= recipe.steps(examples)
    assert expected(planned, examples, took) <= max(seconds, 0) or planned.steps(examples) <= max(
        fewest, recipe.steps_an_epoch(examples)
    )
    assert planned.steps(examples) >= fewest
    if expected(recipe, examples, took) <= seconds:
        assert planned == recipe


@given(recipes, st.integers(2, 2000), st.floats(1e-3, 100), st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_time_is_never_fewer_steps(recipe: Recipe, examples: int, step: float, one: float, two: float) -> None:
    cost = Cost(step, step * recipe.steps_an_epoch(examples))
    less, more = sorted((one, two))
    assert shortened(recipe, examples, cost, less).steps(examples) <= shortened(recipe, examples, cost, more).steps(
        examples
    )


def test_whole_epochs_are_planned_where_one_fits_and_else_a_number_of_steps() -> None:
    recipe, cost = Recipe(learning_rate=1e-3, batch=10, epochs=8), Cost(step=1.0, epoch=10.0)
    assert shortened(recipe, 100, cost, 80.0) == recipe
    assert shortened(recipe, 100, cost, 50.0) == replace(recipe, epochs=4), f"{PLANNED:.0%} of the time is planned for"
    assert shortened(recipe, 100, cost, 6.0) == replace(recipe, epochs=1, max_steps=5)
    assert shortened(recipe, 100, cost, -5.0) == replace(recipe, epochs=1, max_steps=FEWEST_STEPS)


def test_the_rate_falls_to_its_end_within_the_planned_steps() -> None:
    whole = Recipe(learning_rate=1e-3, batch=10, epochs=8)
    planned = shortened(whole, 1000, Cost(1.0, 100.0), 50.0)
    steps = planned.steps(1000)
    assert steps == 45
    assert planned.rate_at(steps - 1, steps) < 0.2 < planned.rate_at(steps // 2, steps)


def test_what_it_takes_is_said_and_where_it_will_stop() -> None:
    recipe, cost, now = Recipe(learning_rate=1e-3, batch=10, epochs=8), Cost(18.0, 180.0), TimeLimit(3600.0, 60.0)
    limit = replace(now, clock=lambda: 3240.0)
    assert forecast(recipe, recipe, 100, cost, limit) == (
        "this attempt takes about 25 min: 24 min of training (8 epochs) and 60 s to judge it on dev"
    )
    said = forecast(recipe, replace(recipe, epochs=1), 100, cost, limit)
    assert said.endswith("6 min of the budget are left, so training is planned to stop early, after 1 of 8 epochs")
    said = forecast(recipe, replace(recipe, epochs=1, max_steps=7), 100, cost, limit)
    assert said.endswith("after 7 of 80 steps, less than one epoch")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (4, "stopped after 4 of 8 steps because the time was used up"),
        (3, "stopped after 3 of 8 steps because the time was used up, earlier than the 4 it was planned for"),
    ],
)
def test_the_log_tells_how_it_ended(made: int, words: str) -> None:
    asked = Recipe(learning_rate=1e-3, batch=4, epochs=4)
    ran, up = ended(asked, replace(asked, epochs=2), 8, [{"loss": 1.0}] * made)
    assert up is not None
    assert up.words == words
    assert replace(asked, **up.settings) == ran
    assert ran.stop_after == (0 if made == 4 else made)


def test_patience_that_runs_out_is_not_a_lack_of_time() -> None:
    asked = Recipe(learning_rate=1e-3, batch=4, epochs=9, patience=1)
    log = [{"loss": 1.0, "dev_score": 0.5}, {"loss": 1.0, "dev_score": 0.4}]
    assert ended(asked, asked, 4, log) == (asked, None)
    ran, up = ended(asked, replace(asked, epochs=5), 4, log)
    assert ran.epochs == 5
    assert up is not None
    assert up.words.endswith("ended after 2, as answers to dev got no better")


@dataclass
class Clock:
    """A clock that stands still but for the steps that `told` hears of."""

    now: float = 0.0
    step: float = 10.0
    killed_in: int = 0

    def __call__(self) -> float:
        return self.now

    def told(self, progress: Progress) -> None:
        self.now += self.step
        if progress.step == self.killed_in:
            raise KeyboardInterrupt


@pytest.fixture
def costing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """costing(step): what a step was measured to take."""

    def measured(step: float) -> None:
        monkeypatch.setattr(lora, "measure_cost", lambda *_: Cost(step, 2 * step))

    return measured


def train(
    lesson: Lesson, out: Path, clock: Clock, seconds: float, recipe: Recipe = LONG, watch: Watch | None = None
) -> tuple[TrainingResult, list[str]]:
    said: list[str] = []
    result = lora.train_adapter(
        lesson.model,
        lesson.task,
        lesson.train,
        recipe,
        out,
        clock.told,
        watch=watch,
        limit=TimeLimit(seconds, 0.0, clock),
        say=said.append,
    )
    return result, said


def again(lesson: Lesson, out: Path, result: TrainingResult) -> str:
    """The digest of an adapter trained from the recipe that was recorded, without any limit."""
    assert result.time_up is not None
    recipe = replace(LONG, **result.time_up.settings)
    return lora.train_adapter(lesson.model, lesson.task, lesson.train, recipe, out).digest


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_enough_time_changes_nothing(lesson: Lesson, tmp_path: Path, dropout: float) -> None:
    """The speed is really measured here: the batches that it is measured on draw random numbers for dropout."""
    recipe = replace(LONG, dropout=dropout)
    result, said = train(lesson, tmp_path / "1", Clock(), 80.0, recipe)
    assert (len(result.log), result.time_up) == (8, None)
    assert said == ["this attempt takes about 0 s: 0 s of training (4 epochs) and 0 s to judge it on dev"]
    plain = lora.train_adapter(lesson.model, lesson.task, lesson.train, recipe, tmp_path / "2")
    assert result.digest == plain.digest


@pytest.mark.parametrize(("seconds", "settings", "steps"), [(50.0, {"epochs": 2}, 4), (30.0, {"epochs": 1}, 2)])
def test_a_shorter_training_is_planned_recorded_and_made_again_from_its_record(
    lesson: Lesson, tmp_path: Path, costing: Any, seconds: float, settings: dict[str, int], steps: int
) -> None:
    costing(10.0)
    result, said = train(lesson, tmp_path / "1", Clock(), seconds)
    assert result.time_up is not None
    assert (len(result.log), result.time_up.steps, result.time_up.asked) == (steps, steps, 8)
    assert result.time_up.settings == settings
    assert f"after {settings['epochs']} of 4 epochs" in said[0]
    assert result.notes[-1] == f"stopped after {steps} of 8 steps because the time was used up"
    assert result.log[-1]["learning_rate"] < LONG.learning_rate, "the rate fell for the shorter training"
    assert again(lesson, tmp_path / "2", result) == result.digest


def test_less_than_an_epoch_is_a_number_of_steps(lesson: Lesson, tmp_path: Path, costing: Any) -> None:
    costing(10.0)
    recipe = replace(LONG, batch=1, micro_batch=1)
    result, _ = train(lesson, tmp_path / "1", Clock(), 13.0, recipe)
    assert result.time_up is not None
    assert (len(result.log), result.time_up.asked) == (FEWEST_STEPS, 28)
    assert result.time_up.settings == {"epochs": 1, "max_steps": FEWEST_STEPS}


def test_a_slower_machine_than_measured_stops_at_the_next_step(lesson: Lesson, tmp_path: Path, costing: Any) -> None:
    costing(1.0)
    result, _ = train(lesson, tmp_path / "1", Clock(step=10.0), 45.0)
    assert result.time_up is not None
    assert (len(result.log), result.time_up.settings) == (6, {"stop_after": 6}), (
        "at the first step that ends after 45 s"
    )
    assert "stopped after 6 of 8 steps" in result.notes[-1]
    assert again(lesson, tmp_path / "2", result) == result.digest


def test_the_first_steps_are_made_whatever_the_time(lesson: Lesson, tmp_path: Path, costing: Any) -> None:
    costing(0.0001)
    result, _ = train(lesson, tmp_path / "1", Clock(), 0.01, replace(LONG, batch=1, micro_batch=1))
    assert len(result.log) == FEWEST_STEPS


def test_killed_it_keeps_its_plan_and_its_bytes(
    lesson: Lesson, tmp_path: Path, costing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    costing(10.0)
    whole, _ = train(lesson, tmp_path / "whole", Clock(), 70.0)
    monkeypatch.setattr(Checkpoints, "due", lambda self: True)
    with pytest.raises(KeyboardInterrupt):
        train(lesson, tmp_path / "1", Clock(killed_in=4), 70.0)
    costing(1e-3)  # another measurement would plan another training
    result, said = train(lesson, tmp_path / "1", Clock(), 70.0)
    assert said == []
    assert (result.digest, result.time_up) == (whole.digest, whole.time_up)


def test_killed_before_a_checkpoint_it_keeps_its_plan_too(lesson: Lesson, tmp_path: Path, costing: Any) -> None:
    costing(10.0)
    with pytest.raises(KeyboardInterrupt):
        train(lesson, tmp_path / "1", Clock(killed_in=1), 50.0)
    costing(1e-3)
    result, said = train(lesson, tmp_path / "1", Clock(), 1000.0)
    assert (said, len(result.log)) == ([], 4)
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_time_before_a_kill_is_spent(
    lesson: Lesson, tmp_path: Path, costing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    costing(1.0)
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(Checkpoints, "due", lambda self: True)
    with pytest.raises(KeyboardInterrupt):
        train(lesson, tmp_path / "1", Clock(step=10.0, killed_in=4), 45.0)
    result, _ = train(lesson, tmp_path / "1", Clock(step=10.0), 45.0)
    assert result.earlier == 20.0, "the log of a step is written before its clock moves"
    assert result.time_up is not None
    assert result.time_up.steps == len(result.log) == 7, "four more steps fit into the 25 s that were left"


def test_the_best_epoch_is_kept_and_none_is_begun_that_could_not_end(
    lesson: Lesson, tmp_path: Path, costing: Any
) -> None:
    costing(1.0)
    clock, scores = Clock(step=0.0), iter((0.5, 0.4, 0.9, 0.9))

    def score(folder: Path) -> float:
        clock.now += 20.0
        return next(scores)

    watch = Watch("exact_match", "v", score)
    result, _ = train(lesson, tmp_path / "1", clock, 45.0, replace(LONG, patience=3), watch)
    assert result.time_up is not None
    assert (len(result.log), result.time_up.settings) == (4, {"stop_after": 4})
    assert "the adapter is that of epoch 1" in result.notes[-1]


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
def test_speed_is_measured_by_the_clock_that_is_given(base: Any, rows: Any) -> None:
    from goldgate_trainers.lora.base_model import start_lora

    readings = iter((0.0, 1.0, 5.0))
    tuned = start_lora(base, QUICK)
    cost = speed.measure_cost(tuned, rows, QUICK, 0, lambda: next(readings), (), 3.0)
    assert cost.epoch == pytest.approx(2 * cost.step + 3.0)
    tokens = sum(len(r.tokens) for r in rows)
    assert cost.step > 1.0, "the refresh of a step counts"
    assert cost.epoch < 2 * 1.0 + 3.0 + 4.0 * tokens
    assert all(p.grad is None for p in tuned.parameters())
