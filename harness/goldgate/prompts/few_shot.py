"""few_shot:K puts the same K train examples before every input, chosen once to cover different tags and outputs."""

from __future__ import annotations

import random

from goldgate.base.errors import UserError
from goldgate.prompts.fixed import Fixed
from goldgate.prompts.strategy import system_text
from goldgate.task.examples import Example, Split, render_output
from goldgate.task.task import Task


class FewShot(Fixed):
    """The instructions, K fixed shots from train, and the input.

    Raises:
        UserError: Train has fewer than K examples.
    """

    def __init__(self, task: Task, train: Split, count: int, seed: int = 0) -> None:
        super().__init__(f"few_shot:{count}", system_text(task), choose_shots(train, count, seed))


def choose_shots(train: Split, count: int, seed: int) -> tuple[Example, ...]:
    """Chooses shots that cover as many tags and outputs as possible.

    Each shot is the one that adds the most unseen tags; among equals, one whose output has not been shown yet. The
    remaining ties are broken by a seeded shuffle, which depends on the examples and not on the order of their lines.

    Args:
        train: The train split.
        count: How many shots to choose.
        seed: Seed of the shuffle.

    Returns:
        `count` examples, in the order in which they are shown.

    Raises:
        UserError: Train has fewer than `count` examples.
    """
    if count > len(train):
        raise UserError(
            f"few_shot:{count} needs {count} train examples, but there are only {len(train)}",
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
