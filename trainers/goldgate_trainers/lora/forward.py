"""How training computes: one place for the forward pass of a step, of dev's loss and of preflight's trial.

They must not differ. LoRA layers that hold rounded weights take 32-bit floats and round them themselves; under autocast
they would be handed 16-bit ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from goldgate_trainers.lora.answer_loss import answer_loss
from goldgate_trainers.lora.merged_layers import Merged, can_merge, merged
from goldgate_trainers.lora.precision import autocast, lower_dtype
from goldgate_trainers.lora.recipe import Recipe

if TYPE_CHECKING:
    import torch


@contextmanager
def forward_as_trained(model: Any, recipe: Recipe) -> Iterator[Forward]:
    """Within the block, a peft model computes as the recipe trains it. The layers are restored afterwards."""
    if can_merge(model, recipe.dropout):
        with merged(model, lower_dtype(recipe)) as layers:
            yield Forward(model, recipe, layers)
    else:
        yield Forward(model, recipe, None)


class Forward:
    """The forward pass of a peft model in the recipe's precision, with merged LoRA layers where `layers` is given."""

    def __init__(self, model: Any, recipe: Recipe, layers: Merged | None) -> None:
        self._model, self._recipe, self._layers = model, recipe, layers

    def refresh(self) -> None:
        """Has to be called after A and B have changed, before the next pass."""
        if self._layers is not None:
            self._layers.refresh()

    def loss(
        self, ids: torch.Tensor, labels: torch.Tensor, count: Any, positions: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Summed negative log-likelihood of the labels, in nats, divided by count. Shapes are those of answer_loss."""
        causal = self._model.get_base_model()
        if self._layers is not None:  # attention, too, would only be slower in bf16 on a CPU
            return answer_loss(causal, ids, labels, count, positions, lower_dtype(self._recipe))
        with autocast(causal.device, self._recipe):
            return answer_loss(causal, ids, labels, count, positions)
