"""The optimizer steps: one training whatever fits into a forward pass, a log row a step, a stop at the first NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from goldgate.engine.token_rows import Row
from goldgate.models.quiet import quiet
from goldgate_trainers.lora import forward as forward_module
from goldgate_trainers.lora.base_model import start_lora
from goldgate_trainers.lora.batches import WIDTHS
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.optimize import optimize
from goldgate_trainers.lora.progress import Progress
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.watchdog import Diverged

RECIPE = Recipe(learning_rate=0.01, batch=4, epochs=2, rank=4, alpha=8, micro_batch=4)
Log = list[dict[str, float]]


def trained(
    tiny_llama: Path, rows: Sequence[Row], work: Path, recipe: Recipe = RECIPE, spoil: bool = False
) -> tuple[Any, Log, list[Progress]]:
    """(LoRA weights by name, the log, what was told on the way)."""
    import torch
    from transformers import AutoModelForCausalLM

    told: list[Progress] = []
    with quiet():
        model = start_lora(AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32), recipe)
        if spoil:
            next(p for name, p in model.named_parameters() if "lora_A" in name).data.fill_(math.nan)
        log = optimize(model, rows, recipe, 0, work, told.append, Checkpoints(work / "1", ""))
    return {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}, log, told


@pytest.fixture(scope="module")
def whole(tiny_llama: Path, rows: Sequence[Row], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Log, Any]:
    return trained(tiny_llama, rows, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("micro", [1, 2])
def test_how_much_fits_into_a_pass_changes_neither_loss_nor_weights(
    whole: tuple[Any, Log, Any], tiny_llama: Path, rows: Sequence[Row], tmp_path: Path, micro: int
) -> None:
    weights, log, _ = trained(tiny_llama, rows, tmp_path, replace(RECIPE, micro_batch=micro))
    assert [row["loss"] for row in log] == pytest.approx([row["loss"] for row in whole[1]], rel=1e-3)
    for name, value in whole[0].items():
        # Adam divides by the root of a gradient's square, so that tiny gradients' rounding is seen in the weights.
        assert float((weights[name] - value).norm()) <= 0.02 * float(value.norm()) + 1e-6


def test_what_is_trained_on_has_few_widths_as_preflight_tried(
    tiny_llama: Path, rows: Sequence[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    widths, loss = [], forward_module.answer_loss

    def seen(causal: Any, ids: Any, *rest: Any) -> Any:
        widths.append(ids.shape[1])
        return loss(causal, ids, *rest)

    monkeypatch.setattr(forward_module, "answer_loss", seen)
    trained(tiny_llama, rows, tmp_path, replace(RECIPE, epochs=1, micro_batch=1))
    lengths = {len(r.tokens) for r in rows}
    assert {w % WIDTHS for w in widths} == {0}
    assert len(set(widths)) < len(lengths)
    assert max(widths) - max(lengths) < WIDTHS


def test_the_same_recipe_gives_the_same_weights(
    whole: tuple[Any, Log, Any], tiny_llama: Path, rows: Sequence[Row], tmp_path: Path
) -> None:
    import torch

    weights, log, _ = trained(tiny_llama, rows, tmp_path)
    assert all(torch.equal(weights[name], value) for name, value in whole[0].items())
    assert [row["loss"] for row in log] == [row["loss"] for row in whole[1]]


def test_another_seed_is_another_training(
    whole: tuple[Any, Log, Any], tiny_llama: Path, rows: Sequence[Row], tmp_path: Path
) -> None:
    _, log, _ = trained(tiny_llama, rows, tmp_path, replace(RECIPE, seed=1))
    assert [row["loss"] for row in log] != [row["loss"] for row in whole[1]]


def test_the_log_has_a_row_a_step_and_each_says_where_it_is(whole: tuple[Any, Log, Any], rows: Sequence[Row]) -> None:
    log = whole[1]
    assert [row["step"] for row in log] == list(range(1, RECIPE.steps(len(rows)) + 1))
    assert log[-1]["epoch"] == RECIPE.epochs
    assert all(a["epoch"] < b["epoch"] and a["seconds"] <= b["seconds"] for a, b in pairwise(log))
    assert all(math.isfinite(row["loss"]) and row["loss"] > 0 for row in log)
    assert all(row["tokens_per_second"] > 0 for row in log)


def test_the_rate_of_each_step_is_the_recipes(whole: tuple[Any, Log, Any], rows: Sequence[Row]) -> None:
    """The log gives the rate of the next step or of this one; either way it is one of the schedule's, in its order."""
    total = RECIPE.steps(len(rows))
    planned = [RECIPE.learning_rate * RECIPE.rate_at(step, total) for step in range(total)]
    logged = [row["learning_rate"] for row in whole[1]]
    assert logged[:-1] == pytest.approx(planned[:-1]) or logged[:-1] == pytest.approx(planned[1:])
    assert max(logged) <= RECIPE.learning_rate


def test_progress_tells_what_the_log_holds_and_ends_with_nothing_left(whole: tuple[Any, Log, Any]) -> None:
    _, log, told = whole
    assert [(p.step, p.loss) for p in told] == [(row["step"], row["loss"]) for row in log]
    assert {p.steps for p in told} == {len(log)}
    assert told[-1].left == 0.0
    assert all(p.left >= 0.0 for p in told)


def test_only_lora_weights_are_trained_and_all_of_them(whole: tuple[Any, Log, Any]) -> None:
    assert all("lora_" in name for name in whole[0])
    assert all(bool(value.any()) for name, value in whole[0].items() if "lora_B" in name)


def test_training_lowers_the_loss(tiny_llama: Path, rows: Sequence[Row], tmp_path: Path) -> None:
    _, log, _ = trained(tiny_llama, rows, tmp_path, replace(RECIPE, epochs=8, batch=7, micro_batch=7))
    assert log[-1]["loss"] < 0.8 * log[0]["loss"]


def test_the_trainer_leaves_nothing_in_its_folder(tiny_llama: Path, rows: Sequence[Row], tmp_path: Path) -> None:
    trained(tiny_llama, rows[:2], tmp_path / "work", replace(RECIPE, epochs=1))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_loss_that_is_no_number_stops_at_once(tiny_llama: Path, rows: Sequence[Row], tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="the loss is not a number any more at step 1 of 4"):
        trained(tiny_llama, rows, tmp_path, spoil=True)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_the_models_layers_are_its_own_again_afterwards(
    tiny_llama: Path, rows: Sequence[Row], tmp_path: Path, dropout: float
) -> None:
    import torch
    from peft.tuners.lora import Linear
    from transformers import AutoModelForCausalLM

    recipe = replace(RECIPE, epochs=1, dropout=dropout)
    with quiet():
        model = start_lora(AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32), recipe)
        optimize(model, rows[:4], recipe, 0, tmp_path, lambda _: None, Checkpoints(tmp_path / "1", ""))
    layers = [m for m in model.modules() if isinstance(m, Linear)]
    assert layers
    assert all("forward" not in vars(layer) for layer in layers)
