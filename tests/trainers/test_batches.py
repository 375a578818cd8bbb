"""Token rows: only the answer is learned, the prompt is inference's own, nothing is cut, like lengths go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import IGNORED, Row, make_rows
from goldgate.models.template import encode, render
from goldgate.prompts import Pruned
from goldgate_trainers.lora.batches import ByLength, collate, fitting, strategy_for

from .conftest import QUICK, Lesson


def test_labels_stand_on_the_answer_and_its_end_only(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    for row, example in zip(rows, lesson.train, strict=True):
        learned = [t for t in row.labels if t != IGNORED]
        assert tokenizer.decode(learned) == f"{example.output}<|im_end|>"
        assert len(row.labels) == len(row.tokens)


def test_the_prompt_is_what_inference_renders(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    for row, example in zip(rows, lesson.train, strict=True):
        text = render(tokenizer, Pruned(lesson.task).messages(example), lesson.task.template)
        assert list(row.tokens[: row.start]) == encode(tokenizer, [text])[0]


def test_an_answer_that_starts_with_a_newline_does_not_merge_into_the_prompt(lesson: Lesson, tokenizer: Any) -> None:
    changed = lesson.with_outputs("\n red")
    row = make_rows(tokenizer, lesson.task, Pruned(lesson.task), changed.train.examples)[0]
    assert tokenizer.decode(row.tokens[row.start : -1]) == "\n red"


def test_json_is_learned_as_the_one_way_answers_are_written(lesson: Lesson, tokenizer: Any) -> None:
    changed = lesson.with_outputs({"a": [1, None]})
    row = make_rows(tokenizer, lesson.task, Pruned(lesson.task), changed.train.examples)[0]
    assert tokenizer.decode(row.tokens[row.start : -1]) == '{"a": [1, null]}'


def test_an_example_that_does_not_fit_is_named_and_not_cut(rows: Sequence[Row]) -> None:
    longest = max(rows, key=lambda r: len(r.tokens))
    with pytest.raises(UserError, match=f"(?s)id {longest.id}.*set max_length={len(longest.tokens)}"):
        fitting(rows, replace(QUICK, max_length=len(longest.tokens) - 1), context=4096)


def test_an_example_that_does_not_fit_is_set_aside_whole_where_the_recipe_says_so(rows: Sequence[Row]) -> None:
    longest = max(rows, key=lambda r: len(r.tokens))
    recipe = replace(QUICK, max_length=len(longest.tokens) - 1, too_long="set_aside")
    assert fitting(rows, recipe, context=4096) == ([r for r in rows if r is not longest], [longest])
    assert fitting(rows, replace(recipe, max_length=len(longest.tokens)), context=4096) == (list(rows), [])


def test_no_row_is_longer_than_the_base_model_has_positions_for(rows: Sequence[Row]) -> None:
    longest = max(len(r.tokens) for r in rows)
    with pytest.raises(UserError, match=r"(?s)more than 20 tokens.*nothing is cut off silently: set them aside"):
        fitting(rows, replace(QUICK, max_length=longest), context=20)


def test_both_prompts_of_a_recipe_are_inferences_own_strategies(lesson: Lesson) -> None:
    assert strategy_for(lesson.task, "pruned").spec()["name"] == "pruned"
    assert strategy_for(lesson.task, "zero_shot").spec()["name"] == "zero_shot"


def test_padding_is_never_learned_even_where_a_label_has_the_padding_token() -> None:
    batch = collate([Row("a", (5, 6, 0), 2), Row("b", (5, 6, 7, 0, 0), 2)], pad=0)
    assert batch["labels"].tolist() == [[-100, -100, 0, -100, -100], [-100, -100, 7, 0, 0]]
    assert batch["lengths"].tolist() == [3, 5]


@pytest.mark.parametrize(("longest", "width"), [(15, 16), (16, 16), (17, 32)])
def test_a_batch_is_a_multiple_wide_and_what_is_added_is_padding(longest: int, width: int) -> None:
    batch = collate([Row("a", (5, 6, 7), 1), Row("b", (8,) * longest, 2)], pad=9, multiple=16)
    assert batch["input_ids"].tolist() == [[5, 6, 7] + [9] * (width - 3), [8] * longest + [9] * (width - longest)]
    assert batch["labels"].tolist() == [
        [-100, 6, 7] + [-100] * (width - 3),
        [-100, -100] + [8] * (longest - 2) + [-100] * (width - longest),
    ]
    assert batch["lengths"].tolist() == [3, longest]


def test_every_epoch_holds_every_row_once_in_an_order_of_its_own() -> None:
    sampler = ByLength([10, 90, 20, 80, 30, 70, 11, 91, 21, 81, 31], batch=4, seed=3)
    epochs = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        epochs.append(list(sampler))
    assert all(sorted(order) == list(range(11)) for order in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_the_same_seed_gives_the_same_order() -> None:
    lengths = [7, 3, 9, 4, 5, 1, 8]
    assert list(ByLength(lengths, 2, 1)) == list(ByLength(lengths, 2, 1))
    assert list(ByLength(lengths, 2, 1)) != list(ByLength(lengths, 2, 2))


def test_batches_by_length_hold_little_padding() -> None:
    lengths = [(i * 37) % 200 + 20 for i in range(400)]
    order = list(ByLength(lengths, 8, 0))
    batches = [[lengths[i] for i in order[k : k + 8]] for k in range(0, 400, 8)]
    assert sum(8 * max(b) for b in batches) < 1.12 * sum(lengths)
    assert batches != sorted(batches, key=max), "short and long batches alternate"


def test_rows_know_their_example(rows: Sequence[Row], lesson: Lesson) -> None:
    assert [r.id for r in rows] == [e.id for e in lesson.train]
    assert replace(rows[0], id="x").tokens == rows[0].tokens
