"""How likely a model finds a text that it only reads."""

from __future__ import annotations

from collections.abc import Sequence

from goldgate.engine.batch import forward
from goldgate.engine.kv import Memory
from goldgate.engine.loading import Loaded
from goldgate.engine.way import plainly


def mean_logprob(loaded: Loaded, tokens: Sequence[int]) -> float:
    """Returns the mean natural log-probability of the tokens except the first, each given those before.

    Args:
        loaded: The model.
        tokens: At least two tokens.

    Raises:
        UserError: The model has no such tokens, or no position for so many.
    """
    import torch

    loaded.check_tokens([tokens])
    model, count = loaded.model, len(tokens)
    ids = torch.tensor([list(tokens)], device=model.device)
    if loaded.way.suits(model.config, count):
        memory = Memory(1, count)
        memory.seen = torch.ones(1, count, count, dtype=torch.bool, device=model.device).tril()
        places = torch.arange(count, device=model.device)[None]
        out = forward(model, ids, position_ids=places, use_cache=False, memory=memory)
    else:
        with plainly(model, loaded.way):
            out = forward(model, ids, use_cache=False)
    found = torch.log_softmax(out.logits[0, :-1].float(), dim=-1).gather(1, ids[0, 1:, None])
    return float(found.double().mean())
