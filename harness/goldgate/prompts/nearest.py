"""nearest:K shows the K train examples whose inputs are most similar to this one, the most similar right before the
input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.prompts.strategy import Sources, conversation, system_text
from goldgate.task.examples import Example
from goldgate.task.messages import Message


class Nearest:
    """The instructions, the K nearest shots by sentence embedding, and the input. An example is never its own shot.

    Raises:
        UserError: Train has K examples or fewer.
    """

    def __init__(self, sources: Sources, count: int) -> None:
        self.name = f"nearest:{count}"
        self._count = count
        self._sources = sources
        self._train = sources.train()
        if count >= len(self._train):
            raise UserError(
                f"{self.name} needs more than {count} train examples, but there are only {len(self._train)}",
                hint="ask for fewer shots, or add examples to train.jsonl",
            )
        self._system = system_text(sources.task)
        self._shots: dict[str, tuple[Example, ...]] = {}

    def spec(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "system": self._system,
            "train": self._train.fingerprint,
            "embedder": self._sources.embedder,
        }

    def messages(self, example: Example) -> list[Message]:
        if example.text not in self._shots:
            self.prepare([example])
        return conversation(self._system, self._shots[example.text], example)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Finds the shots of all these examples in one pass."""
        texts = sorted({e.text for e in examples} - self._shots.keys())
        if not texts:
            return
        pool = sorted(self._train.examples, key=lambda e: e.digest)
        spare = min(len(pool), self._count + 8)
        rows = self._sources.neighbours([e.text for e in pool], texts, spare)
        for text, row in zip(texts, rows, strict=True):
            near = [pool[int(i)] for i in row if pool[int(i)].text != text][: self._count]
            self._shots[text] = tuple(reversed(near))
