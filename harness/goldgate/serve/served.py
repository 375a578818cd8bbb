"""What is served under a name, and an answer of it: made whole and checked, or piece by piece."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from goldgate.base.fingerprint import short
from goldgate.scorers.fields import parse_json
from goldgate.scorers.json_format import broken_rules
from goldgate.serve.engine import Engine, Final
from goldgate.serve.errors import invalid_answer
from goldgate.task.examples import Example
from goldgate.task.task import Task

STEP = "tuned"
"""The step of the chain that answers: so far there is no other."""


@dataclass(frozen=True)
class Served:
    """A model behind the API.

    Attributes:
        task: Its task.
        subject: The name of the subject.
        identity: Its identity.
        verified: What shows that it answers as what was gated; empty if nothing does.
        engine: Who answers.
    """

    task: Task
    subject: str
    identity: str
    verified: str
    engine: Engine

    @property
    def names(self) -> tuple[str, str]:
        """The names of the model: that of the task, and that with its identity."""
        return self.task.name, f"{self.task.name}@{short(self.identity)}"

    @property
    def headers(self) -> dict[str, str]:
        """What every answer says of itself."""
        return {
            "X-Goldgate-Identity": short(self.identity),
            "X-Goldgate-Step": STEP,
            "X-Goldgate-Verified": self.verified or "no",
        }


@dataclass(frozen=True)
class Answered:
    """A whole answer.

    Attributes:
        text: Its text.
        output: What it says: a JSON value, a label or the text.
        final: How it ended.
    """

    text: str
    output: Any
    final: Final

    @property
    def confidence(self) -> float | None:
        """The geometric mean of its tokens' probabilities, in [0, 1]; None if unknown."""
        return None if self.final.logprob is None else math.exp(self.final.logprob)


async def answer_whole(served: Served, example: Example) -> Answered:
    """Waits for an answer and checks it by the task's rules.

    Args:
        served: Who answers.
        example: What is asked.

    Returns:
        The answer.

    Raises:
        ApiError: There is none, or it breaks the schema or is no label.
    """
    text, final = "", Final("length", 0, 0, None)
    async for part in served.engine.generate(example):
        if isinstance(part, Final):
            final = part
        else:
            text += part
    return Answered(text, output_of(served.task, text, final), final)


def output_of(task: Task, text: str, final: Final) -> Any:
    """Returns what an answer says. Raises ApiError if it breaks a rule of the task."""
    if task.kind == "text":
        return text
    if final.finish != "stop":
        raise invalid_answer("it was cut off at the token limit")
    if task.kind == "label":
        if (label := task.label(text)) is None:
            raise invalid_answer("it is none of the task's labels")
        return label
    if broken := broken_rules(task, text):
        raise invalid_answer(f"it breaks the schema at {broken[0].partition(':')[0]}")
    return parse_json(text)


async def pieces(served: Served, example: Example) -> AsyncIterator[str | Final]:
    """Yields an answer as it may go out: text as it comes; JSON and labels whole, once they are known to be valid.

    Args:
        served: Who answers.
        example: What is asked.

    Yields:
        Pieces of text, and last how it ended.

    Raises:
        ApiError: As answer_whole.
    """
    if served.task.kind != "text":
        whole = await answer_whole(served, example)
        yield whole.text
        yield whole.final
        return
    async for part in served.engine.generate(example):
        yield part
