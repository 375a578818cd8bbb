"""Packing: rows one behind the other instead of below each other, so that no position is padding.

What keeps them apart is that their positions begin anew: without an attention mask, transformers reads the borders off
position_ids. The mask that it then makes is dense, (tokens, tokens): worth it on a GPU, seldom on a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import IGNORED, Row
from goldgate_trainers.lora.answer_loss import answer_logits
from goldgate_trainers.lora.batches import collate

if TYPE_CHECKING:
    import torch

TOLERANCE = 1e-3
"""Greatest difference of two logits that are the same but for the order of additions in 32-bit floats."""


def pack(rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """Concatenates rows into a batch of one.

    The first token of a row is no label: the last token of the previous row would have to predict it.

    Returns:
        input_ids, labels and position_ids of shape (1, tokens), and lengths (rows,).
    """
    import torch

    return {
        "input_ids": torch.tensor([[t for r in rows for t in r.tokens]]),
        "labels": torch.tensor([[t for r in rows for t in (IGNORED, *r.labels[1:])]]),
        "position_ids": torch.tensor([[i for r in rows for i in range(len(r.tokens))]]),
        "lengths": torch.tensor([len(r.tokens) for r in rows]),
    }


def check_packing(model: Any, rows: Sequence[Row]) -> None:
    """Checks that packed rows have the same logits as separate ones: the shortest before and after the longest.

    Args:
        model: A peft model in 32-bit floats.
        rows: The training rows.

    Raises:
        UserError: The architecture attends across a border between rows.
    """
    import torch

    ordered = sorted(rows, key=lambda r: len(r.tokens))
    tried = [ordered[0], ordered[-1], ordered[0]]
    was = model.training
    model.eval()
    with torch.no_grad():
        together = _logits(model, pack(tried))
        alone = torch.cat([_logits(model, collate([row], 0)) for row in tried])
    model.train(was)
    if (off := float((together - alone).abs().max())) > TOLERANCE:
        raise UserError(
            f"packed rows see each other: their logits differ by {off:.2g} from those of a row alone"
            f" (rows {ordered[0].id} and {ordered[-1].id})",
            "base model",
            "this architecture does not keep packed rows apart; set pack=false",
        )


def _logits(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    there = {key: batch[key].to(model.device) for key in batch}
    return answer_logits(model.get_base_model(), there["input_ids"], there["labels"], there.get("position_ids"))
