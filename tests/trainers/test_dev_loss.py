"""Dev's loss while training: told after every epoch, the model's own, and without any effect on the adapter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import Row
from goldgate.models.quiet import quiet
from goldgate.task.examples import Split
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.base_model import start_lora
from goldgate_trainers.lora.dev_loss import MOST, dev_rows, mean_loss
from goldgate_trainers.lora.forward import forward_as_trained
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.train import train_adapter

from .conftest import QUICK, Lesson


def watched(lesson: Lesson, out: Path, recipe: Recipe = QUICK, name: str = "dev") -> TrainingResult:
    dev = Split(name, tuple(replace(e, id=f"d{e.id}", input=f"say {e.text}") for e in lesson.train))
    return train_adapter(lesson.model, lesson.task, lesson.train, recipe, out, dev=dev)


def test_it_stands_in_the_log_at_the_end_of_every_epoch_and_changes_no_byte(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path
) -> None:
    result = watched(lesson, tmp_path / "1")
    assert [row["epoch"] for row in result.log if "dev_loss" in row] == [1.0, 2.0]
    assert all(row["dev_loss"] > 0 for row in result.log if "dev_loss" in row)
    assert result.digest == trained.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "bf16"},
        {"precision": "bf16", "dropout": 0.1},
        {"precision": "bf16", "pack": True},
        {"precision": "bf16", "checkpoint_activations": True},
        {"dropout": 0.1},
    ],
)
def test_it_is_measured_in_every_precision_and_near_the_loss_of_training(
    lesson: Lesson, tmp_path: Path, changes: dict[str, Any]
) -> None:
    dev = Split("dev", lesson.train.examples)
    log = train_adapter(
        lesson.model, lesson.task, lesson.train, replace(QUICK, epochs=3, **changes), tmp_path / "1", dev=dev
    ).log
    measured = [row["dev_loss"] for row in log if "dev_loss" in row]
    assert len(measured) == 3
    assert measured[0] == pytest.approx(log[0]["loss"], rel=0.3)


def test_with_dropout_it_draws_no_random_number(lesson: Lesson, tmp_path: Path) -> None:
    recipe = replace(QUICK, dropout=0.3)
    dev = Split("dev", lesson.train.examples)
    found = [
        train_adapter(lesson.model, lesson.task, lesson.train, recipe, tmp_path / str(i), dev=d).digest
        for i, d in enumerate((dev, None))
    ]
    assert found[0] == found[1]


def test_one_epoch_cannot_turn_so_nothing_is_measured(lesson: Lesson, tmp_path: Path) -> None:
    assert not any("dev_loss" in row for row in watched(lesson, tmp_path / "1", replace(QUICK, epochs=1)).log)


def test_golden_is_not_watched(lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not read golden"):
        watched(lesson, tmp_path / "1", name="golden")


def test_it_is_the_models_own_loss_on_answers(base: Any, rows: Sequence[Row]) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    with quiet():
        model = start_lora(base, QUICK)
    model.train()
    total, count = 0.0, 0
    for row in rows:
        logits = model.get_base_model()(input_ids=torch.tensor([row.tokens])).logits[0, row.start - 1 : -1]
        total += cross_entropy(logits.detach(), torch.tensor(row.tokens[row.start :]), reduction="sum").item()
        count += len(row.tokens) - row.start
    for recipe, rel in ((QUICK, 1e-4), (replace(QUICK, precision="bf16"), 0.02), (replace(QUICK, dropout=0.1), 1e-4)):
        with forward_as_trained(model, recipe) as forward:
            assert mean_loss(model, forward, rows, 4, 0) == pytest.approx(total / count, rel=rel)
    assert model.training


def test_of_a_large_dev_split_a_fixed_part_is_watched(lesson: Lesson, tokenizer: Any) -> None:
    many = [replace(lesson.train.examples[0], id=f"d{i:03d}") for i in range(3 * MOST)]
    shuffled = random.Random(1).sample(many, len(many))
    parts = [dev_rows(tokenizer, lesson.task, Split("dev", tuple(e)), QUICK) for e in (many, shuffled)]
    assert len(parts[0]) == MOST
    assert parts[0] == parts[1]
