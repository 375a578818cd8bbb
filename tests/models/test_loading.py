"""Out of the one door comes a whole model, or an error that says what is wrong with its folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.models.loading import load_base

from ..tiny_models import ARCHITECTURES, tiny

Tensors = dict[str, Any]


@pytest.fixture
def model(tiny_llama: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_llama, tmp_path / "model"))


def change(folder: Path, how: Callable[[Tensors], Tensors]) -> None:
    from safetensors.torch import load_file, save_file

    save_file(how(load_file(folder / "model.safetensors")), folder / "model.safetensors", metadata={"format": "pt"})


def configure(folder: Path, **settings: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **settings}))


NORM, DOWN = "model.layers.0.input_layernorm.weight", "model.layers.1.mlp.down_proj.weight"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda m: change(m, lambda t: {k: v for k, v in t.items() if k != DOWN}), f"{DOWN} is missing"),
        (lambda m: change(m, lambda t: {**t, DOWN: t[DOWN][:, :-1].clone()}), rf"{DOWN} has shape \[48, 95\], not"),
        (
            lambda m: change(m, lambda t: {**t, "model.extra.weight": t[NORM].clone()}),
            "model.extra.weight is no weight",
        ),
        (lambda m: configure(m, num_hidden_layers=4), r"model\.layers\.3\.\S+ is missing.*and \d+ more"),
        (lambda m: configure(m, num_hidden_layers=2), r"model\.layers\.2\.\S+ is no weight of this architecture"),
        (lambda m: configure(m, tie_word_embeddings=False), r"lm_head\.weight is missing"),
        (lambda m: configure(m, vocab_size=999), r"embed_tokens\.weight has shape"),
        (
            lambda m: change(m, lambda t: {"model.norm.weight": t["model.norm.weight"]}),
            "embed_tokens.weight is missing",
        ),
    ],
)
def test_weights_that_are_not_the_architectures_are_named(
    model: Path, damage: Callable[[Path], None], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    damage(model)
    with pytest.raises(UserError, match=says):
        load_base(model)
    assert capfd.readouterr() == ("", ""), "the library's own report would only frighten"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_loads_whole_and_not_without_one_of_its_tensors(architecture: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path, architecture)
    load_base(folder)
    lost: list[str] = []

    def lose(tensors: Tensors) -> Tensors:
        lost.append(next(name for name in sorted(tensors) if "1." in name and name.endswith("weight")))
        return {name: value for name, value in tensors.items() if name != lost[0]}

    change(folder, lose)
    with pytest.raises(UserError, match="the weights of the base model do not fit"):
        load_base(folder)


def test_what_an_architecture_ties_or_computes_may_be_absent_or_left_over(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "gpt_neox", tie_word_embeddings=True)
    change(folder, lambda t: {**t, "gpt_neox.layers.0.attention.bias": t["gpt_neox.final_layer_norm.bias"].clone()})
    change(
        folder,
        lambda t: {**t, "gpt_neox.layers.0.attention.rotary_emb.inv_freq": t["gpt_neox.final_layer_norm.bias"].clone()},
    )
    load_base(folder)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda m: configure(m, model_type="not-yet-known"), "cannot be loaded: .*not-yet-known"),
        (lambda m: configure(m, model_type="t5"), "cannot be loaded: .*"),
        (lambda m: configure(m, hidden_size="wide"), "cannot be loaded: "),
        (lambda m: configure(m, num_attention_heads=0), "cannot be loaded: "),
        (lambda m: configure(m, quantization_config={"quant_method": "awq"}), "cannot be loaded: "),
        (lambda m: configure(m, auto_map={"AutoConfig": "evil.C"}, model_type="own"), "cannot be loaded: "),
        (lambda m: (m / "tokenizer.json").write_text("{}"), "cannot be loaded: "),
        (lambda m: (m / "model.safetensors").write_bytes(b"\0" * 99), "cannot be loaded: "),
    ],
)
def test_whatever_a_library_raises_is_one_message(model: Path, damage: Callable[[Path], Any], says: str) -> None:
    damage(model)
    with pytest.raises(UserError, match=says) as caught:
        load_base(model)
    assert str(model) in str(caught.value)
    assert caught.value.hint


def test_a_chat_template_of_ones_own_replaces_the_tokenizers(model: Path) -> None:
    tokenizer, loaded = load_base(model, "{{ messages }}")
    assert tokenizer.chat_template == "{{ messages }}"
    assert not loaded.training
