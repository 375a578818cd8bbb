"""pruned sends only the task's name and the input: enough for a tuned model, whose weights know the instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.prompts.strategy import conversation
from goldgate.task.examples import Example
from goldgate.task.messages import Message
from goldgate.task.task import Task


class Pruned:
    """The task's name as the whole system message, followed by the input."""

    name = "pruned"

    def __init__(self, task: Task) -> None:
        self._system = task.name

    def spec(self) -> dict[str, Any]:
        return {"name": self.name, "system": self._system}

    def messages(self, example: Example) -> list[Message]:
        return conversation(self._system, (), example)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Does nothing: the prompt is fixed."""
