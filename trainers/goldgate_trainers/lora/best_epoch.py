"""Which epoch's weights are kept, by how their answers to dev score, and when further epochs are in vain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate_trainers.lora.attempt_folder import dev_scores, kept_epoch


@dataclass(frozen=True)
class Watch:
    """How an adapter does on dev. metric: its name; score: of an adapter folder, higher is better; digest: of all that
    decides a score beside the adapter, as scores decide which epoch is kept.
    """

    metric: str
    digest: str
    score: Callable[[Path], float]


class BestEpoch:
    """The trained weights of the epoch whose answers scored best; between equals, of the one with the lower loss.

    patience: epochs in a row that are no better after which training ends.
    """

    def __init__(self, model: Any, patience: int) -> None:
        self._model = model
        self._patience = patience
        self._weights: dict[str, Any] = {}

    def see(self, log: Sequence[Mapping[str, float]]) -> bool:
        """Told of the log at the end of each epoch, while the model has its weights: is further training in vain?"""
        scores = dev_scores(log)
        if kept_epoch(scores) == len(scores):
            self._weights = {name: p.detach().clone() for name, p in _trained(self._model)}
        return len(scores) - kept_epoch(scores) >= self._patience

    def take_back(self) -> None:
        """Gives the model the weights of the best epoch."""
        import torch

        with torch.no_grad():
            for name, parameter in _trained(self._model):
                if name in self._weights:
                    parameter.copy_(self._weights[name])

    @property
    def weights(self) -> Mapping[str, Any]:
        """What a checkpoint has to hold beside the log."""
        return self._weights

    def restore(self, weights: Mapping[str, Any]) -> None:
        """As it was when a checkpoint was written with these."""
        self._weights = dict(weights)


def by_epoch(metric: str, log: Sequence[Mapping[str, float]], epochs: int) -> str:
    """What the scores were and what followed, in words. epochs: of the recipe."""
    scores = dev_scores(log)
    ended = "" if len(scores) == epochs else f"; ended after epoch {len(scores)} of {epochs}"
    return (
        f"{metric} of the answers to dev by epoch: {', '.join(f'{s:.3f}' for s, _ in scores)}{ended};"
        f" the adapter is that of epoch {kept_epoch(scores)}"
    )


def _trained(model: Any) -> list[tuple[str, Any]]:
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]
