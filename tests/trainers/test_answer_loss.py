"""The loss from answer positions alone equals the one from full logits, for rows of any length and any accumulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from goldgate.engine.token_rows import IGNORED, Row
from goldgate_trainers.lora import answer_loss as module
from goldgate_trainers.lora.answer_loss import answer_hidden, answer_logits, answer_loss
from goldgate_trainers.lora.batches import collate


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
        one = answer_logits(base, alone["input_ids"], alone["labels"])
        both = answer_logits(base, padded["input_ids"], padded["labels"])
    assert torch.allclose(one, both[: len(one)], atol=1e-4)


def test_labels_are_the_next_tokens(base: Any, rows: Sequence[Row]) -> None:
    batch = collate(rows[:2], 0)
    _, wanted = answer_hidden(base, batch["input_ids"], batch["labels"])
    assert wanted.tolist() == [t for r in rows[:2] for t in r.labels if t != IGNORED]


@pytest.mark.parametrize("micro", [1, 3, 7])
def test_accumulating_gives_the_gradient_of_the_whole_batch(base: Any, rows: Sequence[Row], micro: int) -> None:
    import torch

    count = sum(len(r.tokens) - r.start for r in rows)
    base.get_output_embeddings().weight.requires_grad_(False)

    def gradient(size: int) -> torch.Tensor:
        base.zero_grad()
        for i in range(0, len(rows), size):
            batch = collate(rows[i : i + size], 0)
            answer_loss(base, batch["input_ids"], batch["labels"], count).backward()
        return torch.cat([p.grad.flatten() for p in base.parameters() if p.grad is not None])

    whole = gradient(len(rows))
    assert float((gradient(micro) - whole).norm() / whole.norm()) < 1e-5


@pytest.mark.parametrize("chunk", [1, 700, 2**23])
def test_its_gradient_is_that_of_full_logits_in_chunks_of_any_size(
    base: Any, rows: Sequence[Row], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    monkeypatch.setattr(module, "CHUNK", chunk)
    batch = collate(rows, 0)
    base.get_output_embeddings().weight.requires_grad_(False)  # tied: the embeddings too

    def gradient(loss: torch.Tensor) -> torch.Tensor:
        base.zero_grad()
        loss.backward()
        return torch.cat([p.grad.flatten() for p in base.parameters() if p.grad is not None])

    ours = gradient(answer_loss(base, batch["input_ids"], batch["labels"], 5))
    logits = answer_logits(base, batch["input_ids"], batch["labels"])
    _, wanted = answer_hidden(base, batch["input_ids"], batch["labels"])
    theirs = gradient(cross_entropy(logits, wanted, reduction="sum") / 5)
    assert float((ours - theirs).norm() / theirs.norm()) < 1e-5
