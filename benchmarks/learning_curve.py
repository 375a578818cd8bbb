"""How well a learning curve foretells: python benchmarks/learning_curve.py BANKING77_FOLDER [--rows 2000] [--seeds 8]

For each seed, the linear model learns 12.5, 25, 50 and 100% of the rows, drawn from banking77's train file, and answers
500 rows of its test file. The forecast for twice the rows is compared with a model that did learn twice the rows, on
the rest of the test file. Prints the mean absolute error of the median and how often the intervals hold the truth.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from goldgate.jobs.forecast import SHARES
from goldgate.measures.learning import LearningCurve, Point
from goldgate.models.embedder import embed
from goldgate.subjects.linear import INVERSE_PENALTY, MAX_ITERATIONS
from goldgate.task.project import cache_folder

DEV = 500


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=8)
    asked = parser.parse_args()
    known, wanted = read(asked.folder / "train.jsonl")
    tested, right = read(asked.folder / "test.jsonl")
    errors, sure, likely = [], [], []
    for seed in range(asked.seeds):
        random = np.random.default_rng(seed)
        train, test = random.permutation(len(wanted))[: 2 * asked.rows], random.permutation(len(right))
        dev, rest = test[:DEV], test[DEV:]

        def hits(rows: np.ndarray, asked_: np.ndarray) -> float:
            model = LogisticRegression(C=INVERSE_PENALTY, max_iter=MAX_ITERATIONS).fit(known[rows], wanted[rows])
            return float((model.predict(tested[asked_]) == right[asked_]).mean())

        points = []
        for share, draws in SHARES:
            many = round(share * asked.rows)
            parts = [random.permutation(train[: asked.rows])[:many] for _ in range(draws)]
            points.append(Point(many, float(np.mean([hits(part, dev) for part in parts])), DEV))
        forecast, truth = LearningCurve(points).at(2 * asked.rows), hits(train, rest)
        errors.append(abs(forecast.middle - truth))
        sure.append(forecast.sure[0] <= truth <= forecast.sure[1])
        likely.append(forecast.likely[0] <= truth <= forecast.likely[1])
        told = f"{forecast.middle:.3f}, {forecast.sure[0]:.3f} to {forecast.sure[1]:.3f}"
        print(f"  seed {seed}: foretold {told}; true {truth:.3f}", flush=True)
    print(
        f"{asked.rows} rows, dev {DEV}, {asked.seeds} seeds: mean error {100 * np.mean(errors):.2f} points;"
        f" the 95% interval holds {np.mean(sure):.2f}, the 80% interval {np.mean(likely):.2f}"
    )


def read(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings and labels of a file."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return embed([r["input"] for r in rows], cache_folder(os.environ)), np.array([r["output"] for r in rows])


if __name__ == "__main__":
    main()
