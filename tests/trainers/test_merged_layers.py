"""Merged LoRA layers compute what peft's own do, forward and backward, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.engine.token_rows import Row
from goldgate_trainers.lora.answer_loss import answer_loss
from goldgate_trainers.lora.batches import collate
from goldgate_trainers.lora.merged_layers import can_merge, merged

from .conftest import QUICK, Lesson, train

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


@pytest.fixture
def model(base: Any) -> Any:
    """A LoRA on the tiny model that changes it."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(3)
    return get_peft_model(
        base, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", init_lora_weights=False)
    )


def loss_and_gradients(model: Any, rows: Sequence[Row]) -> tuple[float, dict[str, Any]]:
    batch = collate(rows, 0)
    model.zero_grad()
    loss = answer_loss(model.get_base_model(), batch["input_ids"], batch["labels"], 10)
    loss.backward()
    return loss.item(), {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def test_loss_and_gradients_are_those_of_peft(model: Any, rows: Sequence[Row]) -> None:
    loss, gradients = loss_and_gradients(model, rows)
    with merged(model) as layers:
        layers.refresh()
        ours, found = loss_and_gradients(model, rows)
    assert ours == pytest.approx(loss, rel=1e-5)
    assert found.keys() == gradients.keys()
    for name, value in gradients.items():
        assert float((found[name] - value).norm()) < 1e-4 * float(value.norm()) + 1e-7, name


def test_a_fresh_lora_computes_the_base_model_exactly(base: Any, rows: Sequence[Row]) -> None:
    from peft import LoraConfig, get_peft_model

    batch = collate(rows, 0)
    before = answer_loss(base, batch["input_ids"], batch["labels"], 10).item()
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear"))
    with merged(model) as layers:
        layers.refresh()
        assert loss_and_gradients(model, rows)[0] == before


def test_refresh_follows_the_weights(model: Any, rows: Sequence[Row]) -> None:
    import torch

    with merged(model) as layers:
        layers.refresh()
        first, _ = loss_and_gradients(model, rows)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "lora_B" in name:
                    weight.mul_(-1)
        layers.refresh()
        second, _ = loss_and_gradients(model, rows)
    assert second != first
    assert loss_and_gradients(model, rows)[0] == pytest.approx(second, rel=1e-5)


def test_afterwards_the_layers_are_pefts_again(model: Any, rows: Sequence[Row]) -> None:
    before = loss_and_gradients(model, rows)[0]
    with merged(model) as layers:
        layers.refresh()
    assert loss_and_gradients(model, rows)[0] == before
    assert not any("forward" in vars(layer) for layer in model.modules())


def test_dropout_is_not_merged(model: Any) -> None:
    assert can_merge(model, 0.0)
    assert not can_merge(model, 0.05)


def test_a_recipe_with_dropout_trains_too(lesson: Lesson, tmp_path: Path) -> None:
    result = train(lesson, tmp_path / "1", replace(QUICK, dropout=0.1, epochs=4))
    assert result.log[-1]["loss"] < result.log[0]["loss"]
