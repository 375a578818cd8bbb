"""Models in memory: a base model, with an adapter merged into it on request."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, first_words
from goldgate.base.hardware import device
from goldgate.engine.way import Way, way_of
from goldgate.models.loading import load_base
from goldgate.models.lora import merge_adapter
from goldgate.models.quiet import quiet
from goldgate.models.template import stop_tokens, turn_end

MODELS_IN_MEMORY = 2
"""A base model and one tuned model: what comparing a candidate with a prompt needs. Each takes 0.54 GB for 135M."""


@dataclass(frozen=True)
class Loaded:
    """A causal language model ready to answer.

    Attributes:
        model: The model.
        tokenizer: Its tokenizer.
        stops: Token ids that end an answer.
        end: The tokens that close an answer by the chat template: one of `stops`, or several tokens of a text.
        closing: The text of `end` if it is several tokens; otherwise empty.
        way: How it is run.
    """

    model: Any
    tokenizer: Any
    stops: tuple[int, ...]
    end: tuple[int, ...]
    closing: str
    way: Way

    @property
    def vocabulary(self) -> int:
        """How many logits the model gives: often more than its tokenizer has tokens."""
        return int(self.model.get_output_embeddings().weight.shape[0])

    def check_tokens(self, texts: Iterable[Sequence[int]]) -> None:
        """Checks that the model knows all tokens of texts.

        Raises:
            UserError: It does not: its tokenizer is another model's, or has tokens that were added later.
        """
        known = min(self.vocabulary, int(self.model.get_input_embeddings().weight.shape[0]))
        if (most := max((max(tokens, default=0) for tokens in texts), default=0)) >= known:
            raise UserError(
                f"the tokenizer writes token {most} ({self.tokenizer.convert_ids_to_tokens(most)!r:.40}), and the model"
                f" has only {known}",
                'task.yaml, field "model"',
                "tokenizer and model do not belong together: download both again, or save both together with"
                " save_pretrained",
            )

    def is_over(self, tokens: Sequence[int]) -> bool:
        """Returns whether an answer ends with these tokens."""
        if tokens[-1] in self.stops or not self.closing:
            return tokens[-1] in self.stops
        return self.closing in self.tokenizer.decode(tokens[-2 * len(self.end) :], skip_special_tokens=False)


@lru_cache(maxsize=MODELS_IN_MEMORY)
def load_model(
    folder: Path,
    model_digest: str,
    adapter: Path | None = None,
    adapter_digest: str | None = None,
    chat_template: str | None = None,
    cache: Path | None = None,
) -> Loaded:
    """Loads a model in 32-bit floats, on the GPU if there is one.

    The digests are part of the memory cache's key, so models are told apart by content, not by path.

    Args:
        folder: The model's folder.
        model_digest: Content digest of the model.
        adapter: Folder of an adapter for this base model, which the caller has checked.
        adapter_digest: Content digest of the adapter.
        chat_template: A chat template that replaces the tokenizer's own.
        cache: The cache folder, where it is noted how the model is run; None to find it out each time.

    Returns:
        The model.

    Raises:
        UserError: The model or its adapter cannot be loaded, do not fit each other, or do not fit into memory.
    """
    tokenizer, model = load_base(folder, chat_template)
    with quiet():
        if adapter is not None:
            model = merge_adapter(model, adapter)
        try:
            model.to(device()).eval()
        except (RuntimeError, MemoryError) as error:
            raise UserError(
                f"the model does not fit into the memory of this {device()} device: {first_words(error)}",
                str(folder),
                "end what else uses it, or use a smaller model",
            ) from error
        way = way_of(model, tokenizer, None if cache is None else cache / "engine", model_digest)
    stops, end = stop_tokens(tokenizer, model.generation_config), turn_end(tokenizer)
    return Loaded(model, tokenizer, stops, end.tokens, "" if len(end.tokens) == 1 else end.text, way)


def forget_models() -> None:
    """Frees the models that are held in memory, and gives the memory back to the system."""
    load_model.cache_clear()
    gc.collect()
    return_memory()


def return_memory() -> None:
    """Has the C library give freed memory back, where it is one that otherwise keeps it for later (glibc): after the
    baselines have answered it would hold on to 0.9 GB while training asks for more (docs/results.md).
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries on Linux have none
    if trim is not None:
        trim(0)
