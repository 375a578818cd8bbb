"""What is learned from once more: the examples of the focus, as they are or in other forms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.task.examples import Example, Split
from goldgate_trainers.lora.oversampling import repeats
from goldgate_trainers.lora.recipe import Recipe, from_dict

from .conftest import QUICK, Lesson, train

RECIPE = Recipe(learning_rate=1e-3, batch=8, epochs=4)
EXAMPLES = (
    Example("a", "The parcel travelled yesterday", "north", tags=("dark",)),
    Example("b", "The parcel arrived", "south", tags=("light",)),
    Example("c", "12 34", "east", tags=("dark", "light")),
    Example("d", "Nothing happened yesterday evening", "west", tags=("dark",)),
)


def test_without_a_focus_nothing_is_seen_twice() -> None:
    assert repeats(EXAMPLES, RECIPE) == []


def test_the_examples_of_the_focus_are_repeated_as_they_are() -> None:
    again = repeats(EXAMPLES, replace(RECIPE, focus="dark"))
    assert [(e.id, e.input, e.output) for e in again] == [
        (f"{e.id}~again", e.input, e.output) for e in EXAMPLES if "dark" in e.tags
    ]


def test_variations_take_turns_and_keep_the_answer() -> None:
    recipe = replace(RECIPE, focus="dark", variations="letter_case,typos")
    again = repeats(EXAMPLES, recipe)
    assert [e.id for e in again] == ["a~letter_case", "c~again", "d~letter_case"]
    assert [e.output for e in again] == ["north", "east", "west"]
    assert all(e.input != was.input for e, was in zip(again[::2], EXAMPLES[::3], strict=True))
    assert repeats(EXAMPLES, recipe) == again


def test_a_focus_that_nothing_carries_is_refused_with_the_nearest_tag() -> None:
    with pytest.raises(UserError, match='did you mean "dark"'):
        repeats(EXAMPLES, replace(RECIPE, focus="dork"))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"variations": "typos"}, "without a focus"),
        ({"focus": "dark", "variations": "typo"}, 'did you mean "typos"'),
        ({"focus": 3}, "focus is 3"),
        ({"focus": "dark", "variations": "changed_date"}, "must not change"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        from_dict({"learning_rate": 1e-3, "batch": 8, "epochs": 1, **settings}, "recipe.yaml")


def test_a_recipe_without_them_has_the_digest_that_it_had() -> None:
    assert not {"focus", "variations"} & set(RECIPE.to_dict())
    assert RECIPE.digest != replace(RECIPE, focus="dark").digest


def test_the_trainer_learns_from_the_repeats_too(lesson: Lesson, tmp_path: Path) -> None:
    first = replace(lesson.train.examples[0], tags=("dark",))
    tagged = replace(lesson, train=Split("train", (first, *lesson.train.examples[1:])))
    plain = train(tagged, tmp_path / "plain")
    focused = train(tagged, tmp_path / "focused", replace(QUICK, focus="dark"))
    assert focused.tokens > plain.tokens
    assert focused.digest != plain.digest
