"""The plan that changes one thing at a time, by the policies, until a candidate is likely to pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goldgate_trainers.loop.attempt import Attempt, Step
from goldgate_trainers.loop.facts import UNKNOWN, TrainFacts
from goldgate_trainers.loop.policies import next_step


@dataclass(frozen=True)
class Ladder:
    """Changes one thing at a time, for a stated reason, until a candidate is likely to pass.

    Attributes:
        facts: Properties of the training data.
    """

    facts: TrainFacts = UNKNOWN
    comparing: bool = False
    ended: str = "no step of the ladder is left: this data and base model do not reach the gates"

    def next(self, done: Sequence[Attempt]) -> Step | None:
        return next_step(done, self.facts)

    def record(self, done: Sequence[Attempt]) -> dict[str, Any]:
        return {}
