"""few_shot:K: the same K train examples before every input, chosen once for different tags and outputs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.prompts.strategy import conversation, system_text
from goldgate.task.examples import Example, Message, Split, render_output
from goldgate.task.task import Task


class FewShot:
    """Instructions, K fixed shots from train, and the input. Raises UserError where train has fewer than K."""

    def __init__(self, task: Task, train: Split, count: int, seed: int = 0) -> None:
        self.name = f"few_shot:{count}"
        self._system = system_text(task)
        self._shots = choose_shots(train, count, seed)

    def spec(self) -> dict[str, Any]:
        return {"name": self.name, "system": self._system, "shots": [shot.digest for shot in self._shots]}

    def messages(self, example: Example) -> list[Message]:
        return conversation(self._system, self._shots, example)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Nothing to prepare."""


def choose_shots(train: Split, count: int, seed: int) -> tuple[Example, ...]:
    """`count` examples of train: each next one shows the most tags not shown yet, then an output not shown yet.

    Ties are broken by a shuffle with the seed, which depends on the examples and not on the order of their lines.
    """
    if count > len(train):
        raise UserError(
            f"few_shot:{count} needs {count} train examples, there are {len(train)}",
            hint="ask for fewer shots, or add examples to train.jsonl",
        )
    left = sorted(train.examples, key=lambda e: e.digest)
    random.Random(seed).shuffle(left)
    chosen: list[Example] = []
    tags: set[str] = set()
    outputs: set[str] = set()
    for _ in range(count):
        best = max(left, key=lambda e: (len(set(e.tags) - tags), render_output(e.output) not in outputs))
        left.remove(best)
        chosen.append(best)
        tags |= set(best.tags)
        outputs.add(render_output(best.output))
    return tuple(chosen)
