"""The loss from answer positions alone equals the one from full logits, for rows of any length and any accumulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from trainers.answer_loss import answer_logits, answer_loss
from trainers.batches import IGNORED, Row, collate


def test_it_equals_the_loss_from_full_logits(base: Any, rows: Sequence[Row]) -> None:
    import torch

    batch = collate(rows, 0)
    count = sum(len(r.tokens) - r.start for r in rows)
    with torch.no_grad():
        ours = answer_loss(base, batch["input_ids"], batch["labels"], count)
        mask = torch.tensor([[i < n for i in range(batch["input_ids"].shape[1])] for n in batch["lengths"]])
        theirs = base(input_ids=batch["input_ids"], attention_mask=mask.long(), labels=batch["labels"]).loss
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)


def test_padding_does_not_change_a_rows_logits(base: Any, rows: Sequence[Row]) -> None:
    import torch

    short, long = sorted(rows, key=lambda r: len(r.tokens))[:: len(rows) - 1]
    with torch.no_grad():
        alone = collate([short], 0)
        padded = collate([short, long], 0)
        one, _ = answer_logits(base, alone["input_ids"], alone["labels"])
        both, _ = answer_logits(base, padded["input_ids"], padded["labels"])
    assert torch.allclose(one, both[: len(one)], atol=1e-4)


def test_labels_are_the_next_tokens(base: Any, rows: Sequence[Row]) -> None:
    batch = collate(rows[:2], 0)
    _, wanted = answer_logits(base, batch["input_ids"], batch["labels"])
    assert wanted.tolist() == [t for r in rows[:2] for t in r.labels if t != IGNORED]


@pytest.mark.parametrize("micro", [1, 3, 7])
def test_accumulating_gives_the_gradient_of_the_whole_batch(base: Any, rows: Sequence[Row], micro: int) -> None:
    import torch

    count = sum(len(r.tokens) - r.start for r in rows)

    def gradient(size: int) -> torch.Tensor:
        base.zero_grad()
        for i in range(0, len(rows), size):
            batch = collate(rows[i : i + size], 0)
            answer_loss(base, batch["input_ids"], batch["labels"], count).backward()
        return torch.cat([p.grad.flatten() for p in base.parameters()])

    whole = gradient(len(rows))
    assert float((gradient(micro) - whole).norm() / whole.norm()) < 1e-5
