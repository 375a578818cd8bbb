"""The loss is the mean over answer tokens: whatever shares a forward pass, whatever pads, whatever order rows have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.engine.token_rows import IGNORED, Row
from goldgate_trainers.lora.answer_loss import answer_hidden, answer_logits, answer_loss
from goldgate_trainers.lora.batches import collate

tokens = st.integers(3, 258)
parts = st.tuples(st.lists(tokens, min_size=1, max_size=9), st.lists(tokens, min_size=1, max_size=6))
rows_of = st.lists(parts, min_size=1, max_size=5).map(
    lambda pairs: [Row(f"r{i}", (*read, *learned), len(read)) for i, (read, learned) in enumerate(pairs)]
)


@pytest.fixture(scope="module")
def frozen(tiny_llama: Path) -> Any:
    """The tiny model, which no test here changes."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32).eval().requires_grad_(False)


def labels_in(rows: Sequence[Row]) -> int:
    return sum(len(r.tokens) - r.start for r in rows)


def loss(model: Any, rows: Sequence[Row], count: int, pad: int = 0) -> float:
    import torch

    batch = collate(rows, pad)
    with torch.no_grad():
        return float(answer_loss(model, batch["input_ids"], batch["labels"], count))


def by_hand(model: Any, rows: Sequence[Row]) -> float:
    """Mean negative log-likelihood of every answer token, one row at a time, from the model's own logits."""
    import torch

    total = 0.0
    for row in rows:
        with torch.no_grad():
            logits = model(torch.tensor([row.tokens])).logits[0]
        scores = torch.log_softmax(logits.double(), dim=-1)
        total -= sum(float(scores[i - 1, row.tokens[i]]) for i in range(row.start, len(row.tokens)))
    return total / labels_in(rows)


@given(rows_of)
@settings(deadline=None, max_examples=12)
def test_it_is_the_mean_over_answer_tokens(frozen: Any, rows: list[Row]) -> None:
    assert loss(frozen, rows, labels_in(rows)) == pytest.approx(by_hand(frozen, rows), rel=1e-4)


@given(rows_of, st.integers(1, 5))
@settings(deadline=None, max_examples=12)
def test_passes_of_any_size_add_up_to_the_loss_of_the_step(frozen: Any, rows: list[Row], micro: int) -> None:
    count = labels_in(rows)
    parts = [loss(frozen, rows[i : i + micro], count) for i in range(0, len(rows), micro)]
    assert sum(parts) == pytest.approx(loss(frozen, rows, count), rel=1e-4)


@given(rows_of, st.randoms())
@settings(deadline=None, max_examples=12)
def test_the_order_of_rows_changes_nothing(frozen: Any, rows: list[Row], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert loss(frozen, shuffled, 7) == pytest.approx(loss(frozen, rows, 7), rel=1e-4)


@given(rows_of, tokens)
@settings(deadline=None, max_examples=12)
def test_what_stands_in_the_padding_changes_nothing(frozen: Any, rows: list[Row], pad: int) -> None:
    assert loss(frozen, rows, 7, pad=pad) == pytest.approx(loss(frozen, rows, 7, pad=0), rel=1e-4)


@given(rows_of, st.integers(1, 50))
@settings(deadline=None, max_examples=8)
def test_the_count_is_a_divisor_and_no_more(frozen: Any, rows: list[Row], count: int) -> None:
    assert loss(frozen, rows, count) * count == pytest.approx(loss(frozen, rows, 1), rel=1e-5)


@given(rows_of)
@settings(deadline=None, max_examples=8)
def test_a_row_of_long_answers_weighs_by_its_tokens(frozen: Any, rows: list[Row]) -> None:
    each = [loss(frozen, [row], labels_in([row])) * labels_in([row]) for row in rows]
    assert loss(frozen, rows, labels_in(rows)) == pytest.approx(sum(each) / labels_in(rows), rel=1e-4)


@given(rows_of)
@settings(deadline=None, max_examples=12)
def test_only_positions_before_an_answer_token_are_projected(frozen: Any, rows: list[Row]) -> None:
    batch = collate(rows, 0)
    hidden, wanted = answer_hidden(frozen, batch["input_ids"], batch["labels"])
    assert len(hidden) == len(wanted) == labels_in(rows)
    assert wanted.tolist() == [t for row in rows for t in row.tokens[row.start :]]
    assert IGNORED not in wanted.tolist()
    assert answer_logits(frozen, batch["input_ids"], batch["labels"]).shape[0] == labels_in(rows)


@given(rows_of)
@settings(deadline=None, max_examples=12)
def test_a_batch_keeps_every_row_and_learns_answers_alone(rows: list[Row]) -> None:
    batch = collate(rows, 1)
    for i, row in enumerate(rows):
        length = int(batch["lengths"][i])
        assert tuple(batch["input_ids"][i, :length].tolist()) == row.tokens
        assert batch["input_ids"][i, length:].tolist() == [1] * (batch["input_ids"].shape[1] - length)
        learned = [t for t in batch["labels"][i].tolist() if t != IGNORED]
        assert tuple(learned) == row.tokens[row.start :]


def test_a_batch_without_answers_has_no_loss(frozen: Any) -> None:
    row = Row("r", (5, 6, 7), 3)
    assert loss(frozen, [row], 1) == 0.0


def test_a_better_model_of_the_answers_has_a_smaller_loss(frozen: Any) -> None:
    """Of all single-token answers to a prompt, the loss is smallest for the one that the model finds likeliest."""
    import torch

    prompt = (40, 41, 42)
    with torch.no_grad():
        order = frozen(torch.tensor([prompt])).logits[0, -1].argsort(descending=True).tolist()
    losses = [loss(frozen, [Row("r", (*prompt, token), 3)], 1) for token in (order[0], order[5], order[-1])]
    assert losses == sorted(losses)
