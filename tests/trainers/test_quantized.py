"""Weights in 4 bits: refused at once where they cannot be had, and asked for as QLoRA has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from goldgate.base import extras
from goldgate.base.errors import UserError
from goldgate_trainers.lora import precision, quantized
from goldgate_trainers.lora import train as lora
from goldgate_trainers.lora.quantized import check_quantize, loading

from .conftest import QUICK, Lesson, train

FOUR = replace(QUICK, quantize="4bit")


@pytest.mark.parametrize(("where", "said"), [("cpu", "here is none"), ("mps", "here is an Apple GPU")])
def test_without_a_cuda_gpu_it_is_refused_before_anything_is_loaded(
    lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, said: str
) -> None:
    monkeypatch.setattr(quantized, "device", lambda: where)
    monkeypatch.setattr(lora, "load_base", None)
    with pytest.raises(UserError, match=f"(?s)needs a CUDA GPU, and {said}.*leave quantize out"):
        train(lesson, tmp_path / "1", FOUR)
    assert list(tmp_path.iterdir()) == []


def test_without_bitsandbytes_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantized, "device", lambda: "cuda")
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"(?s)needs bitsandbytes.*goldgate\[gpu\]"):
        check_quantize(FOUR)
    monkeypatch.setattr(extras, "find_spec", lambda name: name)
    assert precision.settled(FOUR) == FOUR


def test_nothing_is_quantised_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantized, "device", None)
    check_quantize(QUICK)
    assert loading(QUICK) == {}


@pytest.mark.parametrize(("asked", "compute"), [("float32", "float32"), ("bf16", "bfloat16")])
def test_the_weights_are_asked_for_as_qlora_has_them(asked: str, compute: str) -> None:
    how = loading(replace(FOUR, precision=asked))
    config = how["quantization_config"].to_dict()
    assert how["device_map"] == {"": 0}
    assert (config["load_in_4bit"], config["bnb_4bit_quant_type"], config["bnb_4bit_use_double_quant"]) == (
        True,
        "nf4",
        True,
    )
    assert config["bnb_4bit_compute_dtype"] == compute


def test_4_bit_weights_are_left_alone_where_the_rest_becomes_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(precision, "device", lambda: "cuda")
    model = torch.nn.Module()
    model.packed = torch.nn.Parameter(torch.zeros(4, dtype=torch.uint8), requires_grad=False)
    model.norm = torch.nn.Parameter(torch.zeros(4), requires_grad=False)
    precision.lower_base(model, replace(FOUR, precision="bf16"))
    assert (model.packed.dtype, model.norm.dtype) == (torch.uint8, torch.bfloat16)
