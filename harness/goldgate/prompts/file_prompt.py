"""file:PROMPT.md: a prompt of your own, as it runs today: a file beside task.yaml, read as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import beside, read_text
from goldgate.prompts.strategy import conversation, turns
from goldgate.task.examples import Example, Message
from goldgate.task.task import Task

PLACE = "{input}"


class FilePrompt:
    """The file's text in place of the instructions; nothing is added to it, neither the schema's keys nor the labels.

    Where it holds {input}, the text with the input (of a chat: its last message) in that place is the user's message;
    else the text is the system message. Raises UserError for a path, a file that is not there, or an empty one.
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
        """Nothing to prepare."""
