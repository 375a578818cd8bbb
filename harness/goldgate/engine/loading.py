"""Models in memory: a base model, with an adapter merged into it where one is asked for."""

from __future__ import annotations

import ctypes
import gc
import sys
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
"""A base and one adapter's model: what comparing a candidate with a prompt needs. Each holds 0.54 GB for 135M."""


@dataclass(frozen=True)
class Loaded:
    """A causal language model ready to answer, with our attention in it.

    stops: token ids that end an answer; end: the one of them that the chat template writes.
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
    """The model in 32-bit floats, on the GPU where there is one. The digests are part of the key: content, not paths.

    chat_template: takes the place of the tokenizer's own. An adapter is merged into the weights: W + BA is computed
    once instead of at every token. The caller has checked that it belongs to this base. Raises UserError where its
    tensors do not all fit, or change nothing.
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


def merge_adapter(model: Any, adapter: Path) -> Any:
    """The base with the adapter's weights in it. An adapter that silently does not load would pass many a gate: raises
    UserError where its tensors do not all fit, or change nothing.
    """
    from safetensors.torch import load_file

    weights = load_file(adapter / "adapter_model.safetensors")
    if not any(name.endswith("lora_B.weight") and bool(w.any()) for name, w in weights.items()):
        raise UserError("the adapter changes nothing: every lora_B is zero", str(adapter), "train it again")
    wrapped = with_adapter(model, adapter)
    slots = {name.replace(".default.", ".") for name, _ in wrapped.named_parameters() if ".lora_" in name}
    if unmatched := sorted(set(weights) ^ slots):
        raise UserError(
            f"{len(unmatched)} tensors of the adapter and the model do not match, first {unmatched[0]}",
            str(adapter),
            "it was trained for another architecture; train it again on this base model",
        )
    return wrapped.merge_and_unload()


def with_adapter(model: Any, adapter: Path, trainable: bool = False) -> Any:
    """The base model with an adapter's LoRA layers in it. Raises UserError where they do not fit: another vocabulary,
    other widths, layers that the base does not have.
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
            "it was made for a model with another vocabulary or architecture; train it again on this one",
        ) from error
