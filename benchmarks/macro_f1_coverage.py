"""How often macro-F1's approximate interval misses the truth, on either side, over simulated golden sets.

python benchmarks/macro_f1_coverage.py [--repeats 1000]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from goldgate.measures import macro_f1

SIZES = (20, 100, 500)


@dataclass(frozen=True)
class World:
    """Labels with these shares, each answered right this often, else by another label at random."""

    name: str
    shares: tuple[float, ...]
    right: tuple[float, ...]

    def table(self) -> np.ndarray:
        """(K, K) chances of expected (row) and given (column)."""
        k = len(self.shares)
        rows = [[r if i == j else (1.0 - r) / (k - 1) for j in range(k)] for i, r in enumerate(self.right)]
        return np.array(self.shares)[:, None] * np.array(rows)

    def truth(self) -> float:
        """Macro-F1 of infinitely many examples."""
        t = self.table()
        return float((2.0 * np.diag(t) / (t.sum(axis=0) + t.sum(axis=1))).mean())


WORLDS = (
    World("2 labels, even, 0.9 right", (0.5, 0.5), (0.9, 0.9)),
    World("2 labels, 0.9 / 0.1, 0.95 and 0.7 right", (0.9, 0.1), (0.95, 0.7)),
    World("3 labels, 0.6 / 0.3 / 0.1, 0.95, 0.9 and 0.7 right", (0.6, 0.3, 0.1), (0.95, 0.9, 0.7)),
    World("10 labels, even, 0.85 right", (0.1,) * 10, (0.85,) * 10),
    World("3 labels, even, 0.99 right", (1 / 3,) * 3, (0.99,) * 3),
)


def misses(world: World, n: int, repeats: int, seed: int = 0) -> tuple[float, float]:
    """Share of golden sets whose lower bound lies above the truth, and whose upper bound lies below it; each 2.5%."""
    rng = np.random.default_rng(seed)
    k, truth = len(world.shares), world.truth()
    labels = [str(i) for i in range(k)]
    chances = world.table().ravel()
    above = below = 0
    for _ in range(repeats):
        drawn = rng.choice(k * k, size=n, p=chances / chances.sum())
        made = macro_f1([labels[d // k] for d in drawn], [labels[d % k] for d in drawn], labels=labels)
        low, high = made.interval()
        above += low > truth
        below += high < truth
    return above / repeats, below / repeats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    print(f"| world, {repeats} golden sets | truth | " + " | ".join(f"n = {n}" for n in SIZES) + " |")
    print("| --- | --- | " + " | ".join("---" for _ in SIZES) + " |")
    for world in WORLDS:
        cells = []
        for n in SIZES:
            above, below = misses(world, n, repeats)
            cells.append(f"{above:.1%} / {below:.1%}")
        print(f"| {world.name} | {world.truth():.3f} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
