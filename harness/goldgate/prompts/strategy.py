"""What a prompting strategy is, and the parts that strategies share: the system message and the pairs of shots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from goldgate.task.examples import Example, Message, Split, render_output
from goldgate.task.task import Task

MAX_LISTED_LABELS = 100
"""More labels than this would fill the context of a small model; the shots then show the ones that matter."""


class Strategy(Protocol):
    """From an example to chat messages. spec() is all that determines them, as JSON: part of identity."""

    @property
    def name(self) -> str: ...

    def spec(self) -> dict[str, Any]: ...

    def messages(self, example: Example) -> list[Message]: ...

    def prepare(self, examples: Sequence[Example]) -> None:
        """Told which examples come next, so that what is slow one by one is done for all of them at once."""
        ...


@dataclass(frozen=True)
class Sources:
    """What strategies may draw on. train: reads the train split; neighbours: positions in train, nearest first.

    neighbours takes the train texts, the texts asked about and how many; it returns (asked, many) integers.
    embedder: digest of the model behind it.
    """

    task: Task
    train: Callable[[], Split]
    neighbours: Callable[[Sequence[str], Sequence[str], int], np.ndarray]
    embedder: str


def system_text(task: Task) -> str:
    """The instructions, then the closed form of the answer: the schema's keys, or the labels where they are few."""
    parts = [task.instructions.strip()]
    if task.kind == "json" and task.schema is not None:
        parts.append("Answer with one JSON object and nothing else. Its keys:\n" + "\n".join(_keys(task.schema)))
    if task.kind == "label" and len(task.labels) <= MAX_LISTED_LABELS:
        parts.append("Answer with exactly one of these labels and nothing else:\n" + "\n".join(task.labels))
    return "\n\n".join(parts)


def conversation(system: str, shots: Sequence[Example], example: Example) -> list[Message]:
    """System message, shots as user and assistant turns, then the example's own input.

    A system message that the example brings along is added to ours: most chat templates allow only one.
    """
    asked = turns(example)
    if asked[0]["role"] == "system":
        system = f"{system}\n\n{asked[0]['content']}"
        asked = asked[1:]
    messages = [{"role": "system", "content": system}]
    for shot in shots:
        messages += [turn for turn in turns(shot) if turn["role"] != "system"]
        messages.append({"role": "assistant", "content": render_output(shot.output)})
    return messages + asked


def turns(example: Example) -> list[Message]:
    """An example's own messages; a text is one of the user."""
    if isinstance(example.input, str):
        return [{"role": "user", "content": example.input}]
    return [dict(message) for message in example.input]


def _keys(schema: Any) -> list[str]:
    return [f"- {key}: {_form(value)}" for key, value in schema.get("properties", {}).items()]


def _form(schema: Any) -> str:
    """One property of a schema in a few words: its values, its type, or its parts."""
    if not isinstance(schema, dict):
        return "any value"
    if "enum" in schema:
        return "one of " + ", ".join(render_output(v) if v is None else str(v) for v in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(_form(option) for option in schema[key])
    kinds = schema.get("type", "any value")
    text = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if "items" in schema:
        text = text.replace("array", f"list of {_form(schema['items'])}")
    if "properties" in schema:
        inner = ", ".join(f"{key}: {_form(value)}" for key, value in schema["properties"].items())
        text = text.replace("object", "{" + inner + "}")
    if note := schema.get("description"):
        text += f" ({note})"
    return text
