"""Recipes of any size of data and model: within their limits, exact in their batch, and the same when read again."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate_trainers.lora.default_recipe import (
    DEMO_CHARACTERS,
    default_batch,
    default_epochs,
    default_rate,
    default_recipe,
    demo_recipe,
)
from goldgate_trainers.lora.recipe import Recipe, from_dict, parse_settings, with_settings

from .conftest import Lesson

sizes = st.integers(2, 100_000)
widths = st.integers(16, 16_384)
recipes = st.builds(
    Recipe,
    learning_rate=st.floats(1e-7, 1.0),
    batch=st.integers(1, 64),
    epochs=st.integers(1, 50),
    rank=st.integers(1, 256),
    alpha=st.integers(1, 512),
    dropout=st.floats(0.0, 0.9),
    warmup=st.floats(0.0, 1.0),
    decay=st.floats(0.0, 1.0),
    weight_decay=st.floats(0.0, 10.0),
    clip=st.floats(1e-6, 1e6),
    seed=st.integers(0, 2**32 - 1),
    prompt=st.sampled_from(["pruned", "zero_shot"]),
    max_length=st.integers(16, 4096),
    too_long=st.sampled_from(["refuse", "set_aside"]),
    precision=st.sampled_from(["float32", "bf16", "auto"]),
    micro_batch=st.integers(1, 64),
    checkpoint_activations=st.booleans(),
    pack=st.booleans(),
    quantize=st.sampled_from(["none", "4bit"]),
).map(lambda recipe: with_settings(recipe, {}, "test"))


@given(recipes)
def test_a_recipe_is_the_same_when_it_is_read_again(recipe: Recipe) -> None:
    again = from_dict(recipe.to_dict(), "recipe.yaml")
    assert again == recipe
    assert again.digest == recipe.digest


@given(recipes)
def test_settings_written_as_text_are_read_as_what_they_were(recipe: Recipe) -> None:
    pairs = [f"{key}={value if isinstance(value, str) else repr(value)}" for key, value in recipe.to_dict().items()]
    assert with_settings(Recipe(1e-3, 8, 1), parse_settings(pairs), "--set") == recipe


@given(recipes, recipes)
def test_two_recipes_have_one_digest_only_where_they_are_one(a: Recipe, b: Recipe) -> None:
    assert (a.digest == b.digest) == (a == b)


@given(recipes, st.sampled_from([f.name for f in fields(Recipe)]))
def test_every_setting_is_part_of_the_digest(recipe: Recipe, key: str) -> None:
    value = getattr(recipe, key)
    swapped = {
        "pruned": "zero_shot",
        "zero_shot": "pruned",
        "refuse": "set_aside",
        "set_aside": "refuse",
        "float32": "bf16",
        "bf16": "auto",
        "auto": "float32",
        "none": "4bit",
        "4bit": "none",
        "": "dark",
        "lora": "command",
        "all-linear": "attention",
        (): ("python",),
    }
    other = not value if isinstance(value, bool) else swapped[value] if isinstance(value, (str, tuple)) else value + 1
    assert replace(recipe, **{key: other}).digest != recipe.digest


@given(st.integers(1, 200), st.integers(1, 64))
def test_the_batch_is_exact_and_no_forward_pass_larger_than_asked(batch: int, micro: int) -> None:
    recipe = with_settings(Recipe(1e-3, 8, 1), {"batch": batch, "micro_batch": micro}, "test")
    assert recipe.batch == batch
    assert batch % recipe.micro_batch == 0
    assert 1 <= recipe.micro_batch <= micro
    larger = [n for n in range(recipe.micro_batch + 1, micro + 1) if batch % n == 0]
    assert larger == [], "it is the most rows that divide the batch"


@given(recipes, st.integers(1, 5000))
def test_every_example_is_seen_in_every_epoch(recipe: Recipe, examples: int) -> None:
    steps = recipe.steps(examples)
    assert steps % recipe.epochs == 0
    each = steps // recipe.epochs
    assert (each - 1) * recipe.batch < examples <= each * recipe.batch


@given(recipes, st.integers(1, 300))
@settings(deadline=None)
def test_no_step_is_wasted_and_none_exceeds_the_peak(recipe: Recipe, total: int) -> None:
    rates = [recipe.rate_at(step, total) for step in range(total)]
    assert all(0.0 < rate <= 1.0 for rate in rates)
    top = rates.index(max(rates))
    assert all(a <= b + 1e-12 for a, b in pairwise(rates[: top + 1]))
    assert all(a >= b - 1e-12 for a, b in pairwise(rates[top:]))


@given(st.integers(20, 2000), st.floats(0.0, 0.3), st.floats(0.0, 0.5))
@settings(deadline=None)
def test_the_rate_is_at_its_peak_between_warmup_and_decay(total: int, warmup: float, decay: float) -> None:
    recipe = Recipe(1e-3, 8, 1, warmup=warmup, decay=decay)
    first, last = max(3, round(warmup * total)), total - round(decay * total) - 1
    assert all(recipe.rate_at(step, total) == 1.0 for step in range(first - 1, last + 1))
    assert recipe.rate_at(0, total) < 1.0
    if round(decay * total) >= 1:
        assert recipe.rate_at(total - 1, total) <= 0.5


@given(sizes, widths)
@settings(deadline=None)
def test_a_default_recipe_is_one_that_a_person_could_have_written(lesson: Lesson, n: int, width: int) -> None:
    recipe = default_recipe(lesson.task, n, width)
    assert from_dict(recipe.to_dict(), "default") == recipe
    assert recipe.alpha == 2 * recipe.rank
    assert 1e-4 <= recipe.learning_rate <= 1e-3
    assert recipe.steps(n) >= 100 or recipe.epochs == 15


@given(sizes, sizes)
def test_more_data_is_never_seen_more_often_nor_in_smaller_batches(a: int, b: int) -> None:
    few, many = sorted((a, b))
    assert default_batch(few) <= default_batch(many)
    batch = default_batch(few)
    assert default_epochs(few, batch) >= default_epochs(many, batch)


@given(widths, widths, st.integers(1, 256), st.integers(1, 256))
def test_the_rate_never_rises_with_width_nor_falls_with_the_batch(w1: int, w2: int, b1: int, b2: int) -> None:
    narrow, wide = sorted((w1, w2))
    small, large = sorted((b1, b2))
    assert default_rate(narrow, small) >= default_rate(wide, small)
    assert default_rate(wide, small) <= default_rate(wide, large)


@given(sizes, widths, st.integers(1_000, 5_000_000))
@settings(deadline=None)
def test_the_demo_trains_on_about_as_much_text_whatever_the_task(lesson: Lesson, n: int, width: int, size: int) -> None:
    recipe = demo_recipe(lesson.task, n, width, characters=size)
    assert recipe.epochs == 1 or abs(recipe.epochs * size - DEMO_CHARACTERS) <= size / 2 + 1
    assert recipe.decay == 0.5
    assert from_dict(recipe.to_dict(), "demo") == recipe


KEYS = [f.name for f in fields(Recipe) if not isinstance(f.default, (str, bool, tuple))]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", ["fast", "", "nan", "inf", "-inf", None, True, [1], {"a": 1}, -1, 1e300])
def test_a_value_that_cannot_be_meant_is_refused_and_the_limits_are_told(key: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"{key} is .*(?s:.)*give a (whole )?number from"):
        with_settings(Recipe(1e-3, 8, 1), {key: value}, "task.yaml")


@pytest.mark.parametrize("key", ["batch", "epochs", "rank", "alpha", "seed", "max_length", "micro_batch"])
def test_a_count_is_a_whole_number(key: str) -> None:
    with pytest.raises(UserError, match="whole number"):
        with_settings(Recipe(1e-3, 8, 1), {key: 20.5}, "task.yaml")
    assert getattr(with_settings(Recipe(1e-3, 32, 1), {key: 16.0}, "task.yaml"), key) == 16


@pytest.mark.parametrize("pairs", [["epochs=2", "epochs=3"], [" epochs = 3 "], ["epochs=3.0"], ["epochs=+3"]])
def test_the_last_of_two_settings_counts_and_blanks_do_not(pairs: list[str]) -> None:
    assert parse_settings(pairs) == {"epochs": 3}


@pytest.mark.parametrize("values", [None, [], "rank: 8", 3])
def test_a_recipe_that_is_no_mapping_is_refused(values: Any) -> None:
    with pytest.raises(UserError, match="a recipe is a mapping"):
        from_dict(values, "recipe.yaml")


@pytest.mark.parametrize("key", ["learning_rate", "batch", "epochs"])
def test_what_no_rule_can_guess_is_required(key: str) -> None:
    values = {"learning_rate": 1e-3, "batch": 8, "epochs": 1}
    del values[key]
    with pytest.raises(UserError, match=f'recipe.yaml: "{key}" is missing'):
        from_dict(values, "recipe.yaml")


def test_warming_up_takes_a_few_steps_even_of_a_short_run() -> None:
    recipe = Recipe(1e-3, 8, 1, warmup=0.0, decay=0.0)
    assert [recipe.rate_at(step, 10) for step in range(4)] == pytest.approx([1 / 3, 2 / 3, 1.0, 1.0])
    assert math.isclose(recipe.rate_at(9, 10), 1.0)
