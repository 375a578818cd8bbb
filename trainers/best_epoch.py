"""Which epoch's weights are kept, by how their answers to dev score, and when further epochs are in vain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainers.attempts import dev_scores, kept_epoch


@dataclass(frozen=True)
class Watch:
    """How an adapter does on dev. metric: its name; score: of an adapter folder, higher is better; digest: of all that
    decides a score beside the adapter, as scores decide which epoch is kept.
    """

    metric: str
    digest: str
    score: Callable[[Path], float]


class BestEpoch:
    """The trained weights of the epoch whose answers scored best, the earlier one of equals.

    patience: epochs in a row without a better score after which training ends.
    """

    def __init__(self, model: Any, patience: int) -> None:
        self._model = model
        self._patience = patience
        self._scores: list[float] = []
        self._weights: dict[str, Any] = {}

    def see(self, score: float) -> bool:
        """Told of each epoch at its end, while the model has its weights: is further training in vain?"""
        if not self._scores or score > max(self._scores):
            self._weights = {name: p.detach().clone() for name, p in _trained(self._model)}
        self._scores.append(score)
        return len(self._scores) - kept_epoch(self._scores) >= self._patience

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

    def restore(self, log: Sequence[Mapping[str, float]], weights: Mapping[str, Any]) -> None:
        """As it was when a checkpoint was written with this log."""
        self._scores = list(dev_scores(log))
        self._weights = dict(weights)


def by_epoch(metric: str, log: Sequence[Mapping[str, float]], epochs: int) -> str:
    """What the scores were and what followed, in words. epochs: of the recipe."""
    scores = dev_scores(log)
    ended = "" if len(scores) == epochs else f"; ended after epoch {len(scores)} of {epochs}"
    return (f"{metric} of the answers to dev by epoch: {', '.join(f'{s:.3f}' for s in scores)}{ended};"
            f" the adapter is that of epoch {kept_epoch(scores)}")


def _trained(model: Any) -> list[tuple[str, Any]]:
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]
