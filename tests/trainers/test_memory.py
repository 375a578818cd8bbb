"""Where memory runs out, fewer rows go into a pass and nothing else changes; a backward pass can keep less."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate_trainers.loop.attempt import DevResult, first_step
from goldgate_trainers.loop.budget import Budget
from goldgate_trainers.loop.until import train_until
from goldgate_trainers.lora import checkpoints, forward
from goldgate_trainers.lora import train as lora
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.memory import fewer_rows, out_of_memory
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_limit import TimeLimit

from .conftest import QUICK, Lesson, train

WIDE = replace(QUICK, micro_batch=4)


def room_for(rows: int, monkeypatch: pytest.MonkeyPatch, after: int = 0) -> list[int]:
    """A machine whose memory suffices for so many rows a pass, once `after` passes are made. Returns what was tried."""
    import torch

    tried: list[int] = []
    loss = forward.answer_loss

    def limited(model: Any, ids: Any, *rest: Any) -> Any:
        tried.append(len(ids))
        if len(ids) > rows and len(tried) > after:
            torch.empty(2**60, dtype=torch.uint8)
        return loss(model, ids, *rest)

    monkeypatch.setattr(forward, "answer_loss", limited)
    return tried


@pytest.mark.parametrize("after", [0, 2])
def test_it_ends_with_the_bytes_of_the_recipe_that_fits(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    tried = room_for(QUICK.micro_batch, monkeypatch, after)
    result = train(lesson, tmp_path / "1", WIDE)
    assert result.digest == trained.digest
    assert max(tried[after + 1 :]) == result.micro_batch == QUICK.micro_batch


def test_the_record_says_so(lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room_for(1, monkeypatch)
    result = train(lesson, tmp_path / "1", WIDE)
    said = "memory ran out at 4 rows a forward pass: trained with 1, 4 a step as before"
    assert said in result.notes
    note = json.loads((result.adapter / "goldgate.json").read_text())
    assert (note["recipe"]["micro_batch"], note["recipe"]["batch"]) == (1, 4)


def test_the_loop_says_so_and_does_not_ask_for_as_much_again(
    lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room_for(2, monkeypatch)
    asked: list[int] = []

    def attempt(recipe: Recipe, out: Path, continue_from: Path | None, limit: TimeLimit) -> TrainingResult:
        asked.append(recipe.micro_batch)
        return train(lesson, out, recipe, continue_from)

    outcome = train_until(
        first_step(WIDE),
        attempt,
        lambda adapter, k: DevResult(0.1),
        lambda adapter: False,
        tmp_path,
        Budget(attempts=2, minutes=60),
    )
    assert asked == [4, 2]
    assert "memory ran out at 4 rows" in outcome.attempts[0].reason
    assert "memory" not in outcome.attempts[1].reason


def test_a_killed_training_goes_on_with_what_fitted(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", 1e9)

    def kill(progress: Any) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    tried = room_for(2, monkeypatch, after=1)  # preflight's pass: memory runs out in training
    with pytest.raises(KeyboardInterrupt):
        lora.train_adapter(lesson.model, lesson.task, lesson.train, WIDE, tmp_path / "1", kill)
    tried.clear()
    result = train(lesson, tmp_path / "1", WIDE)
    assert "interrupted, and resumed after step 2" in result.notes
    assert max(tried[1:]) == 2, "training does not try four rows again"
    assert result.digest == trained.digest


def test_where_not_even_one_row_fits_it_ends_and_says_what_to_set(
    lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room_for(0, monkeypatch, after=1)
    with pytest.raises(UserError, match=r"(?s)a single row at a time.*checkpoint_activations=true.*precision=bf16"):
        train(lesson, tmp_path / "1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("batch", "micro", "fewer"), [(8, 8, 4), (12, 6, 4), (7, 7, 1), (8, 2, 1)])
def test_fewer_rows_divide_the_batch(batch: int, micro: int, fewer: int) -> None:
    recipe = replace(QUICK, batch=batch, micro_batch=micro)
    assert fewer_rows(recipe) == replace(recipe, micro_batch=fewer)


def test_too_little_memory_is_told_from_other_faults() -> None:
    import torch

    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"))
    assert out_of_memory(MemoryError())
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert out_of_memory(caught.value)
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not out_of_memory(ValueError("out of memory"))


def test_another_fault_is_not_taken_for_it(lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(forward, "answer_loss", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        train(lesson, tmp_path / "1", WIDE)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_checkpointed_activations_change_no_more_than_rounding(
    lesson: Lesson, tmp_path: Path, precision: Any, dropout: float
) -> None:
    from safetensors.torch import load_file

    recipe = replace(QUICK, precision=precision, dropout=dropout)
    plain = train(lesson, tmp_path / "1", recipe)
    less = train(lesson, tmp_path / "2", replace(recipe, checkpoint_activations=True))
    ours, theirs = (load_file(r.adapter / "adapter_model.safetensors") for r in (plain, less))
    assert [r["loss"] for r in less.log] == pytest.approx([r["loss"] for r in plain.log], rel=1e-3)
    assert max(float((ours[k] - theirs[k]).abs().max()) for k in ours) < 5e-3


def test_checkpointed_activations_are_not_kept(lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in bytes: what a forward pass leaves behind for the backward pass, weights included."""
    import torch

    kept: list[int] = []
    loss = forward.answer_loss

    def counted(*args: Any) -> Any:
        def keep(tensor: Any) -> Any:
            kept[-1] += tensor.numel()
            return tensor

        kept.append(0)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            return loss(*args)

    monkeypatch.setattr(forward, "answer_loss", counted)
    train(lesson, tmp_path / "1", replace(WIDE, epochs=1))
    usual = kept[0]
    kept.clear()
    train(lesson, tmp_path / "2", replace(WIDE, epochs=1, checkpoint_activations=True))
    assert kept[0] < 0.5 * usual
