"""Tiny random models of many architectures, for tests of whatever must hold for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .conftest import FAMILIES, tiny_tokenizer

ARCHITECTURES = (
    "bloom",
    "cohere",
    "falcon",
    "gemma",
    "gemma2",
    "gemma3_text",
    "gpt2",
    "gpt_neox",
    "granite",
    "llama",
    "mistral",
    "mixtral",
    "olmo2",
    "opt",
    "phi3",
    "qwen2",
    "qwen3",
)
PLAIN = ("bloom", "falcon", "gemma2")
"""Those that our attention does not suit."""
_MORE: dict[str, dict[str, Any]] = {
    "gemma": {"head_dim": 8},
    "gemma2": {"head_dim": 8},
    "gemma3_text": {"head_dim": 8},
    "qwen3": {"head_dim": 8},
    "gpt2": {"n_embd": 16, "n_head": 2, "n_layer": 2, "n_positions": 256},
    "mixtral": {"num_local_experts": 2},
    "opt": {"ffn_dim": 32, "word_embed_proj_dim": 16},
}


def tiny(folder: Path, architecture: str, tokenizer: Any = None, **settings: Any) -> Path:
    """Writes a random model of two layers, with its tokenizer, into the folder.

    Args:
        folder: Where to.
        architecture: Its model_type.
        tokenizer: The tokenizer; None for the ChatML one.
        settings: More of its configuration.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = tokenizer or tiny_tokenizer(FAMILIES["chatml"])
    tokenizer.save_pretrained(folder)
    common = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 512,
    }
    own = _MORE.get(architecture, {})
    sizes = own if architecture == "gpt2" else {**common, **own}
    tokens = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": None, "pad_token_id": 0}
    torch.manual_seed(1)
    config = AutoConfig.for_model(
        architecture, **{"vocab_size": len(tokenizer), "initializer_range": 0.2, **sizes, **tokens, **settings}
    )
    AutoModelForCausalLM.from_config(config).float().save_pretrained(folder)
    return folder
