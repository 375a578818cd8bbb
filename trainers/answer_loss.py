"""The loss on answer tokens, and only they are projected to the vocabulary: most of a row is prompt.

For a small model with a large vocabulary that projection is a third of the work (TRAINING.md, section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainers.batches import IGNORED

if TYPE_CHECKING:
    import torch


def answer_logits(model: Any, ids: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, vocabulary) logits of the n positions that predict a label, and the n labels. model: a causal LM.

    ids, labels: (rows, longest), padded on the right. Source: Llama's and its relatives' forward, without what they
    may do to logits after lm_head; preflight compares with the model's own.
    """
    hidden = model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
    wanted = labels[:, 1:].reshape(-1)
    at = (wanted != IGNORED).nonzero()[:, 0]
    rows = hidden[:, :-1].reshape(-1, hidden.shape[-1]).index_select(0, at)
    return model.get_output_embeddings()(rows), wanted.index_select(0, at)


def answer_loss(model: Any, ids: torch.Tensor, labels: torch.Tensor, count: Any) -> torch.Tensor:
    """Sum of the labels' negative log-likelihoods (nats) divided by count: the labels of the whole optimizer step."""
    from torch.nn.functional import cross_entropy

    logits, wanted = answer_logits(model, ids, labels)
    loss: torch.Tensor = cross_entropy(logits.float(), wanted, reduction="sum") / count
    return loss
