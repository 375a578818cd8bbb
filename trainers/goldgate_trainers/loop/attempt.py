"""Attempts, what dev says of them, and the step from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from goldgate_trainers.lora.attempt_folder import dev_scores, kept_epoch
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_up import TimeUp


@dataclass(frozen=True)
class DevResult:
    """What dev says of an adapter. chance: of passing golden; scores: metric → estimate; failing: gates, by name;
    metric: the deciding one; tags: its estimate by tag, of the tags that have enough dev examples.
    """

    chance: float
    scores: dict[str, float] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)
    metric: str = ""
    tags: dict[str, float] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[float, int, float]:
        """What attempts are ranked by: chance, then fewer failing gates, then the deciding metric."""
        return self.chance, -len(self.failing), self.scores.get(self.metric, 0.0)


@dataclass(frozen=True)
class Attempt:
    """One recipe, trained and judged on dev. trained, judged: seconds; earlier: of them, in a killed run before.

    recipe: what trained to the end: of the step's, half the learning rate for every setback (a loss that exploded);
    log: a row an optimizer step; continue_from: number of the attempt that it went on from; time_up: that the time did
    not suffice for the step's recipe: `recipe` then has the epochs that were begun.
    """

    k: int
    recipe: Recipe
    reason: str
    adapter: Path
    log: list[dict[str, float]]
    dev: DevResult
    trained: float
    judged: float
    continue_from: int | None = None
    earlier: float = 0.0
    setbacks: tuple[str, ...] = ()
    time_up: TimeUp | None = None

    @property
    def tried(self) -> tuple[Recipe, ...]:
        """The recipe, and those at higher rates before its setbacks."""
        return tuple(
            replace(self.recipe, learning_rate=self.recipe.learning_rate * 2**i) for i in range(len(self.setbacks) + 1)
        )

    @property
    def epochs(self) -> int:
        """Passes over train: fewer than the recipe's where answers to dev got no better."""
        return len(dev_scores(self.log)) or self.recipe.epochs

    @property
    def passes(self) -> float:
        """As epochs, with the part of one that was trained where the time was used up."""
        return float(self.epochs) if self.time_up is None else float(self.log[-1]["epoch"])

    @property
    def kept(self) -> int:
        """The epoch whose weights the adapter has."""
        return kept_epoch(scores) if (scores := dev_scores(self.log)) else self.recipe.epochs

    @property
    def seconds(self) -> float:
        return self.trained + self.judged


@dataclass(frozen=True)
class Step:
    """What to do next. reason: what was seen, what is changed, and why; continue_from: number of the attempt whose
    adapter is trained further; None: from the base; shorter: fewer epochs are the change.
    """

    recipe: Recipe
    reason: str
    continue_from: int | None = None
    shorter: bool = False

    def shortened(self, epochs: int) -> Step:
        """The same with fewer epochs, and a reason that says so."""
        if epochs >= self.recipe.epochs:
            return self
        reason = f"{self.reason}; {epochs} of {self.recipe.epochs} epochs, as the budget ends"
        return replace(self, recipe=replace(self.recipe, epochs=epochs), reason=reason)


def first_step(recipe: Recipe, name: str = "the default recipe") -> Step:
    return Step(recipe, f"{name} for this much data")


def best_attempt(done: Sequence[Attempt]) -> Attempt:
    """The one that stands best on dev; the earlier one of equals."""
    return max(done, key=lambda a: (a.dev.standing, -a.k))
