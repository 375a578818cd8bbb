"""How often the bound on what choosing a prompt on dev may cost is exceeded, and how wide it is, where truth is known.

    python benchmarks/choice_effect.py [--runs 400] [--seed 0]

k prompts with stated true rates answer the same dev examples; the best on dev is chosen. `same` is the share of
examples on which all prompts are right or wrong together. Exceeded: the share of runs in which the best prompt in truth
is better than the chosen one by more than the bound, which may be at most 5%.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from goldgate.measures import Measure
from goldgate.scored.choice import bound

CASES: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("two alike", (0.6, 0.6)),
    ("five alike", (0.45,) * 5),
    ("five, one ahead by 2 points", (0.47, 0.45, 0.45, 0.45, 0.45)),
    ("five, one ahead by 10 points", (0.55, 0.45, 0.45, 0.45, 0.45)),
    ("five, rising by 3 points", (0.33, 0.36, 0.39, 0.42, 0.45)),
    ("five near the top", (0.99, 0.97, 0.97, 0.96, 0.95)),
)
SIZES = (24, 114, 230)


def one_run(rng: np.random.Generator, rates: Sequence[float], n: int, same: float) -> tuple[float, float]:
    """What the choice costs in truth, and its bound."""
    common, together = rng.random(n), rng.random(n) < same
    rows = [(np.where(together, common, rng.random(n)) < rate).astype(float) for rate in rates]
    best = int(np.argmax([row.mean() for row in rows]))
    measures = [Measure(row.tolist()) for row in rows]
    others = [measure for i, measure in enumerate(measures) if i != best]
    return max(rates) - rates[best], bound(measures[best], others)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=400)
    arguments.add_argument("--seed", type=int, default=0)
    asked = arguments.parse_args()
    print("| true rates | n | same | cost in truth | bound, mean | exceeded |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rates in CASES:
        for n in SIZES:
            for same in (0.0, 0.7):
                rng = np.random.default_rng(asked.seed)
                cost, most = np.array([one_run(rng, rates, n, same) for _ in range(asked.runs)]).T
                exceeded = float(np.mean(cost > most + 1e-12))
                told = f"{cost.mean():.3f} | {most.mean():.3f} | {exceeded:.1%}"
                print(f"| {name} | {n} | {same} | {told} |", flush=True)


if __name__ == "__main__":
    main()
