"""How far a training is, for the people who wait for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """After an optimizer step. loss: mean over its answer tokens, in nats; seconds: since the first step began;
    tokens_per_second: of examples, padding not counted; left: estimated seconds to the last step.
    """

    step: int
    steps: int
    epoch: float
    loss: float
    learning_rate: float
    tokens_per_second: float
    seconds: float
    left: float
