"""A prompting strategy that an installed package brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.base.extensions import Extension
from goldgate.prompts.strategy import Strategy
from goldgate.task.examples import Example, Message


@dataclass(frozen=True)
class Packaged:
    """A strategy that an installed package brings. The package's version is part of its spec, and so of identity."""

    strategy: Strategy
    extension: Extension

    @property
    def name(self) -> str:
        return self.strategy.name

    def spec(self) -> dict[str, Any]:
        return {**self.strategy.spec(), "package": self.extension.stamp}

    def messages(self, example: Example) -> list[Message]:
        return self.strategy.messages(example)

    def prepare(self, examples: Sequence[Example]) -> None:
        self.strategy.prepare(examples)
