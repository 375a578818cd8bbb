"""What is tried before the first step: memory that runs out, rows that mix, layers that take no LoRA."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import Row
from goldgate_trainers.lora.base_model import start_lora
from goldgate_trainers.lora.batches import WIDTHS, collate
from goldgate_trainers.lora.try_batches import check_apart, check_evaluation, fit_memory, try_batches, untouched

from .conftest import QUICK, WORDS

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
RECIPE = replace(QUICK, batch=12, micro_batch=6)


@pytest.fixture
def longest(rows: Sequence[Row]) -> Row:
    return max(rows, key=lambda r: len(r.tokens))


@pytest.fixture
def width(longest: Row) -> int:
    """Tokens that the longest row takes in a batch."""
    return collate([longest], 0, WIDTHS)["input_ids"].numel()


def holding(base: Any, tokens: int, error: Callable[[str], Exception] | None = None) -> Any:
    """The base model where there is memory for so many tokens at a time and no more."""
    import torch

    decoder, forward = base.get_decoder(), base.get_decoder().forward

    def limited(*args: Any, **more: Any) -> Any:
        if more["input_ids"].numel() > tokens:
            raise (error or torch.OutOfMemoryError)("can't allocate memory")
        return forward(*args, **more)

    decoder.forward = limited
    return base


@pytest.mark.parametrize(("room", "fits"), [(100, 6), (5, 4), (3, 3), (2, 2), (1, 1)])
def test_fewer_rows_at_a_time_where_memory_is_short_and_the_batch_stays(
    base: Any, rows: Sequence[Row], width: int, room: int, fits: int
) -> None:
    model = start_lora(holding(base, room * width), RECIPE)
    assert fit_memory(model, rows, RECIPE, 0) == replace(RECIPE, micro_batch=fits)
    assert all(p.grad is None for p in model.parameters())


def test_torch_says_it_in_another_way_on_a_cpu(base: Any, rows: Sequence[Row], width: int) -> None:
    model = start_lora(holding(base, 2 * width, RuntimeError), RECIPE)
    recipe, notes = try_batches(model, rows, RECIPE, 0, 10)
    assert (recipe.batch, recipe.micro_batch, notes) == (12, 2, [])


def test_a_row_that_does_not_fit_alone_is_named(base: Any, rows: Sequence[Row], longest: Row) -> None:
    model = start_lora(holding(base, len(longest.tokens) - 1), RECIPE)
    with pytest.raises(UserError, match=f"(?s)id {longest.id}: the longest example does not fit.*max_length"):
        fit_memory(model, rows, RECIPE, 0)


def test_any_other_failure_is_no_lack_of_memory(base: Any, rows: Sequence[Row]) -> None:
    def broken(_: str) -> Exception:
        return RuntimeError("another")

    with pytest.raises(RuntimeError, match="another"):
        fit_memory(start_lora(holding(base, 1, broken), RECIPE), rows, RECIPE, 0)


def test_a_batch_of_answers_that_does_not_fit_is_told(base: Any, rows: Sequence[Row], longest: Row) -> None:
    tokens = len(rows) * (longest.start + 50)
    model = start_lora(holding(base, tokens), RECIPE)
    check_evaluation(model, rows, 50)
    with pytest.raises(UserError, match=f"(?s)id {longest.id}: {len(WORDS)} answers at a time.*max_new_tokens"):
        check_evaluation(model, rows, 51)


def test_rows_give_one_gradient_together_and_apart(base: Any, rows: Sequence[Row]) -> None:
    model = start_lora(base, RECIPE)
    check_apart(model, rows, 0)
    assert all(p.grad is None for p in model.parameters())


def test_rows_that_mix_in_their_batch_are_found(base: Any, rows: Sequence[Row]) -> None:
    block, forward = base.model.layers[1].mlp, base.model.layers[1].mlp.forward
    block.forward = lambda x: forward(x - 0.1 * x.mean(0, keepdim=True))
    with pytest.raises(UserError, match=r"rows change each other: together, w\d and w\d give another gradient"):
        check_apart(start_lora(base, RECIPE), rows, 0)


def test_rows_that_see_the_padding_are_found(base: Any, rows: Sequence[Row]) -> None:
    block, forward = base.model.layers[1].mlp, base.model.layers[1].mlp.forward
    block.forward = lambda x: forward(x - 0.1 * x.mean(1, keepdim=True))
    with pytest.raises(UserError, match="rows change each other"):
        check_apart(start_lora(base, RECIPE), rows, 0)


def test_weights_that_take_no_lora_are_noted(base: Any, rows: Sequence[Row]) -> None:
    import torch

    assert untouched(start_lora(copy.deepcopy(base), RECIPE)) == []
    base.model.layers[0].mlp.experts = torch.nn.Parameter(torch.zeros(2, 3, 4))
    model = start_lora(base, RECIPE)
    assert untouched(model) == ["model.layers.0.mlp.experts"]
    assert try_batches(model, rows, RECIPE, 0, 10)[1] == [
        "1 weight matrices of the base model take no LoRA and stay as they are, first model.layers.0.mlp.experts"
    ]
