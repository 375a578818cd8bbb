"""Which attempts a run makes: up the ladder until one passes, or the same number of them whatever they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from goldgate_trainers.loop.attempt import Attempt, Step
from goldgate_trainers.loop.facts import UNKNOWN, TrainFacts
from goldgate_trainers.loop.policies import next_step
from goldgate_trainers.lora.recipe import Recipe


class Plan(Protocol):
    """What follows on the attempts so far.

    comparing: the attempts are compared with each other, so each is trained as it stands, whatever time is left, and
    the best of all is the only one that may look at golden.
    """

    @property
    def comparing(self) -> bool: ...

    @property
    def ended(self) -> str:
        """Why there is no further step, in words."""
        ...

    def next(self, done: Sequence[Attempt]) -> Step | None:
        """The step after these attempts, of which there is one at least; None at the end."""
        ...

    def record(self, done: Sequence[Attempt]) -> dict[str, Any]:
        """What run.json says of the plan: kind, and in words what the attempts came to together."""
        ...


@dataclass(frozen=True)
class Ladder:
    """One change at a time, for a reason, until a candidate is likely to pass. facts: of the training data."""

    facts: TrainFacts = UNKNOWN
    comparing: bool = False
    ended: str = "no step of the ladder is left: this data and base model do not reach the gates"

    def next(self, done: Sequence[Attempt]) -> Step | None:
        return next_step(done, self.facts)

    def record(self, done: Sequence[Attempt]) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class Seeds:
    """One recipe with several seeds: the recipe's own and those that follow. metrics: the deciding ones."""

    recipe: Recipe
    count: int
    metrics: tuple[str, ...]
    comparing: bool = True

    @property
    def ended(self) -> str:
        return f"all {self.count} seeds are trained"

    def next(self, done: Sequence[Attempt]) -> Step | None:
        if len(done) >= self.count:
            return None
        seed = (self.recipe.seed + len(done)) % 2**32
        return Step(replace(self.recipe, seed=seed), f"the same recipe with seed {seed}")

    def record(self, done: Sequence[Attempt]) -> dict[str, Any]:
        """How many seeds pass on dev, and the spread of every deciding metric there.

        That so many of them pass is a claim about the recipe; what golden says is one about the adapter that looked.
        """
        passing = [a.recipe.seed for a in done if not a.dev.failing]
        spread = {m: _spread([a.dev.scores[m] for a in done]) for m in self.metrics}
        short = f" ({self.count} were asked for)" if len(done) < self.count else ""
        told = ", ".join(f"{m} {s['low']:.1%} to {s['high']:.1%}, mean {s['mean']:.1%}" for m, s in spread.items())
        words = f"this recipe: {len(passing)} of {len(done)} seeds pass on dev{short}; over seeds, {told}"
        return {
            "kind": "seeds",
            "asked": self.count,
            "seeds": [a.recipe.seed for a in done],
            "passing": passing,
            "spread": spread,
            "words": words,
        }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"low": min(values), "mean": round(sum(values) / len(values), 5), "high": max(values)}
