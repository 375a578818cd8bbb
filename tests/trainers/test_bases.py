"""Base models that are not as one would wish: each is handled, or refused in one clear message."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.models.lora import with_adapter
from goldgate.models.quiet import quiet
from goldgate.subjects import parse_subject
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.base_model import start_lora
from goldgate_trainers.lora.train import train_adapter

from ..conftest import CHATML, FAMILIES, tiny_model, tiny_tokenizer
from .conftest import QUICK, Lesson, lesson_on

RECIPE = replace(QUICK, epochs=60, learning_rate=0.01, batch=7, micro_batch=7)


def answers(lesson: Lesson, adapter: Path) -> dict[str, str | None]:
    subject = parse_subject(f"adapter:{adapter}", lesson.task, lesson.project)
    return {a.id: a.text for a in subject.answer(lesson.train.examples)}


def expected(lesson: Lesson) -> dict[str, Any]:
    return {e.id: e.output for e in lesson.train}


@pytest.fixture
def bare(tiny_llama: Path, tmp_path: Path) -> Path:
    """A base model without a chat template."""
    folder = Path(shutil.copytree(tiny_llama, tmp_path / "bare"))
    (folder / "chat_template.jinja").unlink()
    return folder


def test_a_base_without_a_chat_template_is_refused_until_a_file_is_named(bare: Path, tmp_path: Path) -> None:
    lesson = lesson_on(bare, tmp_path / "project")
    with pytest.raises(UserError, match=r"(?s)has no chat template.*`chat_template: FILE`"):
        train_adapter(lesson.model, lesson.task, lesson.train, QUICK, tmp_path / "1")
    with pytest.raises(UserError, match="has no chat template"):
        list(parse_subject("base+zero_shot", lesson.task, lesson.project).answer(lesson.train.examples))


def test_a_base_without_a_chat_template_learns_with_the_file_that_is_named(bare: Path, tmp_path: Path) -> None:
    lesson = lesson_on(bare, tmp_path / "project", {"chat.jinja": CHATML}, chat_template="chat.jinja")
    result = train_adapter(lesson.model, lesson.task, lesson.train, RECIPE, tmp_path / "1")
    assert answers(lesson, result.adapter) == expected(lesson)
    other = replace(lesson, task=replace(lesson.task, chat_template=CHATML.replace("'\n'", "' '")))
    with pytest.raises(UserError, match="trained with another chat template"):
        answers(other, result.adapter)


def test_a_tokenizer_without_a_padding_token_will_do(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    family = replace(FAMILIES["chatml"], tokens={"eos_token": "<|im_end|>"})
    lesson = lesson_on(tiny_model(tmp_path / "model", family), tmp_path / "project")
    result = train_adapter(lesson.model, lesson.task, lesson.train, RECIPE, tmp_path / "1")
    assert answers(lesson, result.adapter) == expected(lesson)


def test_a_tokenizer_that_pads_with_its_end_learns_its_end_all_the_same(tiny_llama: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_llama, tmp_path / "model"))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "pad_token": config["eos_token"]}))
    lesson = lesson_on(folder, tmp_path / "project")
    result = train_adapter(lesson.model, lesson.task, lesson.train, RECIPE, tmp_path / "1")
    assert answers(lesson, result.adapter) == expected(lesson)


def test_a_tokenizer_without_any_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    family = replace(FAMILIES["chatml"], template="{% for m in messages %}{{ m['content'] }}\n{% endfor %}", tokens={})
    lesson = lesson_on(tiny_model(tmp_path / "model", family), tmp_path / "project")
    with pytest.raises(UserError, match="no end-of-sequence token"):
        train_adapter(lesson.model, lesson.task, lesson.train, QUICK, tmp_path / "1")


def test_gpt2_whose_layers_hold_their_weights_the_other_way_round_is_learned(tmp_path: Path) -> None:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = tiny_tokenizer(FAMILIES["chatml"])
    tokenizer.save_pretrained(tmp_path / "model")
    torch.manual_seed(1)
    GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(tokenizer),
            n_embd=48,
            n_layer=3,
            n_head=6,
            n_positions=256,
            initializer_range=0.2,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
            pad_token_id=0,
        )
    ).float().save_pretrained(tmp_path / "model")
    lesson = lesson_on(tmp_path / "model", tmp_path / "project")
    recipe = replace(RECIPE, rank=16, alpha=32, epochs=120)
    result = train_adapter(lesson.model, lesson.task, lesson.train, recipe, tmp_path / "1")
    assert answers(lesson, result.adapter) == expected(lesson)


def test_a_base_without_layers_for_lora_is_refused(base: Any) -> None:
    import torch

    class Opaque(torch.nn.Module):
        pass

    for block in base.model.layers:
        for part in (block.self_attn, block.mlp):
            for name, layer in list(part.named_children()):
                if isinstance(layer, torch.nn.Linear):
                    setattr(part, name, Opaque())
    with pytest.raises(UserError, match="no layers that take LoRA"):
        start_lora(base, QUICK)


def test_an_adapter_for_another_vocabulary_does_not_fit(base: Any, trained: TrainingResult, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(trained.adapter, tmp_path / "adapter"))
    tensors = load_file(folder / "adapter_model.safetensors")
    rank, width = QUICK.rank, base.config.hidden_size
    head = "base_model.model.lm_head.lora_"
    more = {
        f"{head}A.weight": tensors[next(iter(tensors))].new_ones(rank, width),
        f"{head}B.weight": tensors[next(iter(tensors))].new_ones(base.config.vocab_size + 8, rank),
    }
    save_file({**tensors, **more}, folder / "adapter_model.safetensors")
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"] = [*config["target_modules"], "lm_head"]
    (folder / "adapter_config.json").write_text(json.dumps(config))
    with quiet(), pytest.raises(UserError, match=r"(?s)does not fit the base model: size mismatch for .*lm_head"):
        with_adapter(base, folder)
