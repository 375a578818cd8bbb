"""file:PROMPT.md uses a prompt of your own, word for word, from a file next to task.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import beside, read_text
from goldgate.prompts.strategy import conversation, turns
from goldgate.task.examples import Example
from goldgate.task.messages import Message
from goldgate.task.task import Task

PLACE = "{input}"
AS_TRAINED = "as_trained.md"
"""The file that `goldgate init` writes with the prompt of the rows that a model was tuned on."""


class FilePrompt:
    """Uses the text of a file in place of the instructions. Nothing is added to it: no schema keys, no labels.

    If the text contains {input}, the whole text becomes the user's message, with the input (for a chat, its last
    message) filled in at that place. Otherwise the text is the system message.

    Raises:
        UserError: The name is a path, or the file is missing or empty.
    """

    def __init__(self, task: Task, file: str) -> None:
        self.name = f"file:{file}"
        path = beside(task.folder, file, "prompt", f'"{self.name}"')
        self._text = read_text(path).strip()
        if not self._text:
            raise UserError("the prompt file is empty", str(path), "write the prompt into it")

    def spec(self) -> dict[str, Any]:
        return {"name": "file", "text": self._text}

    def messages(self, example: Example) -> list[Message]:
        if PLACE not in self._text:
            return conversation(self._text, (), example)
        *before, last = turns(example)
        return [*before, {**last, "content": self._text.replace(PLACE, last["content"])}]

    def prepare(self, examples: Sequence[Example]) -> None:
        """Does nothing: the text is fixed."""
