"""The plan that trains one recipe with several seeds: how much of a result is luck?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from goldgate_trainers.loop.attempt import Attempt, Step
from goldgate_trainers.lora.recipe import Recipe


@dataclass(frozen=True)
class Seeds:
    """Trains one recipe with several consecutive seeds.

    Attributes:
        recipe: The recipe; its own seed is the first.
        count: Number of seeds.
        metrics: The deciding metrics.
    """

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

        The share of seeds that pass is a claim about the recipe; a verdict on golden is one about a single adapter.
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
