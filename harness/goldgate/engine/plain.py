"""One prompt on its way through a model, with nothing of ours in between: right for every architecture, and slower."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from goldgate.engine.batch import forward

_CACHES = ("cache", "past_key_values")
"""What a model calls the keys and values that it returns and takes: transformers is about to change the name."""


class PlainRow:
    """A batch of one row. It offers what a Batch does, so that whatever runs batches can run it.

    Args:
        model: The model, with its own attention.
        prompt: The prompt as tokens.
        cached: Whether the model's own cache is used from token to token; otherwise each step reads the whole row.
    """

    def __init__(self, model: Any, prompt: Sequence[int], cached: bool) -> None:
        self._model = model
        self._tokens = list(prompt)
        self._cached = cached
        self._past: dict[str, Any] = {}
        self._calls: list[int] = []
        self._root: tuple[list[int], dict[str, Any]] | None = None

    def start(self) -> Any:
        """Reads the prompt. Returns the logits after it, (1, vocabulary)."""
        return self._read(self._tokens)

    def step(self, tokens: Sequence[int], keep: Sequence[int]) -> Any:
        """Appends a token. See Batch.step."""
        self._tokens.extend(tokens)
        return self._read(list(tokens))

    def branch(self, tokens: Sequence[int], keep: Sequence[int], paths: Sequence[Sequence[int]]) -> Any:
        """Appends a token to one of the paths that earlier calls have appended. See Batch.branch."""
        if self._root is None:
            self._root = (list(self._tokens), self._past)
        own = [*(self._calls[at] for at in paths[0]), *tokens]
        self._calls.extend(tokens)
        self._tokens, self._past = [*self._root[0], *own], copy.deepcopy(self._root[1])
        return self._read(own)

    def _read(self, new: list[int]) -> Any:
        import torch

        past = self._past
        ids = new if past else self._tokens
        out = forward(self._model, torch.tensor([ids], device=self._model.device), use_cache=self._cached, **past)
        kept = {name: getattr(out, name, None) for name in _CACHES if name in out} if self._cached else {}
        self._past = dict([(name, past) for name, past in kept.items() if past is not None][:1])
        return out.logits[:, -1]
