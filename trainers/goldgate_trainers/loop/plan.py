"""What a plan is: it says which attempts a run makes. `ladder.py`, `seeds.py` and `search.py` each hold one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from goldgate_trainers.loop.attempt import Attempt, Step


class Plan(Protocol):
    """Chooses the next attempt.

    Attributes:
        comparing: Whether the attempts are compared with each other. No attempt after the first is then shortened
            to the time left, and only the best one may look at golden.
    """

    @property
    def comparing(self) -> bool: ...

    @property
    def ended(self) -> str:
        """Why there is no further step, in words."""
        ...

    def next(self, done: Sequence[Attempt]) -> Step | None:
        """The step after these attempts, of which there is at least one; None when there is no further step."""
        ...

    def record(self, done: Sequence[Attempt]) -> dict[str, Any]:
        """What run.json records about the plan: its kind, and a summary of the attempts in words."""
        ...
