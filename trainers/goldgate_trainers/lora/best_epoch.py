"""Which epoch's weights are kept, by how their answers to dev score, and when further epochs are in vain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate_trainers.lora.attempt_folder import dev_scores, kept_epoch


@dataclass(frozen=True)
class Watch:
    """How an adapter is scored on dev after an epoch.

    Attributes:
        metric: Name of the deciding metric.
        digest: Digest of everything but the adapter that determines a score.
        score: Scores an adapter folder; higher is better.
    """

    metric: str
    digest: str
    score: Callable[[Path], float]


class BestEpoch:
    """The trained weights of the epoch whose answers to dev scored best; a lower dev loss breaks ties.

    Training ends after `patience` epochs in a row without a better one.
    """

    def __init__(self, model: Any, patience: int) -> None:
        self._model = model
        self._patience = patience
        self._weights: dict[str, Any] = {}

    def see(self, log: Sequence[Mapping[str, float]]) -> bool:
        """Takes note of a finished epoch, whose weights the model has; returns whether patience has run out."""
        scores = dev_scores(log)
        if kept_epoch(scores) == len(scores):
            self._weights = {name: p.detach().clone() for name, p in _trained(self._model)}
        return len(scores) - kept_epoch(scores) >= self._patience

    def take_back(self) -> None:
        """Restores the weights of the best epoch."""
        import torch

        with torch.no_grad():
            for name, parameter in _trained(self._model):
                if name in self._weights:
                    parameter.copy_(self._weights[name])

    @property
    def weights(self) -> Mapping[str, Any]:
        """The best epoch's weights, for a checkpoint."""
        return self._weights

    def restore(self, weights: Mapping[str, Any]) -> None:
        """Restores the state from a checkpoint's weights."""
        self._weights = dict(weights)


def by_epoch(metric: str, log: Sequence[Mapping[str, float]], epochs: int) -> str:
    """The scores by epoch, where training ended and which epoch was kept, in words.

    Args:
        metric: The deciding metric.
        log: The training log.
        epochs: Epochs of the recipe.
    """
    scores = dev_scores(log)
    ended = "" if len(scores) == epochs else f"; ended after epoch {len(scores)} of {epochs}"
    return (
        f"{metric} of the answers to dev by epoch: {', '.join(f'{s:.3f}' for s, _ in scores)}{ended};"
        f" the adapter is that of epoch {kept_epoch(scores)}"
    )


def _trained(model: Any) -> list[tuple[str, Any]]:
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]
