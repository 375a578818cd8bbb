"""Plans that compare attempts: every one is trained as it stands, and only the best of all looks at golden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate_trainers.loop.attempt import Attempt, DevResult, first_step
from goldgate_trainers.loop.seeds import Seeds
from goldgate_trainers.loop.until import Budget, Outcome, train_until
from goldgate_trainers.lora.recipe import Recipe

from .test_until import RECIPE, World

METRICS = ("exact_match",)


def attempt(k: int, value: float, failing: Sequence[str] = (), recipe: Recipe = RECIPE) -> Attempt:
    dev = DevResult(value, {"exact_match": value}, list(failing), "exact_match")
    return Attempt(k, recipe, "", Path(), [], dev, 60.0, 30.0)


def run(world: World, plan: Seeds, minutes: float = 600) -> Outcome:
    return train_until(
        first_step(plan.recipe),
        world.train,
        world.judge,
        world.look,
        world.folder,
        Budget(plan.count, minutes),
        clock=lambda: world.now,
        plan=plan,
    )


def test_seeds_train_one_recipe_whose_seed_alone_differs(tmp_path: Path) -> None:
    outcome = run(World(tmp_path, [0.1, 0.2, 0.3]), Seeds(replace(RECIPE, seed=7), 3, METRICS))
    assert [a.recipe.seed for a in outcome.attempts] == [7, 8, 9]
    assert {replace(a.recipe, seed=0) for a in outcome.attempts} == {replace(RECIPE, seed=0)}
    assert all(a.continue_from is None for a in outcome.attempts)


@pytest.mark.parametrize("chances", [[0.9, 0.6, 0.7], [0.3, 0.2, 0.1]])
def test_only_the_seed_that_dev_picks_looks_and_after_all_are_trained(tmp_path: Path, chances: list[float]) -> None:
    world = World(tmp_path, chances, golden={2, 3})
    outcome = run(world, Seeds(RECIPE, 3, METRICS))
    assert world.trained == [1, 2, 3]
    assert world.looked == [1]
    assert (outcome.best.k, outcome.passed, outcome.looks) == (1, False, 1)


def test_a_pick_that_passes_is_told_with_why_there_were_no_more(tmp_path: Path) -> None:
    likely = run(World(tmp_path / "a", [0.2, 0.8], {2}), Seeds(RECIPE, 2, METRICS))
    assert (likely.passed, likely.reason) == (True, "all 2 seeds are trained; the best attempt passes on golden")
    unlikely = run(World(tmp_path / "b", [0.2, 0.3], {2}), Seeds(RECIPE, 2, METRICS))
    assert unlikely.reason.endswith("passes on golden all the same")


def test_a_seed_is_never_shortened_to_the_time_left(tmp_path: Path) -> None:
    plan = Seeds(RECIPE, 3, METRICS)
    outcome = run(World(tmp_path, [0.1, 0.2, 0.3]), plan, minutes=11.5)  # 4.5 min each
    assert {a.recipe.epochs for a in outcome.attempts} == {RECIPE.epochs}
    assert len(outcome.attempts) == 2
    assert "the time is used up" in outcome.reason
    assert "of 2 seeds pass on dev (3 were asked for)" in plan.record(outcome.attempts)["words"]


@pytest.mark.parametrize("killed", [1, 2, 3])
def test_a_killed_run_trains_no_complete_seed_again(tmp_path: Path, killed: int) -> None:
    plan, chances = Seeds(RECIPE, 3, METRICS), [0.1, 0.7, 0.3]
    with pytest.raises(KeyboardInterrupt):
        run(World(tmp_path, chances, killed_in=lambda k: k == killed), plan)
    world = World(tmp_path, chances, golden={2})
    outcome = run(world, plan)
    assert world.trained == world.judged == list(range(killed, 4))
    assert world.looked == [2]
    assert outcome.passed


def test_so_many_of_so_many_pass_is_a_claim_about_the_recipe() -> None:
    plan = Seeds(RECIPE, 3, METRICS)
    done = [
        attempt(1, 0.9),
        attempt(2, 0.7, ["exact_match >= 0.8"], replace(RECIPE, seed=1)),
        attempt(3, 0.95, (), replace(RECIPE, seed=2)),
    ]
    record = plan.record(done)
    assert (record["seeds"], record["passing"]) == ([0, 1, 2], [0, 2])
    assert record["spread"] == {"exact_match": {"low": 0.7, "mean": 0.85, "high": 0.95}}
    assert record["words"] == (
        "this recipe: 2 of 3 seeds pass on dev; over seeds, exact_match 70.0% to 95.0%, mean 85.0%"
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_the_mean_lies_within_the_spread(values: list[float]) -> None:
    done = [attempt(k, v) for k, v in enumerate(values, 1)]
    spread = Seeds(RECIPE, len(values), METRICS).record(done)["spread"]["exact_match"]
    assert spread["low"] - 1e-5 <= spread["mean"] <= spread["high"] + 1e-5


def test_seeds_beyond_the_last_begin_at_nought() -> None:
    last = replace(RECIPE, seed=2**32 - 1)
    step = Seeds(last, 2, METRICS).next([attempt(1, 0.5, (), last)])
    assert step is not None
    assert step.recipe.seed == 0
