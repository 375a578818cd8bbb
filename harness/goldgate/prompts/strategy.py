"""The protocol of prompting strategies and the parts that they share: the system message and the shots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from goldgate.task.examples import Example, Split, render_output
from goldgate.task.messages import Message
from goldgate.task.task import Task

MAX_LISTED_LABELS = 100
"""A longer list of labels would fill the context of a small model; the shots then show the labels that matter."""


class Strategy(Protocol):
    """Turns an example into chat messages.

    spec() returns, as JSON, everything that determines the messages. It is part of the subject's identity.
    """

    @property
    def name(self) -> str: ...

    def spec(self) -> dict[str, Any]: ...

    def messages(self, example: Example) -> list[Message]: ...

    def prepare(self, examples: Sequence[Example]) -> None:
        """Announces the examples that come next, so that slow work can be done for all of them at once."""
        ...


@dataclass(frozen=True)
class Sources:
    """What strategies may read.

    Attributes:
        task: The task.
        train: Reads the train split.
        neighbours: Takes the train texts, the query texts and a count; returns (queries, count) integers, the positions
            in train, nearest first.
        embedder: Digest of the embedding model behind `neighbours`.
        asked: Name of the model that is asked: the task's own, or an endpoint's without its strategy.
        weights: Content digest of that model; None where it is not known.
    """

    task: Task
    train: Callable[[], Split]
    neighbours: Callable[[Sequence[str], Sequence[str], int], np.ndarray]
    embedder: str
    asked: str = ""
    weights: str | None = None


def system_text(task: Task) -> str:
    """Writes the system message: the instructions, then the schema's keys, or the labels if there are few enough."""
    parts = [task.instructions.strip()]
    if task.kind == "json" and task.schema is not None:
        parts.append("Answer with one JSON object and nothing else. Its keys:\n" + "\n".join(_keys(task.schema)))
    if task.kind == "label" and len(task.labels) <= MAX_LISTED_LABELS:
        parts.append("Answer with exactly one of these labels and nothing else:\n" + "\n".join(task.labels))
    return "\n\n".join(parts)


def system_texts(task: Task) -> tuple[str, ...]:
    """Returns the system messages that need no writing: `system_text`, and the bare instructions if they differ."""
    return tuple(dict.fromkeys((system_text(task), task.instructions.strip())))


def conversation(system: str, shots: Sequence[Example], example: Example) -> list[Message]:
    """Writes a conversation: the system message, the shots as user and assistant turns, then the example's own input.

    A system message in the example is appended to ours, because most chat templates allow only one.

    Args:
        system: Our system message.
        shots: Examples to show with their expected outputs.
        example: The example to ask.

    Returns:
        The messages, ending with the user's.
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
    """Returns an example's own messages; a plain text becomes one user message."""
    if isinstance(example.input, str):
        return [{"role": "user", "content": example.input}]
    return [dict(message) for message in example.input]


def _keys(schema: Any) -> list[str]:
    return [f"- {key}: {_form(value)}" for key, value in schema.get("properties", {}).items()]


def _form(schema: Any) -> str:
    """Describes one property of a schema in a few words: its values, its type or its parts."""
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
