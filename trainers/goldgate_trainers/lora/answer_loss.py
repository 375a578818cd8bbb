"""The loss on answer tokens, and only they are projected to the vocabulary: most of a row is prompt.

For a small model with a large vocabulary that projection is a third of the work, and its
logits are the largest tensor by far: they are made a chunk at a time and never kept.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from goldgate.engine.token_rows import IGNORED

if TYPE_CHECKING:
    import torch

CHUNK = 2**23
"""Logits at a time: 34 MB of 32-bit floats. Smaller ones would make the matrices too thin to be fast."""


def answer_hidden(
    model: Any, ids: torch.Tensor, labels: torch.Tensor, positions: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The hidden states that predict a label.

    Args:
        model: A causal LM.
        ids: Token ids, (rows, longest), padded on the right; or (1, tokens) packed.
        labels: Labels of the same shape.
        positions: Position ids of packed rows, of the same shape.

    Returns:
        (n, hidden) states of the n predicting positions, and the n labels.
    """
    hidden = model.get_decoder()(input_ids=ids, position_ids=positions, use_cache=False).last_hidden_state
    wanted = labels[:, 1:].reshape(-1)
    at = (wanted != IGNORED).nonzero()[:, 0]
    return hidden[:, :-1].reshape(-1, hidden.shape[-1]).index_select(0, at), wanted.index_select(0, at)


def answer_logits(
    model: Any, ids: torch.Tensor, labels: torch.Tensor, positions: torch.Tensor | None = None
) -> torch.Tensor:
    """(n, vocabulary) logits of the positions that predict a label: what answer_loss scores, all at once."""
    from torch.nn.functional import linear

    head = model.get_output_embeddings()
    logits: torch.Tensor = linear(answer_hidden(model, ids, labels, positions)[0], head.weight, head.bias)
    return logits


def answer_loss(
    model: Any,
    ids: torch.Tensor,
    labels: torch.Tensor,
    count: Any,
    positions: torch.Tensor | None = None,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """Summed negative log-likelihood of the labels, in nats, divided by count.

    The head is frozen. Anything it does besides a linear map is ignored; preflight compares with the model's own
    logits.

    Args:
        model: A causal LM.
        ids: Token ids, as in answer_hidden.
        labels: Labels of the same shape.
        count: Number of labels in the whole optimizer step.
        positions: Position ids of packed rows.
        dtype: Precision of the head's product; None for that of states and weights.
    """
    hidden, wanted = answer_hidden(model, ids, labels, positions)
    head = model.get_output_embeddings()
    given: tuple[Any, ...] = hidden, head.weight, head.bias
    if dtype is not None:
        given = tuple(None if tensor is None else tensor.to(dtype) for tensor in given)
    loss: torch.Tensor = _head_loss().apply(*given, wanted) / count
    return loss


@cache
def _head_loss() -> Any:
    import torch
    from torch.nn.functional import linear, log_softmax

    class HeadLoss(torch.autograd.Function):
        """Summed cross entropy of a frozen linear head. The gradient to the states is computed in the forward pass."""

        @staticmethod
        def forward(ctx: Any, hidden: Any, weight: Any, bias: Any, wanted: Any) -> Any:
            grad = torch.empty_like(hidden)
            total = torch.zeros((), dtype=torch.float32, device=hidden.device)
            size = max(1, CHUNK // weight.shape[0])
            for i in range(0, len(hidden), size):
                chunk, label = hidden[i : i + size], wanted[i : i + size, None]
                scores = log_softmax(linear(chunk, weight, bias).float(), dim=-1)
                total -= scores.gather(1, label).sum()
                scores.exp_().scatter_add_(1, label, torch.full_like(label, -1, dtype=scores.dtype))
                grad[i : i + size] = scores.to(weight.dtype) @ weight
            ctx.save_for_backward(grad)
            return total

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            (grad,) = ctx.saved_tensors
            return grad * grads[0], None, None, None

    return HeadLoss
