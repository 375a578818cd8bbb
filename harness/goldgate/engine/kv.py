"""Keys and values while a batch is answered, and attention over them.

The prefix that all prompts share is stored once instead of once per row, and every query in the batch meets it in one
matrix product. Each row's own tokens are stored in buffers that are allocated once. Compared to a cache that is
repeated over the rows and copied at every token, this moves a fraction of the memory, which is the bottleneck on a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ATTENTION = "goldgate"
"""The name under which our attention is registered with transformers."""
_PLAIN = {"full_attention", "sliding_attention"}
_UNSUPPORTED = ("softcap", "s_aux", "position_bias")


class Memory:
    """Keys and values by layer: a shared, read-only prefix, and each row's own tokens.

    A row's own columns may be padding or another branch of a tree. `seen`, set before each forward pass, says which of
    them each query attends to: (rows, queries, old and new own columns) booleans, or None for all of them.
    """

    def __init__(self, rows: int, columns: int, prefix: Memory | None = None) -> None:
        self.rows = rows
        self.columns = columns
        self.used = 0
        self.prefix = prefix
        self._seen: Any = None
        self._mask: Any = None
        self._keys: dict[int, Any] = {}
        self._values: dict[int, Any] = {}

    @property
    def prefix_length(self) -> int:
        return 0 if self.prefix is None else self.prefix.used

    @property
    def seen(self) -> Any:
        """Which of the own columns each query of the next forward pass attends to; None for all of them."""
        return self._seen

    @seen.setter
    def seen(self, seen: Any) -> None:
        self._seen, self._mask = seen, None

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows except these."""
        import torch

        self.rows = len(rows)
        for held in (self._keys, self._values):
            for layer, buffer in held.items():
                kept = buffer.new_empty((len(rows), *buffer.shape[1:]))
                index = torch.tensor(list(rows), device=buffer.device)
                torch.index_select(buffer[:, :, : self.used], 0, index, out=kept[:, :, : self.used])
                held[layer] = kept

    def attend(self, layer: int, query: Any, key: Any, value: Any, scaling: float) -> Any:
        """Adds the new keys, then attends over the prefix and own keys, for (rows, heads, new, size) queries."""
        keys, values = self._append(self._keys, layer, key), self._append(self._values, layer, value)
        last = self.used + query.shape[2]
        keys, values = keys[:, :, :last], values[:, :, :last]
        shared = None if self.prefix is None or self.prefix.used == 0 else self.prefix.layer(layer)
        if query.shape[2] == 1:
            return _one(query * scaling, keys, values, shared, self._seen)
        return self._many(query, keys, values, shared, scaling)

    def _many(self, query: Any, keys: Any, values: Any, shared: tuple[Any, Any] | None, scaling: float) -> Any:
        """Attends while reading a prompt: its scores are too many to hold, so torch's fused attention does them in
        pieces.
        """
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        rows, heads = query.shape[:2]
        if shared is not None:
            keys, values = (
                torch.cat([part.expand(rows, *part.shape), own], dim=2)
                for part, own in zip(shared, (keys, values), strict=True)
            )
        if self._mask is None and self._seen is not None:  # the same for all layers
            seen = self._seen[..., : keys.shape[2] - self.prefix_length]
            mask = torch.zeros(rows, 1, query.shape[2], keys.shape[2], dtype=query.dtype, device=query.device)
            mask[..., self.prefix_length :].masked_fill_(~seen[:, None], -torch.inf)
            self._mask = mask
        keys, values = (part.repeat_interleave(heads // part.shape[1], dim=1) for part in (keys, values))
        return scaled_dot_product_attention(query, keys, values, attn_mask=self._mask, scale=scaling)

    def layer(self, layer: int) -> tuple[Any, Any]:
        """Returns the (keys, values) of the first row, each (heads, columns, size)."""
        return self._keys[layer][0, :, : self.used], self._values[layer][0, :, : self.used]

    def _append(self, held: dict[int, Any], layer: int, new: Any) -> Any:
        if layer not in held:
            held[layer] = new.new_empty((self.rows, new.shape[1], self.columns, new.shape[3]))
        held[layer][:, :, self.used : self.used + new.shape[2]] = new
        return held[layer]


def _one(query: Any, keys: Any, values: Any, shared: tuple[Any, Any] | None, seen: Any) -> Any:
    """Attends with one query per row and one softmax over shared and own keys.

    The query heads that share a key head, and all rows for the shared keys, become rows of one matrix.
    """
    import torch

    rows, heads, new, size = query.shape
    kinds = keys.shape[1]
    group = heads // kinds
    grouped = query.reshape(rows, kinds, group * new, size)
    own = grouped @ keys.transpose(-1, -2)
    if seen is not None:
        own.view(rows, kinds, group, new, -1).masked_fill_(~seen[:, None, None], -torch.inf)
    if shared is None:
        return (torch.softmax(own, dim=-1) @ values).reshape(rows, heads, new, size)
    shared_keys, shared_values = shared
    flat = grouped.transpose(0, 1).reshape(kinds, rows * group * new, size)
    common = (flat @ shared_keys.transpose(-1, -2)).view(kinds, rows, group * new, -1).transpose(0, 1)
    weights = torch.softmax(torch.cat([common, own], dim=-1), dim=-1)
    common, own = torch.split(weights, [shared_keys.shape[1], keys.shape[2]], dim=-1)
    mixed = common.transpose(0, 1).reshape(kinds, rows * group * new, -1) @ shared_values
    mixed = mixed.view(kinds, rows, group * new, size).transpose(0, 1)
    return (mixed + own @ values).reshape(rows, heads, new, size)


def attention(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    memory: Memory | None = None,
    **rest: Any,
) -> tuple[Any, None]:
    """The function that transformers calls in every layer: attention over the Memory passed to the forward pass."""
    if memory is None:
        raise TypeError("a model that was loaded to answer can only be run with a Memory")
    if special := [name for name in _UNSUPPORTED if rest.get(name) is not None]:
        raise NotImplementedError(f"attention with {', '.join(special)}")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return memory.attend(module.layer_idx, query, key, value, scale).transpose(1, 2).contiguous(), None


def register_attention() -> None:
    """Registers our attention with transformers, through its interface for that."""
    from transformers import AttentionInterface

    AttentionInterface.register(ATTENTION, attention)


def sees_all(config: Any, longest: int) -> bool:
    """Returns whether every layer of a model attends to all of `longest` tokens, as our attention does."""
    window = getattr(config, "sliding_window", None)
    # Without a list of layer types, transformers applies a sliding window to every layer.
    kinds = set(getattr(config, "layer_types", None) or ["full_attention" if window is None else "sliding_attention"])
    short_sighted = window is not None and longest > window and kinds != {"full_attention"}
    return not (kinds - _PLAIN or short_sighted)
