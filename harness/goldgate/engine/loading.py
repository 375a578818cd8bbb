"""Models in memory: a base model, with an adapter merged into it on request."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.hardware import device
from goldgate.engine.kv import ATTENTION, register_attention
from goldgate.models.quiet import quiet
from goldgate.models.template import stop_tokens, turn_end

MODELS_IN_MEMORY = 2
"""A base model and one tuned model: what comparing a candidate with a prompt needs. Each takes 0.54 GB for 135M."""


@dataclass(frozen=True)
class Loaded:
    """A causal language model ready to answer, using our attention.

    Attributes:
        model: The model.
        tokenizer: Its tokenizer.
        stops: Token ids that end an answer.
        end: The one of them that the chat template writes.
    """

    model: Any
    tokenizer: Any
    stops: tuple[int, ...]
    end: int


@lru_cache(maxsize=MODELS_IN_MEMORY)
def load_model(
    folder: Path,
    model_digest: str,
    adapter: Path | None = None,
    adapter_digest: str | None = None,
    chat_template: str | None = None,
) -> Loaded:
    """Loads a model in 32-bit floats, on the GPU if there is one.

    The digests are part of the memory cache's key, so models are told apart by content, not by path. An adapter is
    merged into the weights: W + BA is computed once instead of at every token.

    Args:
        folder: The model's folder.
        model_digest: Content digest of the model.
        adapter: Folder of an adapter for this base model, which the caller has checked.
        adapter_digest: Content digest of the adapter.
        chat_template: A chat template that replaces the tokenizer's own.

    Returns:
        The model.

    Raises:
        UserError: The adapter's tensors do not all fit, or change nothing.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    register_attention()
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        tokenizer.chat_template = chat_template or tokenizer.chat_template
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            attn_implementation=ATTENTION,
        )
        if adapter is not None:
            model = merge_adapter(model, adapter)
    model.to(device()).eval()
    return Loaded(model, tokenizer, stop_tokens(tokenizer, model.generation_config), turn_end(tokenizer))


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


def check_slots(model: Any, tensors: Iterable[str], folder: Path, hint: str) -> None:
    """Checks that an adapter's tensors are those of a peft model's LoRA layers: none missing, none left over.

    Args:
        model: The peft model.
        tensors: Names of the adapter's tensors.
        folder: The adapter's folder.
        hint: What to do if they are not.

    Raises:
        UserError: They are not; the first is named.
    """
    slots = {name.replace(".default.", ".") for name, _ in model.named_parameters() if ".lora_" in name}
    if unmatched := sorted(set(tensors) ^ slots):
        raise UserError(
            f"{len(unmatched)} tensors of the adapter and the model do not match; the first is {unmatched[0]}",
            str(folder),
            hint,
        )


def merge_adapter(model: Any, adapter: Path) -> Any:
    """Merges an adapter into the base model's weights.

    An adapter that silently fails to load would pass many gates, so every tensor is checked.

    Raises:
        UserError: The adapter's tensors do not all fit, or change nothing.
    """
    from safetensors.torch import load_file

    weights = load_file(adapter / "adapter_model.safetensors")
    if not any(name.endswith("lora_B.weight") and bool(w.any()) for name, w in weights.items()):
        raise UserError("the adapter changes nothing: every lora_B is zero", str(adapter), "train it again")
    wrapped = with_adapter(model, adapter)
    check_slots(wrapped, weights, adapter, "it was trained for another architecture; train it again on this base model")
    return wrapped.merge_and_unload()


def with_adapter(model: Any, adapter: Path, trainable: bool = False) -> Any:
    """Adds an adapter's LoRA layers to the base model.

    Raises:
        UserError: They do not fit: another vocabulary, other widths, or layers that the base model does not have.
    """
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
    except (RuntimeError, ValueError) as error:
        told = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = next((line for line in told if "size mismatch" in line), told[0] if told else type(error).__name__)
        raise UserError(
            f"the adapter does not fit the base model: {reason:.200}",
            str(adapter),
            "it was made for a model with another vocabulary or architecture; train it again on this model",
        ) from error
