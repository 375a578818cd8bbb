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
    """An adapter's results on dev.

    Attributes:
        chance: The chance of passing golden.
        scores: Estimates by metric.
        failing: Names of the gates that do not pass.
        metric: The deciding metric.
        tags: The deciding metric's estimate by tag, for tags with enough dev examples.
    """

    chance: float
    scores: dict[str, float] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)
    metric: str = ""
    tags: dict[str, float] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[float, int, float]:
        """The key that ranks attempts: chance of passing, then fewer failing gates, then the deciding metric."""
        return self.chance, -len(self.failing), self.scores.get(self.metric, 0.0)


@dataclass(frozen=True)
class Attempt:
    """One recipe, trained and judged on dev.

    Attributes:
        k: Number of the attempt, from 1.
        recipe: The recipe that trained to the end. It has half the step's learning rate for every setback.
        reason: Why the attempt was made.
        adapter: Folder of the adapter.
        log: One row for every optimizer step.
        dev: Results on dev.
        trained: Seconds of training.
        judged: Seconds of judging.
        continue_from: Number of the attempt whose adapter it was trained further from.
        earlier: Seconds of `trained` and `judged` that a killed run spent before this one.
        setbacks: One line for every time the loss exploded and training restarted.
        time_up: Set when the time did not suffice for the step's recipe; `recipe.epochs` then counts the epochs
            begun.
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
        """The recipe, preceded in effect by those at higher rates whose loss exploded."""
        return tuple(
            replace(self.recipe, learning_rate=self.recipe.learning_rate * 2**i) for i in range(len(self.setbacks) + 1)
        )

    @property
    def epochs(self) -> int:
        """Passes over train: fewer than the recipe's when patience ended training."""
        return len(dev_scores(self.log)) or self.recipe.epochs

    @property
    def passes(self) -> float:
        """Passes over train, with a fraction when the time was used up within an epoch."""
        return float(self.epochs) if self.time_up is None else float(self.log[-1]["epoch"])

    @property
    def kept(self) -> int:
        """The epoch whose weights the adapter has, counted from 1."""
        return kept_epoch(scores) if (scores := dev_scores(self.log)) else self.recipe.epochs

    @property
    def seconds(self) -> float:
        return self.trained + self.judged


@dataclass(frozen=True)
class Step:
    """What to do next.

    Attributes:
        recipe: The recipe to train.
        reason: What was observed, what changes, and why.
        continue_from: Number of the attempt whose adapter is trained further; None to start from the base model.
        shorter: Whether fewer epochs are the change.
    """

    recipe: Recipe
    reason: str
    continue_from: int | None = None
    shorter: bool = False

    def shortened(self, epochs: int) -> Step:
        """The same step with at most this many epochs, and a reason that says so."""
        if epochs >= self.recipe.epochs:
            return self
        reason = f"{self.reason}; {epochs} of {self.recipe.epochs} epochs, which is all that fits into the budget"
        return replace(self, recipe=replace(self.recipe, epochs=epochs), reason=reason)


def first_step(recipe: Recipe, name: str = "the default recipe") -> Step:
    """The first attempt of a run: this recipe, with a reason that names it."""
    return Step(recipe, f"{name} for this much data")


def best_attempt(done: Sequence[Attempt]) -> Attempt:
    """The attempt with the best results on dev; the earliest of equals."""
    return max(done, key=lambda a: (a.dev.standing, -a.k))
