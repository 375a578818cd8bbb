"""Writes a model of the Llama family as one GGUF file, the format of llama.cpp."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.files import check_object, disk_errors, read_json

Form = Literal["f32", "f16", "q8_0"]
"""How matrices are stored: 32-bit floats, as they were gated; 16-bit floats; or blocks of 32 integers of 8 bits with
one scale, which loses a little. Vectors are always 32-bit floats.
"""
_FILE_TYPES: Mapping[Form, int] = {"f32": 0, "f16": 1, "q8_0": 7}  # LLAMA_FTYPE in llama.h
_DTYPES: Mapping[Form, type] = {"f32": np.float32, "f16": np.float16, "q8_0": np.uint8}
_BLOCK = 32  # integers of a row that share a scale; a row of another length stays 16-bit floats
_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
_DIGITS = {"type": "Digits", "individual_digits": True}
_LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_SPLIT = {"type": "Split", "pattern": {"Regex": _LLAMA_3}, "behavior": "Isolated", "invert": False}
_PRE_TOKENIZERS: Mapping[str, Any] = {
    "gpt-2": _BYTES,
    "smollm": {"type": "Sequence", "pretokenizers": [_DIGITS, _BYTES]},
    "llama-bpe": {"type": "Sequence", "pretokenizers": [_SPLIT, {**_BYTES, "use_regex": False}]},
}
"""What llama.cpp calls a way to cut text before merging → how tokenizer.json says it."""
_OTHERS = "export it as safetensors, and convert that folder with llama.cpp's convert_hf_to_gguf.py"


def gguf_name(form: Form) -> str:
    """The name of the GGUF file in an exported folder."""
    return f"model-{form}.gguf"


def write_gguf(folder: Path, out: Path, form: Form, stops: Sequence[int]) -> None:
    """Writes the model in a folder as a GGUF file.

    Args:
        folder: A folder of transformers: config.json, safetensors, tokenizer.json, and the chat template.
        out: The file to write.
        form: How matrices are stored.
        stops: The tokens that end an answer.

    Raises:
        UserError: The architecture or the tokenizer is not one that this writes, or the disk is full.
    """
    require("gguf", "safetensors")
    import gguf

    where = str(folder / "config.json")
    config = check_object(read_json(folder / "config.json"), where, "export the model again", hidden_size=int)
    rope = config.get("rope_parameters") or {}
    if config.get("model_type") != "llama" or rope.get("rope_type", "default") != "default":
        what = f"{config.get('model_type')} with {rope.get('rope_type', 'default')} positions"
        raise UserError(f"{what} is not an architecture that is written as GGUF", where, _OTHERS)
    tokenizer = read_json(folder / "tokenizer.json")
    pre = _pre_tokenizer(tokenizer, str(folder / "tokenizer.json"))
    with disk_errors(out):
        writer = gguf.GGUFWriter(out, "llama")
        try:
            _add_shape(writer, config, rope, form)
            _add_tokens(writer, tokenizer, pre, config, stops)
            if (template := folder / "chat_template.jinja").is_file():
                writer.add_chat_template(template.read_text("utf-8"))
            _write_tensors(writer, folder, config, form)
        finally:
            writer.close()


def _pre_tokenizer(tokenizer: Any, where: str) -> str:
    """llama.cpp's name of a tokenizer's pre-tokenizer. Another one would cut the same text into other tokens."""
    found = _without_offsets(tokenizer.get("pre_tokenizer"))
    known = next((name for name, like in _PRE_TOKENIZERS.items() if like == found), None)
    if tokenizer.get("model", {}).get("type") != "BPE" or tokenizer.get("normalizer") is not None or known is None:
        kind = json.dumps(found, ensure_ascii=False)
        raise UserError(f"this tokenizer is not known to be one of llama.cpp's ({kind:.80})", where, _OTHERS)
    return known


def _without_offsets(part: Any) -> Any:
    """A pre-tokenizer without what concerns positions in the text alone."""
    if isinstance(part, dict):
        return {key: _without_offsets(value) for key, value in part.items() if key != "trim_offsets"}
    return [_without_offsets(one) for one in part] if isinstance(part, list) else part


def _add_shape(writer: Any, config: Mapping[str, Any], rope: Mapping[str, Any], form: Form) -> None:
    heads = config["num_attention_heads"]
    size = config.get("head_dim") or config["hidden_size"] // heads
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads", heads))
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(rope.get("rope_theta", 10_000.0))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(_FILE_TYPES[form])


def _add_tokens(
    writer: Any, tokenizer: Mapping[str, Any], pre: str, config: Mapping[str, Any], stops: Sequence[int]
) -> None:
    import gguf

    model = tokenizer["model"]
    tokens = [f"[PAD{i}]" for i in range(config["vocab_size"])]  # the matrix may have more rows than there are tokens
    kinds = [gguf.TokenType.UNUSED] * len(tokens)
    for token, number in model["vocab"].items():
        tokens[number], kinds[number] = token, gguf.TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        tokens[added["id"]] = added["content"]
        kinds[added["id"]] = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]])
    writer.add_add_bos_token(False)  # the chat template writes it
    writer.add_eos_token_id(stops[0])
    for stop in stops[1:2]:
        writer.add_eot_token_id(stop)


def _write_tensors(writer: Any, folder: Path, config: Mapping[str, Any], form: Form) -> None:
    """Writes one tensor after another, so that memory holds one at a time."""
    import gguf
    from gguf.quants import quant_shape_to_byte_shape, quantize

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    tensors = list(_tensors(folder, config))
    forms = []
    for name, shape, _ in tensors:
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if new is None:
            raise UserError(f"the tensor {name} has no name in GGUF", str(folder), _OTHERS)
        kept: Form = "f32" if len(shape) != 2 else "f16" if form == "q8_0" and shape[-1] % _BLOCK else form
        kind, dtype = gguf.GGMLQuantizationType[kept.upper()], np.dtype(_DTYPES[kept])
        stored = quant_shape_to_byte_shape(shape, kind) if kept == "q8_0" else shape
        writer.add_tensor_info(new, stored, dtype, math.prod(stored) * dtype.itemsize, raw_dtype=kind)
        forms.append(kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for (_, _, read), kind in zip(tensors, forms, strict=True):
        writer.write_tensor_data(quantize(read().astype(np.float32), kind))


def _tensors(
    folder: Path, config: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[int, ...], Callable[[], np.ndarray]]]:
    """(name, shape, a function that reads it) of each tensor that is stored."""
    from safetensors import safe_open

    heads = config["num_attention_heads"]
    of = {"q_proj": heads, "k_proj": config.get("num_key_value_heads", heads)}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "numpy") as file:
            for name in sorted(file.keys()):
                if name == "lm_head.weight" and config.get("tie_word_embeddings"):
                    continue
                shape = tuple(file.get_slice(name).get_shape())
                yield name, shape, partial(_read, path, name, of.get(name.split(".")[-2]))


def _read(path: Path, name: str, heads: int | None) -> np.ndarray:
    """Reads a tensor. Queries and keys are put into the order of llama.cpp's positions, which turn neighbouring numbers
    of a head where transformers turns those of its two halves.
    """
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        found: np.ndarray = file.get_tensor(name)
    if heads is None:
        return found
    halves = found.reshape(heads, 2, found.shape[0] // heads // 2, *found.shape[1:])
    return halves.swapaxes(1, 2).reshape(found.shape)
