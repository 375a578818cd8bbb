"""The policies after any history: a recipe that can be trained, one change, a reason in words, none twice, an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate_trainers.loop.attempt import Attempt, DevResult, Step, best_attempt, first_step
from goldgate_trainers.loop.facts import TrainFacts
from goldgate_trainers.loop.policies import MAX_RANK, MAX_RATE, next_step
from goldgate_trainers.lora.recipe import Recipe, from_dict

rates = st.sampled_from([1e-4, 5e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3])
recipes = st.builds(
    Recipe,
    learning_rate=rates,
    batch=st.sampled_from([4, 8, 16]),
    epochs=st.integers(1, 8),
    rank=st.sampled_from([4, 16, 32, 64]),
    seed=st.integers(0, 9),
    micro_batch=st.just(4),
)
devs = st.builds(
    DevResult,
    chance=st.sampled_from([0.0, 0.1, 0.4]),
    scores=st.fixed_dictionaries({"exact_match": st.sampled_from([0.0, 0.5, 0.9])}),
    failing=st.lists(st.sampled_from(["a", "b"]), unique=True),
    metric=st.just("exact_match"),
    tags=st.dictionaries(st.sampled_from(["dark", "light"]), st.sampled_from([0.0, 0.3, 0.9])),
)
curves = st.sampled_from([[0.5] * 40, [2.0 - 0.04 * i for i in range(40)], [0.2, 0.3] * 20, [1.0, 0.9], [0.0] * 12])
turns = st.sampled_from([(), (0.9, 0.5, 0.4), (0.9, 0.5, 0.8), (0.5, 0.9), (0.5,)])
SETBACK = "the loss rose"
FACTS = TrainFacts(100, {"dark": 10, "light": 90}, (), ("typos",))
World = Sequence[tuple[DevResult, Sequence[float], Sequence[float]]]

worlds = st.lists(st.tuples(devs, curves, turns), min_size=12, max_size=12)


def attempted(step: Step, k: int, dev: DevResult, losses: Sequence[float], on_dev: Sequence[float] = ()) -> Attempt:
    """The step's attempt; above MAX_RATE / 2 the loss explodes once."""
    log = [{"loss": value} for value in losses]
    for row, loss in zip(log[-len(on_dev) :], on_dev, strict=False):
        row["dev_loss"] = loss
    setbacks = (SETBACK,) * (step.recipe.learning_rate > MAX_RATE / 2)
    recipe = replace(step.recipe, learning_rate=step.recipe.learning_rate / 2 ** len(setbacks))
    return Attempt(k, recipe, step.reason, Path(str(k)), log, dev, 60.0, 10.0, step.continue_from, setbacks=setbacks)


def climbed(recipe: Recipe, world: World) -> list[Attempt]:
    """Every attempt that the policies ask for in this world, as far as the world goes."""
    done: list[Attempt] = []
    step: Step | None = first_step(recipe)
    for k, seen in enumerate(world, 1):
        if step is None:
            break
        done.append(attempted(step, k, *seen))
        step = next_step(done, FACTS)
    return done


@given(recipes, worlds)
@settings(deadline=None)
def test_every_step_is_a_recipe_that_can_be_trained(recipe: Recipe, world: World) -> None:
    for attempt in climbed(recipe, world):
        assert from_dict(attempt.recipe.to_dict(), "step") == attempt.recipe
        assert attempt.recipe.learning_rate <= max(MAX_RATE, recipe.learning_rate)
        assert attempt.recipe.rank <= max(MAX_RANK, recipe.rank)


@given(recipes, worlds)
@settings(deadline=None)
def test_an_attempt_goes_on_only_from_one_that_it_fits(recipe: Recipe, world: World) -> None:
    """The trainer refuses an adapter of another rank, alpha or prompt."""
    done = climbed(recipe, world)
    for attempt in done:
        if attempt.continue_from is not None:
            assert attempt.continue_from < attempt.k
            origin = done[attempt.continue_from - 1].recipe
            assert (attempt.recipe.rank, attempt.recipe.alpha, attempt.recipe.prompt) == (
                origin.rank,
                origin.alpha,
                origin.prompt,
            )


@given(recipes, worlds)
@settings(deadline=None)
def test_no_recipe_is_trained_twice(recipe: Recipe, world: World) -> None:
    done = climbed(recipe, world)
    taken = [(replace(a.tried[-1], seed=0), a.continue_from) for a in done]
    assert all(step not in taken[:i] for i, step in enumerate(taken))


@given(recipes, worlds)
@settings(deadline=None, max_examples=40)
def test_the_policies_come_to_an_end_in_every_world(recipe: Recipe, world: World) -> None:
    assert len(climbed(recipe, list(world) * 30)) < 12 * 30


@given(recipes, worlds)
@settings(deadline=None)
def test_every_step_changes_one_thing(recipe: Recipe, world: World) -> None:
    """Seed and alpha follow; a start from the base takes the epochs that the best adapter had in all."""
    done = climbed(recipe, world)
    for i, attempt in enumerate(done[1:], 1):
        asked = attempt.tried[-1].__dict__
        changes = []
        for earlier in done[:i]:
            was = earlier.recipe.__dict__
            changed = {key for key in asked if asked[key] != was[key]} - {"seed", "alpha"}
            changes.append(changed if changed == {"epochs"} else changed - {"epochs"})
        more = attempt.continue_from is not None
        assert any(len(changed) == (0 if more else 1) for changed in changes)


@given(recipes, worlds)
@settings(deadline=None)
def test_every_step_says_why(recipe: Recipe, world: World) -> None:
    for attempt in climbed(recipe, world)[1:]:
        assert len(attempt.reason) > 20
        if attempt.continue_from is not None:
            assert f"from attempt {attempt.continue_from}" in attempt.reason


@given(recipes, worlds)
@settings(deadline=None)
def test_the_same_history_asks_for_the_same_step(recipe: Recipe, world: World) -> None:
    done = climbed(recipe, world)
    assert next_step(done, FACTS) == next_step(list(done), FACTS)


@given(recipes, st.lists(devs, min_size=12, max_size=12))
@settings(deadline=None)
def test_data_and_model_stay_what_the_task_says(recipe: Recipe, dev: list[DevResult]) -> None:
    for attempt in climbed(recipe, [(d, [0.5] * 40, ()) for d in dev]):
        kept = (attempt.recipe.batch, attempt.recipe.prompt, attempt.recipe.max_length, attempt.recipe.dropout)
        assert kept == (recipe.batch, recipe.prompt, recipe.max_length, recipe.dropout)


@given(st.lists(devs, min_size=1, max_size=8))
def test_the_best_attempt_is_beaten_by_none_and_is_the_earliest_such(dev: list[DevResult]) -> None:
    recipe = Recipe(learning_rate=1e-3, batch=8, epochs=2)
    done = [attempted(first_step(recipe), k, d, [1.0]) for k, d in enumerate(dev, 1)]
    best = best_attempt(done)
    assert all(best.dev.standing >= a.dev.standing for a in done)
    assert all(a.dev.standing < best.dev.standing for a in done[: best.k - 1])
    assert best_attempt(done[::-1]) == best


@given(recipes, st.integers(1, 12))
def test_shortening_takes_epochs_alone_and_only_down(recipe: Recipe, epochs: int) -> None:
    step = Step(recipe, "because", 1)
    short = step.shortened(epochs)
    assert short.recipe.epochs == min(epochs, recipe.epochs)
    assert replace(short.recipe, epochs=recipe.epochs) == recipe
    assert short.continue_from == 1
    assert ("which is all that fits into the budget" in short.reason) == (epochs < recipe.epochs)
