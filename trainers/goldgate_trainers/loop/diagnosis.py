"""What an attempt shows: underfit, overfit, answers that break their format, a kind of example that goes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from goldgate_trainers.loop.attempt import Attempt
from goldgate_trainers.lora.attempt_folder import dev_scores
from goldgate_trainers.lora.best_epoch import by_epoch

FALLING = 0.97
"""A training loss whose last quarter is below this share of the quarter before is still falling."""
TURNED = 1.05
"""A dev loss above this multiple of its lowest, while the training loss fell, has turned: the model overfits."""
BY_HEART = 3.0
"""A dev loss of this multiple of the training loss or more: train is learned by heart, and what dev has besides is not.
"""
WELL_FORMED = 0.95
"""A format metric below this is named: what is wrong may be how answers end or look, and not what they say."""
WEAK = 0.1
"""A tag whose score lies this far below that of all examples goes wrong by itself."""
FORMATS = ("json_valid", "schema_valid", "label_valid", "stop_rate")


@dataclass(frozen=True)
class Diagnosis:
    """What a trained attempt shows.

    Attributes:
        loss: Mean training loss of the last quarter of the steps, in nats per token.
        falling: Whether that loss is still falling.
        dev_losses: Dev loss by epoch; empty when it was not measured.
        formats: Estimates of the format metrics that are low.
        weak: Scores of the tags that do clearly worse than the rest, worst first.
        score: The deciding metric over all examples.
        epochs: Dev scores by epoch and the epoch that was kept, in words; empty when they were not measured.
    """

    loss: float
    falling: bool
    dev_losses: tuple[float, ...]
    formats: Mapping[str, float]
    weak: Mapping[str, float]
    score: float
    epochs: str = ""

    @property
    def turned_after(self) -> int | None:
        """The epoch with the lowest dev loss when the loss has risen since; None when the model does not overfit."""
        if not self.dev_losses or self.dev_losses[-1] <= TURNED * min(self.dev_losses):
            return None
        return self.dev_losses.index(min(self.dev_losses)) + 1

    @property
    def by_heart(self) -> bool:
        """Whether train is learned far better than dev. Neither a higher rate nor a higher rank helps then."""
        return bool(self.dev_losses) and self.dev_losses[-1] >= BY_HEART * self.loss

    @property
    def fit(self) -> str:
        """How training and dev loss compare, in words."""
        if (epoch := self.turned_after) is not None:
            return (
                f"dev loss rose to {self.dev_losses[-1]:.3g} after {min(self.dev_losses):.3g} at epoch {epoch},"
                f" while the training loss fell to {self.loss:.3g}"
            )
        if self.by_heart:
            return f"the training data is memorised (loss {self.loss:.3g}), but dev loss is {self.dev_losses[-1]:.3g}"
        return f"the training loss is {'still falling' if self.falling else 'flat'} at {self.loss:.3g}"

    @property
    def seen(self) -> list[str]:
        """Every finding, one sentence each."""
        told = [self.fit, *([self.epochs] if self.epochs else [])]
        told += [f"{name} is {value:.1%}: answers break their format" for name, value in self.formats.items()]
        return told + [f"{tag} is at {value:.3f}, all examples at {self.score:.3f}" for tag, value in self.weak.items()]


def diagnose(attempt: Attempt) -> Diagnosis:
    """Diagnoses an attempt from its training log and its results on dev."""
    losses = [row["loss"] for row in attempt.log]
    quarters = _quarters(losses)
    dev, score = attempt.dev, attempt.dev.scores.get(attempt.dev.metric, 0.0)
    weak = {t: s for t, s in sorted(dev.tags.items(), key=lambda pair: (pair[1], pair[0])) if s <= score - WEAK}
    return Diagnosis(
        quarters[-1],
        len(quarters) == 4 and quarters[3] < FALLING * quarters[2],
        tuple(row["dev_loss"] for row in attempt.log if "dev_loss" in row),
        {m: dev.scores[m] for m in FORMATS if dev.scores.get(m, 1.0) < WELL_FORMED},
        weak,
        score,
        by_epoch(dev.metric, attempt.log, attempt.recipe.epochs) if dev_scores(attempt.log) else "",
    )


def _quarters(losses: Sequence[float]) -> list[float]:
    """Mean loss of each quarter of the steps; of all of them together where they are fewer than four."""
    if len(losses) < 4:
        return [sum(losses) / len(losses)]
    cuts = [len(losses) * i // 4 for i in range(5)]
    return [sum(losses[a:b]) / (b - a) for a, b in pairwise(cuts)]
