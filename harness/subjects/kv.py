"""Keys and values of a batch: the shared prefix computed once and repeated, padding between it and each row's own tokens."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import UserError


def shared_length(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with, at most all but the last of the shortest: one must be left to ask with."""
    first, last = min(prompts), max(prompts)
    limit = min(len(p) for p in prompts) - 1
    for i in range(limit):
        if first[i] != last[i]:
            return i
    return limit


@dataclass(frozen=True)
class SharedPrefix:
    """Keys and values of `length` tokens, for one row: a (keys, values) pair a layer, each (1, heads, length, size)."""

    length: int
    layers: tuple[tuple[Any, Any], ...]

    @classmethod
    def compute(cls, model: Any, prompts: Sequence[Sequence[int]]) -> SharedPrefix:
        """Runs the model over what all prompts begin with. Raises UserError for a model without plain attention."""
        import torch
        from transformers import DynamicCache

        _check_attention(model.config, max(len(p) for p in prompts))
        length = shared_length(prompts) if len(prompts) > 1 else 0
        if length == 0:
            return cls(0, ())
        cache = DynamicCache(config=model.config)
        with torch.inference_mode():
            ids = torch.tensor([list(prompts[0][:length])], device=model.device)
            model(ids, logits_to_keep=1, use_cache=True, **{_cache_name(model): cache})
        return cls(length, tuple((layer.keys, layer.values) for layer in cache.layers))

    def repeat(self, model: Any, rows: int) -> Any:
        """A transformers cache that holds the prefix for so many rows."""
        from transformers import DynamicCache

        pairs = [(k.expand(rows, -1, -1, -1), v.expand(rows, -1, -1, -1)) for k, v in self.layers]
        return DynamicCache(pairs, config=model.config) if pairs else DynamicCache(config=model.config)


class Batch:
    """Rows that are generated together. State: their cache, their attention mask, and the position of each."""

    def __init__(self, model: Any, prefix: SharedPrefix, prompts: Sequence[Sequence[int]]) -> None:
        import torch

        own = [list(p[prefix.length :]) for p in prompts]
        width = max(len(tokens) for tokens in own)
        pads = torch.tensor([width - len(tokens) for tokens in own])
        columns = torch.arange(width)
        seen = (columns[None, :] >= pads[:, None]).long()
        self._model = model
        self._cache = prefix.repeat(model, len(own))
        # Any token may stand in the padding: no row attends to it.
        self._ids = torch.tensor([[tokens[0]] * (width - len(tokens)) + tokens for tokens in own]).to(model.device)
        self._mask = torch.cat([torch.ones(len(own), prefix.length, dtype=torch.long), seen], dim=1).to(model.device)
        self._positions = (prefix.length + (columns[None, :] - pads[:, None]).clamp(min=0)).to(model.device)

    def start(self) -> Any:
        """Reads the prompts. Returns the logits after each, (rows, vocabulary)."""
        logits = self._forward(self._ids, self._positions)
        self._positions = self._positions[:, -1:] + 1
        return logits

    def step(self, tokens: Sequence[int], keep: Sequence[int]) -> Any:
        """Keeps the rows at these positions, appends one token to each. Returns logits, (kept, vocabulary)."""
        import torch

        if len(keep) < len(self._mask):
            index = torch.tensor(list(keep), device=self._model.device)
            self._cache.batch_select_indices(index)
            self._mask, self._positions = self._mask[index], self._positions[index]
        ids = torch.tensor(list(tokens), device=self._model.device)[:, None]
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(keep), 1)], dim=1)
        logits = self._forward(ids, self._positions)
        self._positions = self._positions + 1
        return logits

    def _forward(self, ids: Any, positions: Any) -> Any:
        out = self._model(ids, attention_mask=self._mask, position_ids=positions, logits_to_keep=1, use_cache=True,
                          **{_cache_name(self._model): self._cache})
        return out.logits[:, -1]


def _cache_name(model: Any) -> str:
    """transformers 5.24 calls it cache; before, it was past_key_values."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"


def _check_attention(config: Any, longest: int) -> None:
    """Padding inside a row is only right where every layer looks back over all tokens."""
    window = getattr(config, "sliding_window", None)
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds - {"full_attention", "sliding_attention"} or (window and longest > window and "sliding_attention" in kinds):
        raise UserError(f"the local engine cannot batch this model ({', '.join(sorted(kinds))} layers)",
                        'task.yaml, field "model"', "take a model with full attention (Llama, Qwen, SmolLM, ...)")
