"""What a plan is: it says which attempts a run makes. `ladder.py`, `seeds.py` and `search.py` each hold one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from goldgate_trainers.loop.attempt import Attempt, Step


class Plan(Protocol):
    """What follows on the attempts so far.

    comparing: the attempts are compared with each other, so each is trained as it stands, whatever time is left, and
    the best of all is the only one that may look at golden.
    """

    @property
    def comparing(self) -> bool: ...

    @property
    def ended(self) -> str:
        """Why there is no further step, in words."""
        ...

    def next(self, done: Sequence[Attempt]) -> Step | None:
        """The step after these attempts, of which there is one at least; None at the end."""
        ...

    def record(self, done: Sequence[Attempt]) -> dict[str, Any]:
        """What run.json says of the plan: kind, and in words what the attempts came to together."""
        ...
