"""LoRA adapters on a base model: which kinds are taken, and a check that they fit and are merged exactly."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, first_words
from goldgate.base.files import check_object, read_json

TOLERANCE = 1e-3
"""Greatest difference of the logits of an adapter and of the merged model, as a share of the greatest logit: the two
add the same numbers in another order.
"""
_PROBE = 32
"""Tokens on which an adapter and the merged model are compared."""
_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_STARTS = {True, False, None, "gaussian", "orthogonal", "eva"}
"""Ways to start LoRA that leave the base model's weights as they are."""
_TAKEN = {
    "alpha_pattern",
    "base_model_name_or_path",
    "ensure_weight_tying",
    "eva_config",
    "exclude_modules",
    "fan_in_fan_out",
    "init_lora_weights",
    "layers_pattern",
    "layers_to_transform",
    "lora_alpha",
    "lora_dropout",
    "r",
    "rank_pattern",
    "target_modules",
    "target_parameters",
    "use_dora",
    "use_rslora",
}
"""Settings of an adapter that peft merges exactly, whatever their value."""
_FACTS = {"auto_mapping", "inference_mode", "loftq_config", "peft_type", "peft_version", "revision", "task_type"}
"""What an adapter's configuration tells besides; it changes nothing that the adapter answers."""


def check_kind(folder: Path) -> None:
    """Checks that an adapter is of a kind that can be merged into the base model exactly.

    LoRA, rank-stabilised LoRA and DoRA are. What changes the base model besides (PiSSA and the like, trained biases or
    whole modules) belongs to other weights than the task's base model.

    Args:
        folder: The adapter's folder.

    Raises:
        UserError: It is not. The setting is named.
    """
    path = folder / _CONFIG
    config = check_object(read_json(path), str(path), "train the adapter again")
    hint = "train plain LoRA layers (DoRA and rank-stabilised LoRA are taken too)"
    if (kind := config.get("peft_type")) != "LORA":
        raise UserError(f"not a LoRA adapter but {kind!r:.40}, which cannot be merged and compared", str(path), hint)
    start = config.get("init_lora_weights", True)
    if not (isinstance(start, bool | str | None) and start in _STARTS):
        raise UserError(
            f"init_lora_weights is {start!r:.40}: training moved part of the base model's weights into the adapter,"
            " which therefore belongs to other weights than the task's base model",
            str(path),
            "convert it to plain LoRA: save_pretrained(FOLDER, path_initial_model_for_weight_conversion=...) of peft"
            " does; or start from plain LoRA",
        )
    for name, value in config.items():
        if name not in _TAKEN | _FACTS and value != _defaults().get(name) and value:
            raise UserError(
                f'"{name}" is {value!r:.60}: that part of the adapter cannot be merged into the base model and compared'
                " with it",
                f'{path}, field "{name}"',
                hint,
            )


def _defaults() -> Mapping[str, Any]:
    from peft import LoraConfig

    return dataclasses.asdict(LoraConfig())


def changes_nothing(tensors: Mapping[str, Any]) -> bool:
    """Returns whether an adapter's tensors leave the base model as it is: every lora_B is zero, and there is no other
    part that could change it.
    """
    parts = [w for name, w in tensors.items() if ".lora_A" not in name and ".lora_embedding_A" not in name]
    return all(not bool(w.any()) for w in parts)


def check_slots(model: Any, tensors: Iterable[str], folder: str, hint: str) -> None:
    """Checks that an adapter's tensors are those of a peft model's adapter: none missing, none left over.

    Args:
        model: The peft model.
        tensors: Names of the adapter's tensors.
        folder: The adapter's folder, for the message.
        hint: What to do if they are not.

    Raises:
        UserError: They are not; the first is named.
    """
    from peft import get_peft_model_state_dict

    slots = get_peft_model_state_dict(model, save_embedding_layers=False)
    if unmatched := sorted(set(tensors) ^ set(slots)):
        raise UserError(
            f"{len(unmatched)} tensors of the adapter and the model do not match; the first is {unmatched[0]}",
            folder,
            hint,
        )


def merge_adapter(model: Any, adapter: Path) -> Any:
    """Merges an adapter into the base model's weights: W + BA is computed once instead of at every token.

    An adapter that silently fails to load would pass many gates, so every tensor is checked, and what the merged model
    answers too.

    Args:
        model: The base model, in evaluation mode.
        adapter: The adapter's folder.

    Returns:
        The model, without any trace of peft.

    Raises:
        UserError: The adapter is of a kind that cannot be merged, its tensors do not all fit, or they change nothing.
    """
    import torch

    check_kind(adapter)
    weights = read_tensors(adapter)
    if bad := sorted(name for name, w in weights.items() if not bool(w.isfinite().all())):
        raise UserError(
            f"{len(bad)} tensors of the adapter are not finite, first {bad[0]}", str(adapter), "train it again"
        )
    if changes_nothing(weights):
        raise UserError("the adapter changes nothing: every lora_B is zero", str(adapter), "train it again")
    wrapped = with_adapter(model, adapter).eval()
    hint = "it was trained for another architecture; train it again on this base model"
    check_slots(wrapped, weights, str(adapter), hint)
    ids = torch.arange(_PROBE, device=wrapped.device)[None] % model.get_input_embeddings().weight.shape[0]
    with torch.no_grad():
        apart = wrapped(input_ids=ids, use_cache=False).logits
        merged = wrapped.merge_and_unload()
        together = merged(input_ids=ids, use_cache=False).logits
    off = float((apart - together).abs().max() / apart.abs().max().clamp(min=1.0))
    if not off <= TOLERANCE:
        raise UserError(
            f"merged into the base model, the adapter answers differently (its logits by {off:.2g})",
            str(adapter),
            "train plain LoRA layers on a base model in 32-bit or 16-bit floats",
        )
    return merged


def read_tensors(adapter: Path) -> dict[str, Any]:
    """Reads the tensors of an adapter.

    Raises:
        UserError: The file is not whole, or holds tensors of a model besides, which would take the place of its own.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Any] = load_file(adapter / _WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"the adapter's weights cannot be read: {first_words(error)}",
            str(adapter / _WEIGHTS),
            "copy the adapter again (if it is a git-lfs pointer, run `git lfs pull`), or train it again",
        ) from error
    if whole := sorted(name for name in tensors if ".lora_" not in name):
        raise UserError(
            f"the adapter's file holds {len(whole)} tensors that are no adapter's but a model's, first {whole[0]}",
            str(adapter / _WEIGHTS),
            "save it with save_pretrained(FOLDER, save_embedding_layers=False), and train LoRA layers alone",
        )
    return tensors


def with_adapter(model: Any, adapter: Path, trainable: bool = False) -> Any:
    """Adds an adapter's LoRA layers to the base model.

    Raises:
        UserError: They do not fit: another vocabulary, other widths, or layers that the base model does not have.
    """
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
    except Exception as error:  # as for a base model: peft raises whatever the files lead it to
        told = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = next((line for line in told if "size mismatch" in line), first_words(error))
        raise UserError(
            f"the adapter does not fit the base model: {reason:.200}",
            str(adapter),
            "it was made for a model with another vocabulary or architecture; train it again on this model",
        ) from error
