"""What to try next, and why: small policies over what the attempts so far have shown, asked in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from trainers.recipe import Recipe

FALLING = 0.97
"""A training loss whose last quarter is below this share of the quarter before is still falling."""
MAX_RATE = 3e-3
"""Above, LoRA diverged in most published sweeps."""
MAX_RANK = 64


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
    log: a row an optimizer step; continue_from: number of the attempt that it went on from.
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

    @property
    def tried(self) -> tuple[Recipe, ...]:
        """The recipe, and those at higher rates before its setbacks."""
        return tuple(replace(self.recipe, learning_rate=self.recipe.learning_rate * 2**i)
                     for i in range(len(self.setbacks) + 1))

    @property
    def seconds(self) -> float:
        return self.trained + self.judged


@dataclass(frozen=True)
class Step:
    """What to do next. continue_from: number of the attempt whose adapter is trained further; None: from the base."""

    recipe: Recipe
    reason: str
    continue_from: int | None = None

    def shortened(self, epochs: int) -> Step:
        """The same with fewer epochs, and a reason that says so."""
        if epochs >= self.recipe.epochs:
            return self
        reason = f"{self.reason}; {epochs} of {self.recipe.epochs} epochs, as the budget ends"
        return replace(self, recipe=replace(self.recipe, epochs=epochs), reason=reason)


Policy = Callable[[Sequence[Attempt]], Step | None]


def first_step(recipe: Recipe, name: str = "the default recipe") -> Step:
    return Step(recipe, f"{name} for this much data")


def next_step(done: Sequence[Attempt]) -> Step | None:
    """The first policy's step that was not taken yet; None at the end of the ladder."""
    for policy in LADDER:
        step = policy(done)
        if step is not None and not _taken(step, done):
            return step
    return None


def more_epochs(done: Sequence[Attempt]) -> Step | None:
    """Goes on from the best adapter while more training has helped: the first time, and as long as dev rises."""
    last = done[-1]
    if last.continue_from is not None and not _better(last, done[last.continue_from - 1]):
        return None
    if last.continue_from is None and len(done) > 1 and not _better(last, done[-2]):
        return None
    falling = _still_falling([row["loss"] for row in last.log])
    why = "the training loss is still falling" if falling else "more training has not been tried yet"
    if last.continue_from is not None:
        why = "dev rose with more training"
    recipe = replace(last.recipe, seed=(last.recipe.seed + 1) % 2**32)
    more = "one more epoch" if recipe.epochs == 1 else f"{recipe.epochs} more epochs"
    return Step(recipe, f"{why}: {more} from attempt {last.k}", last.k)


def bolder_rate(done: Sequence[Attempt]) -> Step | None:
    """Twice the learning rate, from the base, when more epochs at the old one no longer help."""
    origin = _origin(done)
    rate = 2 * origin.recipe.learning_rate
    if rate > MAX_RATE:
        return None
    epochs = _epochs_in_all(done)
    return Step(replace(origin.recipe, learning_rate=rate, epochs=epochs),
                f"more training no longer helps at {origin.recipe.learning_rate:g}: learning rate up to {rate:g}")


def more_rank(done: Sequence[Attempt]) -> Step | None:
    """Twice the rank, from the base, with the learning rate that did best."""
    origin = _origin(done)
    rank = 2 * origin.recipe.rank
    if rank > MAX_RANK:
        return None
    return Step(replace(origin.recipe, rank=rank, alpha=2 * rank, epochs=_epochs_in_all(done)),
                f"neither epochs nor learning rate help further: rank {rank} instead of {origin.recipe.rank}")


LADDER: tuple[Policy, ...] = (more_epochs, bolder_rate, more_rank)


def best_attempt(done: Sequence[Attempt]) -> Attempt:
    """The one that stands best on dev; the earlier one of equals."""
    return max(done, key=lambda a: (a.dev.standing, -a.k))


def _origin(done: Sequence[Attempt]) -> Attempt:
    """The attempt from the base model from which the best one came."""
    attempt = best_attempt(done)
    while attempt.continue_from is not None:
        attempt = done[attempt.continue_from - 1]
    return attempt


def _epochs_in_all(done: Sequence[Attempt]) -> int:
    """Epochs that the best attempt's adapter has seen, those that it went on from included."""
    attempt = best_attempt(done)
    epochs = attempt.recipe.epochs
    while attempt.continue_from is not None:
        attempt = done[attempt.continue_from - 1]
        epochs += attempt.recipe.epochs
    return epochs


def _better(one: Attempt, other: Attempt) -> bool:
    return one.dev.standing > other.dev.standing


def _still_falling(losses: Sequence[float]) -> bool:
    quarters = _quarters(losses)
    return len(quarters) == 4 and quarters[3] < FALLING * quarters[2]


def _quarters(losses: Sequence[float]) -> list[float]:
    """Mean loss of each quarter of the steps; of all of them together where they are fewer than four."""
    if len(losses) < 4:
        return [_mean(losses)]
    cuts = [len(losses) * i // 4 for i in range(5)]
    return [_mean(losses[a:b]) for a, b in pairwise(cuts)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _taken(step: Step, done: Sequence[Attempt]) -> bool:
    """Whether an attempt had this start and recipe already, be it in vain; the seed and shortened epochs aside."""
    def shape(recipe: Recipe) -> Recipe:
        return replace(recipe, seed=0, epochs=1)

    return any(shape(step.recipe) == shape(recipe) and a.continue_from == step.continue_from
               for a in done for recipe in a.tried)
