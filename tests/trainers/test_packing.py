"""Packed rows are learned as they are alone; an architecture that lets them see each other is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import IGNORED, Row
from goldgate_trainers.lora.answer_loss import answer_logits, answer_loss
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.base_model import start_lora
from goldgate_trainers.lora.batches import collate
from goldgate_trainers.lora.packing import check_packing, pack

from .conftest import QUICK, Lesson, train

PACKED = replace(QUICK, pack=True)
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


def test_a_pack_has_no_padding_and_positions_begin_anew() -> None:
    batch = pack([Row("a", (5, 6, 7), 1), Row("b", (8, 9), 1)])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1]]
    assert batch["labels"].tolist() == [[IGNORED, 6, 7, IGNORED, 9]]
    assert batch["lengths"].tolist() == [3, 2]


def test_the_first_token_of_a_row_is_nobodys_label() -> None:
    assert pack([Row("a", (5, 6), 1), Row("b", (8, 9), 0)])["labels"].tolist() == [[IGNORED, 6, IGNORED, 9]]


def test_packed_logits_are_those_of_each_row_alone(base: Any, rows: Sequence[Row]) -> None:
    import torch

    batch = pack(rows)
    with torch.no_grad():
        together = answer_logits(base, batch["input_ids"], batch["labels"], batch["position_ids"])
        alone = [answer_logits(base, b["input_ids"], b["labels"]) for b in (collate([r], 0) for r in rows)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)


def test_without_positions_that_begin_anew_they_would_differ(base: Any, rows: Sequence[Row]) -> None:
    """What the check must see: the same pack, read as one long row."""
    import torch

    batch = pack(rows)
    with torch.no_grad():
        apart = answer_logits(base, batch["input_ids"], batch["labels"], batch["position_ids"])
        leaking = answer_logits(base, batch["input_ids"], batch["labels"])
    assert float((apart - leaking).abs().max()) > 1e-3


def test_the_loss_is_that_of_the_padded_batch(base: Any, rows: Sequence[Row]) -> None:
    packed, padded = pack(rows), collate(rows, 0)
    ours = answer_loss(base, packed["input_ids"], packed["labels"], 10, packed["position_ids"])
    assert ours.item() == pytest.approx(answer_loss(base, padded["input_ids"], padded["labels"], 10).item(), rel=1e-5)


@pytest.mark.parametrize("checkpoint_activations", [False, True])
def test_it_trains_the_same_adapter_to_rounding(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, checkpoint_activations: bool
) -> None:
    from safetensors.torch import load_file

    packed = train(lesson, tmp_path / "1", replace(PACKED, checkpoint_activations=checkpoint_activations))
    ours, theirs = (load_file(r.adapter / "adapter_model.safetensors") for r in (trained, packed))
    assert [r["loss"] for r in packed.log] == pytest.approx([r["loss"] for r in trained.log], rel=1e-3)
    assert max(float((ours[k] - theirs[k]).abs().max()) for k in ours) < 5e-3
    assert packed.tokens == trained.tokens


def test_the_check_passes_a_model_that_keeps_rows_apart(base: Any, rows: Sequence[Row]) -> None:
    model = start_lora(base, PACKED)
    model.train()
    check_packing(model, rows)
    assert model.training


def test_a_model_that_lets_rows_see_each_other_is_refused_before_the_first_step(
    lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import LlamaModel

    forward = LlamaModel.forward

    def blind(self: Any, *args: Any, position_ids: Any = None, **more: Any) -> Any:
        return forward(self, *args, **more)

    monkeypatch.setattr(LlamaModel, "forward", blind)
    with pytest.raises(UserError, match=r"(?s)packed rows see each other.*set pack=false"):
        train(lesson, tmp_path / "1", PACKED)
    assert list(tmp_path.iterdir()) == []
