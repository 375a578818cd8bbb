"""Prompting strategies that installed packages bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.base.extensions import Extension
from goldgate.prompts.strategy import Strategy
from goldgate.task.examples import Example
from goldgate.task.messages import Message


@dataclass(frozen=True)
class Packaged:
    """A strategy that an installed package brings. The package's version is part of the spec, and so of every identity.

    Attributes:
        strategy: What the package made.
        extension: The entry point that it came from.
    """

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
