"""The policies: each one's step, its reason in words, and when it is not taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate_trainers.loop.attempt import Attempt, DevResult, Step, best_attempt, first_step
from goldgate_trainers.loop.diagnosis import diagnose
from goldgate_trainers.loop.facts import TrainFacts
from goldgate_trainers.loop.policies import FewerEpochs, FocusTag, MoreDropout, MoreEpochs, VaryTag, next_step
from goldgate_trainers.lora.recipe import Recipe

RECIPE = Recipe(learning_rate=1e-3, batch=8, epochs=4)
FALLING = [2.0 - 0.04 * i for i in range(40)]
FLAT = [0.5] * 40


def attempt(
    k: int,
    chance: float = 0.0,
    recipe: Recipe = RECIPE,
    losses: Sequence[float] = FLAT,
    continue_from: int | None = None,
    score: float = 0.0,
    failing: int = 0,
    dev_losses: Sequence[float] = (),
    dev_scores: Sequence[float] = (),
    tags: dict[str, float] | None = None,
    **scores: float,
) -> Attempt:
    dev = DevResult(
        chance, {"exact_match": score, **scores}, [f"g{i}" for i in range(failing)], "exact_match", tags or {}
    )
    log = [{"loss": v} for v in losses]
    for epoch, loss in enumerate(dev_losses, 1):
        log[len(log) * epoch // len(dev_losses) - 1]["dev_loss"] = loss
    for epoch, found in enumerate(dev_scores, 1):
        log[len(log) * epoch // len(dev_scores) - 1]["dev_score"] = found
    return Attempt(k, recipe, "", Path(str(k)), log, dev, 60.0, 10.0, continue_from)


def test_the_first_step_is_the_recipe_it_was_given() -> None:
    assert first_step(RECIPE).recipe == RECIPE
    assert first_step(RECIPE, "the demo's recipe").reason == "the demo's recipe for this much data"


def test_after_one_attempt_it_goes_on_from_that_adapter_with_another_order_of_rows() -> None:
    step = next_step([attempt(1, losses=FALLING)])
    assert step is not None
    assert step.continue_from == 1
    assert step.recipe == replace(RECIPE, seed=RECIPE.seed + 1)
    assert "the training loss is still falling" in step.reason
    assert "4 more epochs from attempt 1" in step.reason


def test_one_epoch_is_one_epoch() -> None:
    step = next_step([attempt(1, recipe=replace(RECIPE, epochs=1))])
    assert step is not None
    assert "one more epoch from attempt 1" in step.reason


def test_a_flat_loss_is_not_called_falling() -> None:
    step = next_step([attempt(1)])
    assert step is not None
    assert "falling" not in step.reason


def test_it_goes_on_as_long_as_dev_rises() -> None:
    done = [attempt(1, 0.1), attempt(2, 0.2, replace(RECIPE, seed=1), continue_from=1)]
    step = next_step(done)
    assert step is not None
    assert step.continue_from == 2
    assert "dev improved" in step.reason


def test_a_better_score_counts_as_rising_where_no_chance_is_seen_yet() -> None:
    done = [attempt(1, score=0.5), attempt(2, recipe=replace(RECIPE, seed=1), continue_from=1, score=0.6)]
    step = next_step(done)
    assert step is not None
    assert step.continue_from == 2


def test_when_more_epochs_do_not_help_the_rate_goes_up_from_the_base() -> None:
    done = [attempt(1, 0.2), attempt(2, 0.1, replace(RECIPE, seed=1), continue_from=1)]
    step = next_step(done)
    assert step is not None
    assert (step.continue_from, step.recipe.learning_rate, step.recipe.epochs) == (None, 2e-3, 4)
    assert "learning rate is raised to 0.002" in step.reason


def test_a_bolder_rate_gets_the_epochs_that_the_best_attempt_had_in_all() -> None:
    done = [
        attempt(1, 0.1),
        attempt(2, 0.3, replace(RECIPE, seed=1), continue_from=1),
        attempt(3, 0.2, replace(RECIPE, seed=2), continue_from=2),
    ]
    step = next_step(done)
    assert step is not None
    assert step.recipe.epochs == 8


def test_after_a_rate_that_did_not_help_comes_rank_and_then_nothing() -> None:
    done = [
        attempt(1, 0.2),
        attempt(2, 0.1, replace(RECIPE, seed=1), continue_from=1),
        attempt(3, 0.1, replace(RECIPE, learning_rate=2e-3)),
    ]
    step = next_step(done)
    assert step is not None
    assert (step.recipe.rank, step.recipe.alpha) == (32, 64)
    done.append(attempt(4, 0.1, step.recipe))
    assert next_step(done) is None


@pytest.mark.parametrize("setbacks", [1, 2])
def test_a_rate_at_which_the_loss_exploded_is_not_tried_again(setbacks: int) -> None:
    calmer = replace(RECIPE, learning_rate=RECIPE.learning_rate / 2**setbacks)
    first = replace(attempt(1, 0.2, calmer), setbacks=("the loss rose",) * setbacks)
    step = next_step([first, attempt(2, 0.1, replace(calmer, seed=1), continue_from=1)])
    assert step is not None
    assert (step.recipe.learning_rate, step.recipe.rank) == (calmer.learning_rate, 32)


def test_a_noisy_loss_is_no_reason_for_another_rate() -> None:
    step = next_step([attempt(1, losses=[0.2, 0.3] * 20)])
    assert step is not None
    assert step.recipe.learning_rate == RECIPE.learning_rate


def test_a_rate_is_never_raised_beyond_where_lora_diverges() -> None:
    hot = replace(RECIPE, learning_rate=2e-3)
    step = next_step([attempt(1, 0.2, hot), attempt(2, 0.1, replace(hot, seed=1), continue_from=1)])
    assert step is not None
    assert step.recipe.learning_rate <= 2e-3
    assert step.recipe.rank == 32


def test_every_ladder_ends() -> None:
    done = [attempt(1)]
    while (step := next_step(done)) is not None:
        done.append(attempt(len(done) + 1, 0.0, step.recipe, continue_from=step.continue_from))
        assert len(done) < 12
    assert len(done) > 3


@pytest.mark.parametrize(
    ("others", "best"),
    [
        ([{"chance": 0.4}, {"chance": 0.6}, {"chance": 0.5}], 2),
        ([{"chance": 0.0, "failing": 3}, {"chance": 0.0, "failing": 1}], 2),
        ([{"score": 0.8}, {"score": 0.9}, {"score": 0.7}], 2),
        ([{"score": 0.8}, {"score": 0.8}], 1),
    ],
)
def test_the_best_is_by_chance_then_failing_gates_then_score_then_the_earlier(
    others: list[dict[str, float]], best: int
) -> None:
    done = [attempt(k, **how) for k, how in enumerate(others, 1)]  # type: ignore[arg-type]
    assert best_attempt(done).k == best


def test_a_step_that_must_be_shortened_says_so() -> None:
    step = first_step(RECIPE)
    assert step.shortened(9) is step
    assert step.shortened(2).recipe.epochs == 2
    assert "2 of 4 epochs, which is all that fits into the budget" in step.shortened(2).reason


OVERFIT = (0.9, 0.5, 0.6, 0.8)
FACTS = TrainFacts(100, {"dark": 10, "light": 90}, variations=("typos", "whitespace"))


def taken(step: Step | None) -> Step:
    assert step is not None
    return step


def test_a_dev_loss_that_turned_asks_for_the_epochs_before_it_turned() -> None:
    step = taken(next_step([attempt(1, losses=FALLING, dev_losses=OVERFIT)]))
    assert step.recipe == replace(RECIPE, epochs=2)
    assert step.continue_from is None
    assert step.reason.startswith("dev loss rose to 0.8 after 0.5 at epoch 2, while the training loss fell to ")
    assert ": 2 epochs instead of 4, because " in step.reason


@pytest.mark.parametrize("dev_losses", [(), (0.9, 0.5, 0.4, 0.4), (0.9, 0.5, 0.5, 0.52), (0.5,)])
def test_a_dev_loss_that_did_not_turn_asks_for_nothing(dev_losses: Sequence[float]) -> None:
    done = [attempt(1, losses=FALLING, dev_losses=dev_losses)]
    assert FewerEpochs().step(done, FACTS) is None
    assert MoreDropout().step(done, FACTS) is None
    assert MoreEpochs().step(done, FACTS) is not None


def test_what_overfits_is_not_trained_further() -> None:
    assert MoreEpochs().step([attempt(1, dev_losses=OVERFIT)], FACTS) is None


def test_dropout_comes_after_fewer_epochs_which_did_not_suffice() -> None:
    done = [
        attempt(1, 0.1, dev_losses=OVERFIT),
        attempt(2, 0.2, replace(RECIPE, epochs=2), dev_losses=(0.5, 0.7)),
        attempt(3, 0.2, replace(RECIPE, epochs=1), dev_losses=(0.6,)),
    ]
    assert taken(next_step(done[:2])).recipe.epochs == 1
    step = taken(MoreDropout().step(done, FACTS))
    assert step.recipe == replace(RECIPE, epochs=2, dropout=0.1)
    assert "in attempt 2 dev loss rose to 0.7 after 0.5 at epoch 1" in step.reason
    assert "dropout 0.1 instead of 0" in step.reason


def test_a_tag_that_goes_wrong_by_itself_is_seen_twice() -> None:
    done = [
        attempt(1, score=0.8, tags={"dark": 0.3, "light": 0.85}),
        attempt(2, recipe=replace(RECIPE, seed=1), continue_from=1, score=0.7, tags={"dark": 0.3}),
    ]
    step = taken(next_step(done, FACTS))
    assert step.recipe == replace(RECIPE, focus="dark")
    assert step.reason == (
        "dark is at 0.300 on dev, all examples at 0.800: its 10 training examples are seen twice an"
        " epoch to give them more weight"
    )


@pytest.mark.parametrize(
    ("tags", "known"), [({"dark": 0.75}, {"dark": 10}), ({"dark": 0.3}, {}), ({"light": 0.3}, {"light": 90})]
)
def test_a_tag_is_no_focus_where_it_does_well_has_no_examples_or_is_nearly_all(
    tags: dict[str, float], known: dict[str, int]
) -> None:
    assert FocusTag().step([attempt(1, score=0.8, tags=tags)], TrainFacts(100, known)) is None


def test_a_focus_that_did_not_suffice_is_varied_as_the_suite_asks() -> None:
    focused = replace(RECIPE, focus="dark")
    done = [attempt(1, score=0.8, tags={"dark": 0.3}), attempt(2, recipe=focused, score=0.8, tags={"dark": 0.4})]
    step = taken(VaryTag().step(done, FACTS))
    assert step.recipe == replace(focused, variations="typos,whitespace")
    assert "dark is still at 0.400 in attempt 2 although its examples are seen twice" in step.reason
    assert VaryTag().step(done, replace(FACTS, variations=())) is None
    assert VaryTag().step(done[:1], FACTS) is None


def test_what_is_seen_is_told_in_words() -> None:
    seen = diagnose(attempt(1, score=0.8, tags={"dark": 0.3}, stop_rate=0.6, schema_valid=0.99)).seen
    assert seen == [
        "the training loss is flat at 0.5",
        "stop_rate is 60.0%: answers break their format",
        "dark is at 0.300, all examples at 0.800",
    ]


def test_more_tokens_or_a_higher_price_make_no_attempt_the_better_one() -> None:
    terse = DevResult(0.0, {"exact_match": 0.9, "tokens_out": 10.0, "cost_per_1k": 0.1}, ["a"], "exact_match")
    wordy = DevResult(0.0, {"exact_match": 0.8, "tokens_out": 90.0, "cost_per_1k": 0.9}, ["a"], "exact_match")
    assert terse.standing > wordy.standing


def by_heart(k: int, **how: Any) -> Attempt:
    """Train's loss falls to 0.1 and stays there, dev's stays at 0.4 without rising."""
    return attempt(k, losses=[0.8] * 20 + [0.1] * 20, dev_losses=(0.6, 0.45, 0.4, 0.4), **how)


def test_what_is_learned_by_heart_gets_dropout_and_no_higher_rate_or_rank() -> None:
    done = [by_heart(1, score=0.5)]
    step = taken(next_step(done))
    assert step.recipe == replace(RECIPE, dropout=0.1)
    assert "the training data is memorised (loss 0.1), but dev loss is 0.4: dropout 0.1" in step.reason
    done.append(by_heart(2, recipe=step.recipe, score=0.6))
    assert next_step(done) is None


def test_as_long_as_answers_to_dev_get_better_it_may_be_read_again() -> None:
    step = taken(next_step([by_heart(1, dev_scores=(0.2, 0.4, 0.5, 0.6))]))
    assert step.continue_from == 1
    assert "dev loss is 0.4, but answers to dev improved up to the last epoch: 4 more epochs" in step.reason
    assert taken(next_step([by_heart(1, dev_scores=(0.2, 0.4, 0.6, 0.6))])).recipe.dropout == 0.1


def test_a_training_that_ended_early_is_not_gone_on_with() -> None:
    stopped = attempt(1, losses=FALLING, recipe=replace(RECIPE, epochs=8), dev_scores=(0.2, 0.6, 0.5, 0.6))
    assert (stopped.epochs, stopped.kept) == (4, 2)
    assert MoreEpochs().step([stopped], FACTS) is None
    step = taken(next_step([stopped]))  # the rate, for as many epochs as did best
    assert (step.recipe.learning_rate, step.recipe.epochs) == (2e-3, 2)


def test_where_answers_to_dev_were_scored_they_say_how_many_epochs_are_enough() -> None:
    last = attempt(1, losses=FALLING, dev_losses=OVERFIT, dev_scores=(0.2, 0.5, 0.6, 0.6))
    step = taken(next_step([last]))
    assert step.recipe.epochs == 3
    assert "3 epochs instead of 4, because that epoch answered dev best" in step.reason
    best_at_the_end = attempt(1, losses=FALLING, dev_losses=OVERFIT, dev_scores=(0.2, 0.5, 0.6, 0.7))
    assert FewerEpochs().step([best_at_the_end], FACTS) is None


def test_what_was_scored_by_epoch_is_part_of_what_was_seen() -> None:
    scored = attempt(1, dev_scores=(0.2, 0.6, 0.5, 0.6), recipe=replace(RECIPE, epochs=8))
    assert diagnose(scored).seen[1] == (
        "exact_match of the answers to dev by epoch: 0.200, 0.600, 0.500, 0.600; ended"
        " after epoch 4 of 8; the adapter is that of epoch 2"
    )
    assert len(diagnose(attempt(1)).seen) == 1
