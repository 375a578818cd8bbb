"""A prompt that is the same for every input: a system message and shots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.prompts.strategy import conversation
from goldgate.task.examples import Example
from goldgate.task.messages import Message


class Fixed:
    """A system message, shots, and the input."""

    def __init__(self, name: str, system: str, shots: Sequence[Example]) -> None:
        self.name = name
        self._system = system
        self._shots = tuple(shots)

    def spec(self) -> dict[str, Any]:
        return {"name": self.name, "system": self._system, "shots": [shot.digest for shot in self._shots]}

    def messages(self, example: Example) -> list[Message]:
        return conversation(self._system, self._shots, example)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Does nothing: the shots are fixed."""
