"""JSON answers that are guided by their schema: llguidance says before each token which tokens may come next.

A guided answer that ends is JSON. It may still break the schema: llguidance 1.9 lets 0 through where `exclusiveMinimum`
is 0, and reads patterns in a dialect of its own. Guided answers are therefore scored by `schema_valid` like all others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from goldgate.base.errors import UserError
from goldgate.engine.loading import Loaded

if TYPE_CHECKING:
    import torch

_SEPARATORS = {"item_separator": ", ", "key_separator": ": ", "whitespace_flexible": False}
"""Written the way goldgate.task.examples.render_output writes JSON, so that constrained answers look like expected
ones.
"""


class JsonGrammar:
    """A schema, compiled once for a tokenizer. start() returns a fresh guide for one row."""

    def __init__(self, loaded: Loaded, schema: Mapping[str, Any]) -> None:
        """Compiles the schema.

        Raises:
            UserError: The schema uses something that llguidance cannot enforce.
        """
        from llguidance import LLMatcher
        from llguidance.hf import from_tokenizer

        self._size = loaded.vocabulary
        tokenizer = from_tokenizer(loaded.tokenizer, n_vocab=self._size, eos_token=list(loaded.stops))
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=_SEPARATORS)
        self._matcher = LLMatcher(tokenizer, grammar, log_level=0)
        if self._matcher.is_error():
            reason = self._matcher.get_error().strip().splitlines()[0]
            raise UserError(
                f"answers cannot be constrained to this schema: {reason}",
                "schema.json",
                "drop +constrained, or remove that keyword from the schema",
            )

    def start(self) -> JsonGuide:
        return JsonGuide(self._matcher.deep_copy(), self._size)


class JsonGuide:
    """The position of one row in the grammar."""

    def __init__(self, matcher: Any, size: int) -> None:
        self._matcher = matcher
        self._size = size
        self._bits = np.zeros((1, (size + 31) // 32), dtype=np.int32)

    def mask(self) -> torch.Tensor:
        """Returns (vocabulary,) booleans: the tokens that may come next, including stop tokens if the JSON may end
        here.
        """
        import torch
        from llguidance.numpy import fill_next_token_bitmask

        fill_next_token_bitmask(self._matcher, self._bits)
        bits = np.unpackbits(self._bits.view(np.uint8), bitorder="little")[: self._size]
        return torch.from_numpy(bits.astype(bool))

    def accept(self, token: int) -> None:
        """Advances by a token that the mask allowed."""
        if not self._matcher.consume_token(token):
            raise RuntimeError(f"llguidance refused a token that it had allowed: {self._matcher.get_error()}")
