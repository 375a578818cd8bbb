"""How far a training is, for the people who wait for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """The state of training after an optimizer step.

    Attributes:
        step: Number of the step, from 1.
        steps: Number of steps planned.
        epoch: Passes over train so far.
        loss: Mean loss over the step's answer tokens, in nats.
        learning_rate: The step's rate.
        tokens_per_second: Speed, without padding.
        seconds: Time since the first step began.
        left: Estimated seconds to the last step.
    """

    step: int
    steps: int
    epoch: float
    loss: float
    learning_rate: float
    tokens_per_second: float
    seconds: float
    left: float
