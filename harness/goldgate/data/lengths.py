"""Rows that are too long, in the task's own template and tokenizer, before anything is trained or asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.data.row import Place, Row
from goldgate.engine.token_rows import Row as TokenRow
from goldgate.engine.token_rows import answers_longer_than, longer_than, make_rows, prompts_longer_than
from goldgate.prompts import Strategy
from goldgate.task.examples import Example
from goldgate.task.task import Task


@dataclass(frozen=True)
class TooLong:
    """A row, or a part of one, with too many tokens.

    Attributes:
        place: Where it stands.
        part: "example", "prompt" or "output".
        tokens: Its number of tokens, with those of the chat template and the end of the turn.
        limit: The most that it may have.
        key: What sets the limit.
    """

    place: Place
    part: str
    tokens: int
    limit: int
    key: str

    def __str__(self) -> str:
        return f"{self.place}: the {self.part} has {self.tokens} tokens, more than {self.key} ({self.limit})"


def too_long(
    rows: Sequence[Row], tokenizer: Any, task: Task, strategy: Strategy, max_length: int | None
) -> list[TooLong]:
    """Finds rows that training would refuse, prompts that would not be asked, and outputs that could not be answered.

    Args:
        rows: The rows.
        tokenizer: The tokenizer of the task's model, with its template.
        task: The task, whose `decoding` has the limits of prompts and answers.
        strategy: The prompting strategy that is trained with.
        max_length: The most tokens of an example that is learned from; None for rows that are not learned from.

    Returns:
        What is too long, in the order of the rows.

    Raises:
        UserError: The model has no chat template, or it refuses the messages.
    """
    examples = [Example(str(n), row.input, row.output) for n, row in enumerate(rows)]
    tokens = make_rows(tokenizer, task, strategy, examples)
    prompt, answer = task.decoding.max_prompt_tokens, task.decoding.max_new_tokens

    def told(long: Sequence[TokenRow], part: str, size: Callable[[TokenRow], int], limit: int, key: str) -> None:
        found.extend(TooLong(rows[int(row.id)].place, part, size(row), limit, key) for row in long)

    found: list[TooLong] = []
    told(prompts_longer_than(tokens, prompt), "prompt", lambda row: row.start, prompt, "max_prompt_tokens")
    told(answers_longer_than(tokens, answer), "output", lambda r: len(r.tokens) - r.start, answer, "max_new_tokens")
    if max_length is not None:
        told(longer_than(tokens, max_length), "example", lambda row: len(row.tokens), max_length, "max_length")
    return sorted(found, key=lambda one: one.place)
