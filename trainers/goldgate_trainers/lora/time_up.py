"""What is known of an attempt whose time did not suffice for its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TimeUp:
    """An attempt whose time did not suffice for its recipe.

    Attributes:
        steps: Optimizer steps that were made.
        planned: Steps that the learning rate was planned for.
        asked: Steps that the recipe asked for.
        settings: Recipe settings that train the same adapter again.
    """

    steps: int
    planned: int
    asked: int
    settings: Mapping[str, int]

    @property
    def words(self) -> str:
        """One line for notes, reasons and reports."""
        if self.steps < self.planned and "stop_after" not in self.settings:
            return (
                f"planned for {self.planned} of {self.asked} steps because the time left did not suffice for more;"
                f" ended after {self.steps}, as answers to dev got no better"
            )
        late = "" if self.steps == self.planned else f", earlier than the {self.planned} it was planned for"
        return f"stopped after {self.steps} of {self.asked} steps because the time was used up{late}"
