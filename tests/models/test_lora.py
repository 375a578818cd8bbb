"""Adapters: merged exactly, or refused for what they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from goldgate.base.errors import UserError
from goldgate.models.loading import load_base
from goldgate.models.lora import changes_nothing, check_kind, merge_adapter
from goldgate.models.quiet import quiet

from ..tiny_models import ARCHITECTURES, tiny

TEXT = torch.tensor([[5, 17, 260, 33, 8, 121, 94, 3]])


def adapter(folder: Path, base: Path, save: Any = False, **settings: Any) -> Path:
    """Writes an adapter for a base model whose every tensor is random."""
    config = LoraConfig(**{"task_type": "CAUSAL_LM", "r": 4, "target_modules": "all-linear", **settings})
    with quiet():
        model = get_peft_model(load_base(base)[1], config)
        torch.manual_seed(2)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data += 0.05 * torch.randn_like(parameter)
        model.save_pretrained(str(folder), save_embedding_layers=save)
    return folder


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.eval()(input_ids=TEXT, use_cache=False).logits
    return found


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_merged_it_answers_as_peft_does_on_every_architecture(architecture: str, tmp_path: Path) -> None:
    base = tiny(tmp_path / "base", architecture)
    made = adapter(tmp_path / "adapter", base)
    with quiet():
        apart = logits(PeftModel.from_pretrained(load_base(base)[1], str(made)))
        merged = logits(merge_adapter(load_base(base)[1], made))
    assert float((apart - merged).abs().max()) <= 1e-4 * float(apart.abs().max())
    assert not torch.equal(merged, logits(load_base(base)[1]))


@pytest.mark.parametrize(
    "settings",
    [
        {"use_dora": True},
        {"use_rslora": True},
        {"init_lora_weights": "gaussian"},
        {"target_modules": r".*\.(q_proj|v_proj)$"},
        {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"q_proj": 16}},
        {"layers_to_transform": [1], "target_modules": ["q_proj"]},
        {"exclude_modules": ["down_proj"]},
        {"target_parameters": ["mlp.gate_proj.weight"], "target_modules": ["q_proj"]},
    ],
    ids=str,
)
def test_a_kind_that_peft_merges_exactly_is_taken(tiny_llama: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    made = adapter(tmp_path / "adapter", tiny_llama, **settings)
    with quiet():
        apart = logits(PeftModel.from_pretrained(load_base(tiny_llama)[1], str(made)))
        merged = logits(merge_adapter(load_base(tiny_llama)[1], made))
    assert float((apart - merged).abs().max()) <= 1e-4 * float(apart.abs().max())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"init_lora_weights": "pissa"},
            r"(?s)init_lora_weights is 'pissa'.*base model's weights.*convert it to plain LoRA",
        ),
        ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights is 'pissa_niter_4'"),
        ({"init_lora_weights": "olora"}, "init_lora_weights is 'olora'"),
        ({"init_lora_weights": "loftq"}, "init_lora_weights is 'loftq'"),
        ({"bias": "lora_only"}, "\"bias\" is 'lora_only'"),
        ({"lora_bias": True}, '"lora_bias" is True'),
        ({"modules_to_save": ["lm_head"]}, '"modules_to_save" is'),
        ({"trainable_token_indices": [1, 2]}, '"trainable_token_indices" is'),
        ({"layer_replication": [[0, 2], [1, 3]]}, '"layer_replication" is'),
        ({"alora_invocation_tokens": [4]}, '"alora_invocation_tokens" is'),
        ({"a_kind_of_tomorrow": 3}, '"a_kind_of_tomorrow" is 3'),
        ({"peft_type": "IA3"}, "not a LoRA adapter but 'IA3'"),
    ],
    ids=str,
)
def test_another_kind_is_refused_by_its_name(
    tiny_llama: Path, tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    made = adapter(tmp_path / "adapter", tiny_llama)
    config = json.loads((made / "adapter_config.json").read_text())
    check_kind(made)
    (made / "adapter_config.json").write_text(json.dumps({**config, **settings}))
    with pytest.raises(UserError, match=says):
        merge_adapter(load_base(tiny_llama)[1], made)


def test_an_adapter_that_holds_a_models_own_tensors_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    made = adapter(tmp_path / "adapter", tiny_llama, save=True, target_modules=["q_proj", "embed_tokens"])
    with quiet(), pytest.raises(UserError, match=r"no adapter's but a model's, first \S+embed_tokens"):
        merge_adapter(load_base(tiny_llama)[1], made)


def test_an_adapter_whose_merged_model_answers_differently_is_refused(tmp_path: Path) -> None:
    """On a tied head: merged, it would change the embeddings too."""
    base = tiny(tmp_path / "base", "llama", tie_word_embeddings=True)
    made = adapter(tmp_path / "adapter", base, target_modules=["lm_head"])
    with quiet(), pytest.raises(UserError, match=r"merged into the base model, the adapter answers differently"):
        merge_adapter(load_base(base)[1], made)


def test_weights_that_cannot_be_read_are_one_message(tiny_llama: Path, tmp_path: Path) -> None:
    made = adapter(tmp_path / "adapter", tiny_llama)
    for content in (b"version https://git-lfs.github.com/spec/v1\n", b"", b"\xff" * 40):
        spoilt = Path(shutil.copytree(made, tmp_path / f"spoilt{len(content)}"))
        (spoilt / "adapter_model.safetensors").write_bytes(content)
        with pytest.raises(UserError, match=r"(?s)weights cannot be read.*git lfs pull"):
            merge_adapter(load_base(tiny_llama)[1], spoilt)


def test_weights_that_are_no_numbers_are_named(tiny_llama: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = adapter(tmp_path / "adapter", tiny_llama) / "adapter_model.safetensors"
    tensors = load_file(path)
    last = sorted(tensors)[-1]
    tensors[last][0, 0] = torch.nan
    save_file(tensors, path)
    with pytest.raises(UserError, match=f"1 tensors of the adapter are not finite, first {last}"):
        merge_adapter(load_base(tiny_llama)[1], path.parent)


def test_what_changes_nothing_is_known() -> None:
    zero, one = torch.zeros(2), torch.ones(2)
    assert changes_nothing({"x.lora_A.weight": one, "x.lora_B.weight": zero})
    assert changes_nothing({"x.lora_embedding_A": one, "x.lora_embedding_B": zero})
    assert not changes_nothing({"x.lora_A.weight": one, "x.lora_B.weight": one})
