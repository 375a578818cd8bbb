"""Recipes: the rules for defaults, who overrides whom, and settings that are refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from goldgate.base.errors import UserError
from goldgate_trainers.lora.default_recipe import default_rate, default_recipe, demo_recipe
from goldgate_trainers.lora.recipe import Recipe, from_dict, parse_settings, with_settings

from .conftest import QUICK, Lesson


@pytest.mark.parametrize(("n_train", "batch"), [(60, 8), (499, 8), (500, 16), (5000, 16), (5001, 32)])
def test_the_batch_grows_with_the_data(lesson: Lesson, n_train: int, batch: int) -> None:
    assert default_recipe(lesson.task, n_train, 576).batch == batch


@pytest.mark.parametrize("n_train", [40, 100, 400, 500, 2000, 20_000])
def test_a_default_has_a_hundred_steps_or_fifteen_epochs(lesson: Lesson, n_train: int) -> None:
    recipe = default_recipe(lesson.task, n_train, 576)
    assert recipe.steps(n_train) >= 100 or recipe.epochs == 15


def test_less_data_is_seen_more_often(lesson: Lesson) -> None:
    epochs = [default_recipe(lesson.task, n, 576).epochs for n in (50, 300, 1000, 9000)]
    assert epochs == sorted(epochs, reverse=True)


def test_the_rate_falls_with_width_and_rises_with_the_batch() -> None:
    assert default_rate(576, 8) > default_rate(2048, 8) > default_rate(8192, 8)
    assert default_rate(576, 4) == default_rate(1024, 32) == 1e-3
    assert default_rate(2048, 32) == pytest.approx(2 * default_rate(2048, 8), rel=0.05)


@pytest.mark.parametrize("hidden_size", [16, 576, 16_384])
def test_the_rate_stays_between_its_limits(hidden_size: int) -> None:
    assert 1e-4 <= default_rate(hidden_size, 8) <= 2e-3


def test_small_data_gets_dropout_and_large_data_on_a_small_model_more_rank(lesson: Lesson) -> None:
    assert default_recipe(lesson.task, 150, 576).dropout > 0 == default_recipe(lesson.task, 400, 576).dropout
    assert default_recipe(lesson.task, 9000, 576).rank == 32
    assert default_recipe(lesson.task, 9000, 4096).rank == 16


def test_task_yaml_overrides_the_rule_and_set_overrides_task_yaml(lesson: Lesson) -> None:
    task = replace(lesson.task, train={"epochs": 5, "rank": 8})
    recipe = default_recipe(task, 400, 576, parse_settings(["rank=4"]))
    assert (recipe.epochs, recipe.rank, recipe.alpha) == (5, 4, 8)


def test_the_rate_follows_a_batch_that_was_set(lesson: Lesson) -> None:
    assert default_recipe(lesson.task, 400, 576, {"batch": 32}).learning_rate == default_rate(576, 32)


def test_bf16_is_left_to_the_machine_unless_somebody_says_so(lesson: Lesson) -> None:
    assert default_recipe(lesson.task, 400, 576).precision == "auto"
    assert demo_recipe(lesson.task, 400, 576, characters=150_000).precision == "auto"
    assert default_recipe(replace(lesson.task, train={"precision": "float32"}), 400, 576).precision == "float32"


def test_the_demo_sees_about_as_much_text_of_every_task(lesson: Lesson) -> None:
    assert demo_recipe(lesson.task, 400, 576, characters=150_000).epochs == 2
    assert demo_recipe(lesson.task, 400, 576, characters=900_000).epochs == 1
    assert demo_recipe(lesson.task, 400, 576, {"epochs": 3}, characters=150_000).epochs == 3


def test_the_demo_keeps_the_rest_of_task_yaml(lesson: Lesson) -> None:
    recipe = demo_recipe(
        replace(lesson.task, train={"epochs": 8, "learning_rate": 0.001}), 400, 576, characters=150_000
    )
    assert (recipe.epochs, recipe.learning_rate) == (2, 0.001)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("learning_rat=1", 'did you mean "learning_rate"'),
        ("epochs", "not key=value"),
        ("epochs=2.5", "whole number"),
        ("epochs=0", "from 1 to"),
        ("learning_rate=fast", "give a number"),
        ("prompt=few_shot", "known: pruned, zero_shot"),
        ("checkpoint_activations=1", "known: true, false"),
        ("precision=fp8", "known: float32, bf16, auto"),
        ("pack=maybe", "known: true, false"),
        ("quantize=8bit", "known: none, 4bit"),
        ("too_long=cut", "known: refuse, set_aside"),
        ("targets=mlp", "known: all-linear, attention"),
        ("learning_rate=nan", "give a number"),
    ],
)
def test_an_impossible_setting_is_refused_with_what_to_write(pair: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse_settings([pair])


def test_an_unknown_key_in_task_yaml_names_the_file(lesson: Lesson) -> None:
    with pytest.raises(UserError, match=r'task.yaml, field "train": no recipe setting "epoch"'):
        default_recipe(replace(lesson.task, train={"epoch": 5}), 400, 576)


def test_a_recipe_survives_its_dict_and_keeps_its_digest() -> None:
    recipe = replace(QUICK, seed=7, dropout=0.1)
    assert from_dict(recipe.to_dict(), "recipe.yaml") == recipe
    assert from_dict(recipe.to_dict(), "recipe.yaml").digest == recipe.digest
    assert recipe.digest != QUICK.digest


def test_settings_that_came_later_are_written_only_where_they_are_set() -> None:
    assert {"precision", "too_long", "checkpoint_activations", "pack", "quantize"}.isdisjoint(QUICK.to_dict())
    lower = replace(QUICK, precision="bf16")
    assert lower.to_dict() == {**QUICK.to_dict(), "precision": "bf16"}
    assert lower.digest != QUICK.digest


def test_a_recipe_without_a_rate_is_refused() -> None:
    with pytest.raises(UserError, match='"learning_rate" is missing'):
        from_dict({"batch": 8, "epochs": 1}, "recipe.yaml")


def test_the_micro_batch_divides_the_batch() -> None:
    assert with_settings(QUICK, {"batch": 12, "micro_batch": 8}, "x").micro_batch == 6


@pytest.mark.parametrize("total", [1, 4, 50, 1000])
def test_the_rate_rises_stays_and_falls_and_no_step_is_wasted(total: int) -> None:
    recipe = Recipe(learning_rate=1.0, batch=1, epochs=1)
    rates = [recipe.rate_at(step, total) for step in range(total)]
    assert all(0 < rate <= 1 for rate in rates)
    top = rates.index(max(rates))
    assert all(a <= b for a, b in pairwise(rates[: top + 1]))
    assert all(a >= b for a, b in pairwise(rates[top:]))
    if total >= 50:
        assert rates[0] < 0.5 > rates[-1]
        assert rates.count(1.0) >= 0.7 * total


@pytest.mark.parametrize("many", [0, 1])
def test_there_is_no_recipe_for_no_data(lesson: Lesson, many: int) -> None:
    with pytest.raises(UserError, match=r"example to train on"):
        default_recipe(lesson.task, many, 576)
    with pytest.raises(UserError, match=r"example to train on"):
        demo_recipe(lesson.task, many, 576, characters=0)


def test_a_recipe_on_all_linear_layers_is_known_as_it_was_before_there_was_a_choice() -> None:
    assert "targets" not in QUICK.to_dict()
    other = replace(QUICK, targets="attention")
    assert other.to_dict() == {**QUICK.to_dict(), "targets": "attention"}
    assert other.digest != QUICK.digest
    assert [from_dict(r.to_dict(), "x") for r in (QUICK, other)] == [QUICK, other]
