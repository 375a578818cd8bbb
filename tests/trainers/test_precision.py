"""bf16: the same lesson learned, to the bit each time, and never unasked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base import hardware
from goldgate.engine.token_rows import Row
from goldgate.models.adapter import read_adapter
from goldgate.subjects import parse_subject
from goldgate_trainers.lora import optimize, precision
from goldgate_trainers.lora.answer_loss import answer_loss
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.base_model import start_lora
from goldgate_trainers.lora.batches import collate
from goldgate_trainers.lora.merged_layers import merged

from .conftest import QUICK, Lesson, train

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

LOWER = replace(QUICK, precision="bf16")


@pytest.fixture(scope="module")
def lower(lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return train(lesson, tmp_path_factory.mktemp("lower") / "1", LOWER)


def test_the_same_recipe_gives_the_same_bytes(lesson: Lesson, lower: TrainingResult, tmp_path: Path) -> None:
    again = train(lesson, tmp_path / "1", LOWER)
    assert not again.reused
    assert again.digest == lower.digest


def test_it_is_another_adapter_near_the_one_in_full_precision(trained: TrainingResult, lower: TrainingResult) -> None:
    assert lower.digest != trained.digest
    assert [r["loss"] for r in lower.log] == pytest.approx([r["loss"] for r in trained.log], rel=0.02)


def test_the_folder_says_so_and_the_weights_are_32_bit_floats(trained: TrainingResult, lower: TrainingResult) -> None:
    import torch
    from safetensors.torch import load_file

    assert read_adapter(lower.adapter).note["recipe"]["precision"] == "bf16"
    assert "precision" not in read_adapter(trained.adapter).note["recipe"]
    assert {t.dtype for t in load_file(lower.adapter / "adapter_model.safetensors").values()} == {torch.float32}


@pytest.mark.parametrize("dropout", [0.0, 0.05])
def test_it_learns_the_lesson(lesson: Lesson, tmp_path: Path, dropout: float) -> None:
    recipe = replace(LOWER, epochs=60, learning_rate=0.01, batch=7, micro_batch=7, dropout=dropout)
    result = train(lesson, tmp_path / "1", recipe)
    subject = parse_subject(f"adapter:{result.adapter}", lesson.task, lesson.project)
    answers = {a.id: a.text for a in subject.answer(lesson.train.examples)}
    assert answers == {e.id: e.output for e in lesson.train}


def test_a_small_change_is_trained_as_it_will_be_served(base: Any, rows: Sequence[Row]) -> None:
    """Added to weights that 16 bits write exactly, most of it would be lost by rounding the sum."""
    import torch
    from peft.tuners.lora import Linear

    model = start_lora(base, QUICK)
    layer = next(m for m in model.modules() if isinstance(m, Linear))
    with torch.no_grad():
        layer.base_layer.weight.copy_(layer.base_layer.weight.bfloat16())
        layer.lora_B["default"].weight.normal_(std=1e-4)
    x = torch.randn(50, layer.in_features)

    def change(dtype: Any) -> Any:
        with torch.no_grad(), merged(model, dtype) as layers:
            layers.refresh()
            after = layer(x)
        return after - x @ layer.base_layer.weight.t()

    with torch.no_grad():
        rounding = x.bfloat16() @ layer.base_layer.weight.bfloat16().t() - x @ layer.base_layer.weight.t()
    full, rounded = change(None), change(torch.bfloat16) - rounding
    assert float((rounded - full).norm()) < 0.02 * float(full.norm())


def test_merged_layers_have_the_gradients_of_full_precision_to_rounding(base: Any, rows: Sequence[Row]) -> None:
    import torch

    model = start_lora(base, QUICK)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.02)
    batch = collate(rows, 0)

    def gradients(recipe: Any) -> dict[str, Any]:
        model.zero_grad()
        with merged(model, precision.lower_dtype(recipe)) as layers:
            layers.refresh()
            loss = answer_loss(
                model.get_base_model(), batch["input_ids"], batch["labels"], 10, None, precision.lower_dtype(recipe)
            )
            loss.backward()
        return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

    full, rounded = gradients(QUICK), gradients(LOWER)
    assert full.keys() == rounded.keys()
    for name, value in full.items():
        assert rounded[name].dtype == torch.float32
        assert 0 < float((rounded[name] - value).norm()) < 0.1 * float(value.norm()), name


@pytest.mark.parametrize(("gain", "taken"), [(1.1, "float32"), (1.2, "bf16"), (8.0, "bf16")])
def test_auto_takes_what_the_machine_gains_by(monkeypatch: pytest.MonkeyPatch, gain: float, taken: str) -> None:
    monkeypatch.setattr(hardware, "device", lambda: "cpu")
    monkeypatch.setattr(hardware, "matmul_gflops", lambda of="float32": 100.0 * (gain if of == "bf16" else 1.0))
    monkeypatch.setattr(precision, "bf16_pays", hardware.bf16_pays.__wrapped__)  # measured anew
    assert precision.settled(replace(QUICK, precision="auto")) == replace(QUICK, precision=taken)


def test_auto_is_settled_before_anything_is_recorded(
    lesson: Lesson, lower: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "bf16_pays", lambda: True)
    result = train(lesson, tmp_path / "1", replace(QUICK, precision="auto"))
    assert result.digest == lower.digest
    assert read_adapter(result.adapter).note["recipe"] == LOWER.to_dict()


@pytest.mark.parametrize("asked", ["float32", "bf16"])
def test_what_is_asked_for_is_not_measured(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setattr(precision, "bf16_pays", None)
    assert precision.settled(replace(QUICK, precision=asked)).precision == asked


def test_on_an_accelerator_the_frozen_weights_become_bf16_and_the_trained_ones_stay(
    base: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(precision, "device", lambda: "cuda")
    model = start_lora(base, LOWER)
    precision.lower_base(model, QUICK)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    precision.lower_base(model, LOWER)
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}
    assert {p.dtype for p in model.parameters() if not p.requires_grad} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("where", "installed", "used"),
    [("cuda", True, True), ("cuda", False, False), ("cpu", True, False), ("mps", True, False)],
)
def test_ligers_kernels_are_used_on_a_gpu_where_they_are_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str, installed: bool, used: bool
) -> None:
    monkeypatch.setattr(optimize, "device", lambda: where)
    monkeypatch.setattr("transformers.utils.is_liger_kernel_available", lambda: installed)
    arguments = optimize._arguments(QUICK, tmp_path, 4)
    assert arguments.use_liger_kernel is used
    assert (arguments.liger_kernel_config == {"cross_entropy": False, "fused_linear_cross_entropy": False}) is used
