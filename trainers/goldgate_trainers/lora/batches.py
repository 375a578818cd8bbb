"""Token rows to batches: those that fit, padded, in random order by length."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import IGNORED, Row, longer_than
from goldgate.prompts import Pruned, Strategy, ZeroShot
from goldgate.task.task import Task
from goldgate_trainers.lora.recipe import Recipe

if TYPE_CHECKING:
    import torch

WIDTHS = 16
"""What is trained on is a multiple of so many tokens wide. A CPU makes and keeps a kernel for every shape that it
multiplies in bf16: with widths of all kinds a training takes more memory, and is no faster (docs/results.md)."""


def strategy_for(task: Task, prompt: str) -> Strategy:
    """The prompting strategy of a recipe: the same object that inference uses."""
    return Pruned(task) if prompt == "pruned" else ZeroShot(task)


def fitting(rows: Sequence[Row], recipe: Recipe, context: int) -> tuple[list[Row], list[Row]]:
    """Splits rows into those that are learned from and those that are too long. Nothing is truncated.

    Args:
        rows: All rows.
        recipe: Its max_length and too_long decide.
        context: Number of positions of the base model.

    Raises:
        UserError: A row is too long and the recipe refuses such rows; the longest one is named.
    """
    limit = min(recipe.max_length, context)
    long = longer_than(rows, limit)
    if long and recipe.too_long == "refuse":
        worst = max(long, key=lambda r: len(r.tokens))
        more = f"set max_length={len(worst.tokens)}, " if len(worst.tokens) <= context else ""
        raise UserError(
            f"{len(long)} of {len(rows)} training examples have more than {limit} tokens, with {worst.id} at"
            f" {len(worst.tokens)}",
            f"train.jsonl, id {worst.id}",
            f"nothing is cut off silently: {more}set them aside with too_long=set_aside, or shorten them",
        )
    return [r for r in rows if len(r.tokens) <= limit], long


def collate(rows: Sequence[Row], pad: int, multiple: int = 1) -> dict[str, torch.Tensor]:
    """Pads rows to a batch.

    There is no attention mask: attention only looks back, so no token ever sees the padding after it.

    Args:
        rows: The rows.
        pad: The padding token.
        multiple: The width is the smallest multiple of this that holds the longest row.

    Returns:
        input_ids and labels of shape (rows, width), padded on the right, and lengths (rows,).
    """
    import torch

    width = math.ceil(max(len(r.tokens) for r in rows) / multiple) * multiple
    ids = [[*r.tokens, *[pad] * (width - len(r.tokens))] for r in rows]
    labels = [[*r.labels, *[IGNORED] * (width - len(r.tokens))] for r in rows]
    return {
        "input_ids": torch.tensor(ids),
        "labels": torch.tensor(labels),
        "lengths": torch.tensor([len(r.tokens) for r in rows]),
    }


class ByLength:
    """Samples batches of rows of similar length, in random order. Each iteration is the next epoch.

    Lengths are jittered by a tenth before sorting, so that every epoch has different batches. The smaller batch, if
    there is one, comes last. The seed determines the order of every epoch.
    """

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths = lengths
        self._batch = batch
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch that the next iteration samples."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self._seed} {self._epoch}")
        order = sorted(range(len(self._lengths)), key=lambda i: self._lengths[i] * draw.uniform(0.9, 1.1))
        rest = len(order) % self._batch
        # The rows that fill no batch are drawn from all lengths, so that the longest are not always alone.
        last = sorted(draw.sample(range(len(order)), rest), reverse=True)
        odd = [order.pop(i) for i in last]
        batches = [order[i : i + self._batch] for i in range(0, len(order), self._batch)]
        draw.shuffle(batches)
        return iter([i for batch in [*batches, odd] for i in batch])
