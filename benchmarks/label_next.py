"""What choosing the inputs to label is worth: python benchmarks/label_next.py BANKING77_FOLDER [--seeds 3]

Labels 800 of banking77's train rows in steps, once in random order and once as `goldgate choose` picks them (typical
ones while there are fewer than five for a label, then those that the linear model is least sure of), trains the linear
model on them, and prints its accuracy on the test file. For each seed the rows to choose from are another 8,000.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from goldgate.data.choosing import typical, uncertain
from goldgate.jobs.choose import ENOUGH
from goldgate.models.embedder import embed
from goldgate.subjects.linear import INVERSE_PENALTY, MAX_ITERATIONS
from goldgate.task.project import cache_folder

STEPS = (100, 200, 300, 400, 600, 800)
POOL = 8_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    known, wanted = read(asked.folder / "train.jsonl")
    tested, right = read(asked.folder / "test.jsonl")

    def fit(rows: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=INVERSE_PENALTY, max_iter=MAX_ITERATIONS).fit(known[rows], wanted[rows])

    found: dict[str, list[list[float]]] = {"random": [], "chosen": []}
    for seed in range(asked.seeds):
        pool = np.random.default_rng(seed).permutation(len(wanted))[:POOL]
        got, labels = pool[:0], len(set(wanted))
        scores = []
        for size in STEPS:
            rest = np.setdiff1d(pool, got)
            few = len(got) < ENOUGH * labels
            many = size - len(got)
            picks = typical(known[rest], known[got], many) if few else uncertain(known[rest], fit(got), many)
            got = np.concatenate([got, rest[[pick.at for pick in picks]]])
            scores.append(float((fit(got).predict(tested) == right).mean()))
        found["chosen"].append(scores)
        found["random"].append([float((fit(pool[:size]).predict(tested) == right).mean()) for size in STEPS])
        print(f"  seed {seed}: {len(got)} chosen {scores[-1]:.3f}, random {found['random'][-1][-1]:.3f}", flush=True)
    for way, rows in found.items():
        mean = np.mean(rows, axis=0)
        print(f"{way}: " + ", ".join(f"{size} {score:.3f}" for size, score in zip(STEPS, mean, strict=True)))


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return embed([row["input"] for row in rows], cache_folder(os.environ)), np.array([row["output"] for row in rows])


if __name__ == "__main__":
    main()
