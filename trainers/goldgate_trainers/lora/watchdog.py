"""Ends a training whose loss explodes: what comes after is wasted, and the adapter would be worth nothing."""

from __future__ import annotations

import math
from collections import deque

DIVERGED, MARGIN = 1.5, 0.5
"""A smoothed loss above this multiple of the lowest one, and so many nats more, shows that the learning rate is too
high. The margin is for losses near zero, where one odd batch multiplies them."""
MIN_WINDOW = 8
"""Steps that the loss is smoothed over, at least; otherwise an eighth of them all."""
FIRST = 3
"""Steps, at rates that still rise, whose highest loss stands for the untrained model."""


class Diverged(Exception):
    """Training failed at a step; the text says how."""


class Watchdog:
    """Watches the loss of every step of a training with this many. Equal losses always end the same way."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._recent: deque[float] = deque(maxlen=max(MIN_WINDOW, steps // 8))
        self._lowest = -math.inf
        self._seen = 0

    def see(self, loss: float, gradient: float = 0.0) -> None:
        """Takes note of a step.

        Args:
            loss: Mean over the step's answer tokens, in nats.
            gradient: Its norm.

        Raises:
            Diverged: The loss or gradient is not finite, or the loss rose too far.
        """
        self._seen += 1
        place = f"at step {self._seen} of {self._steps}"
        if not math.isfinite(loss):
            raise Diverged(f"the loss is not a number any more {place}")
        if not math.isfinite(gradient):
            raise Diverged(f"the gradient is not a number any more {place}")
        self._recent.append(loss)
        if self._seen <= FIRST:
            self._lowest = max(self._lowest, loss)
        if len(self._recent) < (self._recent.maxlen or 0):
            return
        smoothed = sum(self._recent) / len(self._recent)
        if smoothed > DIVERGED * self._lowest + MARGIN:
            raise Diverged(f"the loss rose from {self._lowest:.2g} to {smoothed:.2g} {place}")
        self._lowest = min(self._lowest, smoothed)
