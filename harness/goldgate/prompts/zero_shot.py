"""zero_shot sends the instructions and the input, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.prompts.strategy import conversation, system_text
from goldgate.task.examples import Example
from goldgate.task.messages import Message
from goldgate.task.task import Task


class ZeroShot:
    """The instructions and the input."""

    name = "zero_shot"

    def __init__(self, task: Task) -> None:
        self._system = system_text(task)

    def spec(self) -> dict[str, Any]:
        return {"name": self.name, "system": self._system}

    def messages(self, example: Example) -> list[Message]:
        return conversation(self._system, (), example)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Does nothing: the prompt is fixed."""
