"""Examples to token rows: the prompt exactly as it is at inference, then the answer and the tokens that end it.

What is trained on and what is measured before training are the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.models.template import encode, prompt_tokens, turn_end
from goldgate.prompts import Strategy
from goldgate.task.examples import Example, render_output
from goldgate.task.task import Task

IGNORED = -100
"""The label of a position that is not learned, as transformers writes it."""


@dataclass(frozen=True)
class Row:
    """One example as tokens. Learned is what lies from `start` on, where the answer begins."""

    id: str
    tokens: tuple[int, ...]
    start: int

    @property
    def labels(self) -> tuple[int, ...]:
        return (IGNORED,) * self.start + self.tokens[self.start :]


def make_rows(tokenizer: Any, task: Task, strategy: Strategy, examples: Sequence[Example]) -> list[Row]:
    """One untruncated row per example, in the same order.

    The answer is tokenised separately, because at inference the model also continues from existing tokens.
    """
    prompts = prompt_tokens(tokenizer, [strategy.messages(e) for e in examples], task.template)
    answers = encode(tokenizer, [render_output(e.output) for e in examples])
    end = turn_end(tokenizer).tokens
    return [
        Row(e.id, (*prompt, *answer, *end), len(prompt))
        for e, prompt, answer in zip(examples, prompts, answers, strict=True)
    ]


def longer_than(rows: Sequence[Row], limit: int) -> list[Row]:
    """Returns the rows with more tokens than can be learned from, prompt and answer together."""
    return [row for row in rows if len(row.tokens) > limit]


def prompts_longer_than(rows: Sequence[Row], limit: int) -> list[Row]:
    """Returns the rows whose prompts have more tokens than are asked, which is max_prompt_tokens."""
    return [row for row in rows if row.start > limit]


def answers_longer_than(rows: Sequence[Row], limit: int) -> list[Row]:
    """Returns the rows whose answers, with the tokens that end them, take more than max_new_tokens."""
    return [row for row in rows if len(row.tokens) - row.start > limit]
