"""How often lower bounds for a rate miss the truth where examples come in clusters; at 2.5% it should be 2.5% or less.

240 examples in clusters whose own rates follow a beta distribution, all of one size or of very unequal ones. "As
groups" is Gaffke's bound over clusters, by which a verdict survives. The others are Student's t over clusters, and
Clopper-Pearson for n / design effect examples (Korn & Graubard 1998), with its correction for few clusters.

python benchmarks/cluster_bounds.py [--repeats 1000]
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, t

from goldgate.measures import p_value
from goldgate.measures.clusters import design_effect

N, LEVEL = 240, 0.025
Floats = NDArray[np.float64]


def drawn(
    rng: np.random.Generator, rate: float, correlation: float, count: int, unequal: bool
) -> tuple[Floats, list[int]]:
    """Right and wrong answers, and the cluster of each."""
    weights = rng.pareto(1.5, count) + 0.3 if unequal else np.ones(count)
    sizes = np.maximum(1, np.round(weights / weights.sum() * N)).astype(int)
    spread = 1.0 / correlation - 1.0
    clusters = np.repeat(np.arange(count), sizes)
    return (rng.random(len(clusters)) < rng.beta(rate * spread, (1 - rate) * spread, count)[clusters]).astype(
        float
    ), clusters.tolist()


def missed(values: Floats, clusters: list[int], rate: float, count: int) -> NDArray[np.bool_]:
    """Whether each of the four bounds lies above the true rate."""
    n, mean = len(values), float(values.mean())
    design = design_effect(values, clusters)
    totals = np.bincount(clusters, values - mean, count)
    error = math.sqrt(count / (count - 1) * float(totals @ totals)) / n
    few = (t.ppf(1 - LEVEL, n - 1) / t.ppf(1 - LEVEL, count - 1)) ** 2
    right = mean * (worth := n / design * few)
    korn = beta.ppf(LEVEL, right, worth - right + 1) if right > 0 else 0.0
    return np.array(
        [
            p_value(values, rate, 0.0, 1.0, "lower") <= LEVEL,
            p_value(values, rate, 0.0, 1.0, "lower", clusters) <= LEVEL,
            mean - t.ppf(1 - LEVEL, count - 1) * error > rate,
            korn > rate,
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    print(f"| rate, correlation, clusters; {repeats} golden sets | one by one | as groups | Student t | n / design |")
    print("| --- | --- | --- | --- | --- |")
    for rate in (0.8, 0.9, 0.97):
        for correlation, count, unequal in ((0.1, 10, False), (0.1, 20, True), (0.3, 20, False), (0.3, 40, True)):
            rng = np.random.default_rng(0)
            found = sum(
                missed(*drawn(rng, rate, correlation, count, unequal), rate, count).astype(int) for _ in range(repeats)
            )
            name = f"{rate}, {correlation}, {count}{' unequal' if unequal else ''}"
            print(f"| {name} | " + " | ".join(f"{k / repeats:.1%}" for k in found) + " |", flush=True)


if __name__ == "__main__":
    main()
