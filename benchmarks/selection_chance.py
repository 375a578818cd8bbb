"""How far the stated chance of passing is off, alone and as the best of several attempts, where the truth is known.

    python benchmarks/selection_chance.py [--runs 200] [--seed 0]

Attempts with true rates around 0.92 answer the same dev examples; dev chooses the best. One gate of 0.90 decides on 200
golden examples at the first look. `same` is the share of examples on which attempts err together. The last column is
the chance that the chosen attempt passes in truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from scipy.stats import binom

from goldgate.gates import GateRecord, chance_as_chosen, chance_of_passing
from goldgate.ledger import level
from goldgate.measures import Measure, Recording, recording
from goldgate.measures.binomial import needed

CASES = ((1, 0.01, 0.0), (2, 0.01, 0.5), (5, 0.01, 0.0), (5, 0.01, 0.5), (3, 0.03, 0.5), (5, 0.04, 0.5))
RATE, GATE, DEV, GOLDEN, DRAWS = 0.92, 0.9, 114, 200, 500


def records(values: Sequence[float]) -> list[GateRecord]:
    """The gate as the suite records it on dev."""
    made: list[GateRecord] = []
    with recording(Recording(force="observed", record=lambda v, m: made.append(GateRecord.of(v, m, "gate")))):
        _ = Measure(values) >= GATE
    return made


def one_run(rng: np.random.Generator, attempts: int, spread: float, same: float) -> tuple[float, float, float]:
    """Chance alone, chance as the chosen one, and the chance in truth, of the attempt that is best on dev."""
    truths = np.clip(rng.normal(RATE, spread, attempts), 0.0, 1.0)
    common = rng.random(DEV)
    rows = [np.where(rng.random(DEV) < same, common, rng.random(DEV)) < truth for truth in truths]
    best = int(np.argmax([row.mean() for row in rows]))
    judged = [records(row.astype(float).tolist()) for row in rows]
    others = [one for i, one in enumerate(judged) if i != best]
    alone = chance_of_passing(judged[best], GOLDEN, level(1), DRAWS)
    chosen = chance_as_chosen(judged[best], others, GOLDEN, level(1), DRAWS)
    least = needed(GOLDEN, GATE, level(1)) or GOLDEN + 1
    return alone, chosen, float(binom.sf(least - 1, GOLDEN, truths[best]))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=0)
    asked = arguments.parse_args()
    print("| attempts | SD of their truth | same | stated alone | stated as the chosen one | in truth |")
    print("| --- | --- | --- | --- | --- | --- |")
    for attempts, spread, same in CASES:
        rng = np.random.default_rng(asked.seed)
        alone, chosen, truth = np.mean([one_run(rng, attempts, spread, same) for _ in range(asked.runs)], axis=0)
        print(f"| {attempts} | {spread} | {same} | {alone:.2f} | {chosen:.2f} | {truth:.2f} |", flush=True)


if __name__ == "__main__":
    main()
