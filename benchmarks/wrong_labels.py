"""How well wrong labels are ranked: python benchmarks/wrong_labels.py [BANKING77_FOLDER] [--rows 2000] [--flips 100]

Plants wrong labels into real data and prints, for each score and for the mean of their ranks, the average precision and
the share of the planted labels that a review of the first 200 finds. A random flip takes any other label; a confusable
one takes one of the three labels whose examples have the nearest means, and the hardest one the nearest of them. Errors
that the data has of its own count as false, so the numbers are lower bounds. Without a folder of banking77 (train.jsonl
of input and output) it takes the queues of the shipped tickets. Then a review in batches of 20 is played until a batch
yields fewer than 2.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

from goldgate.data.suspects import BATCH, worth_another
from goldgate.data.suspects.scores import doubt
from goldgate.models.embedder import embed
from goldgate.task.project import cache_folder

REVIEWED = 200
SEEDS = 3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--flips", type=int, default=100)
    parser.add_argument("--top", type=int, default=0, help="show the data's own suspects instead of planting any")
    asked = parser.parse_args()
    texts, names = read(asked.folder)
    labels = np.unique(names, return_inverse=True)[1]
    vectors = embed(texts, cache_folder(os.environ))
    if asked.top:
        started = time.process_time()
        told = doubt(vectors, labels, np.arange(len(labels)))
        print(f"{len(labels)} rows: {time.process_time() - started:.1f} CPU seconds after embedding")
        liked = sorted(set(names))
        for i in np.argsort(-told.mean_rank)[: asked.top]:
            print(f"  {told.mean_rank[i]:.4f}  {names[i]}  (classifier: {liked[told.prefers[i]]})  {texts[i]!r}")
        return
    for kind in ("random", "confusable", "hardest"):
        rows = [planted(vectors, labels, kind, asked.rows, asked.flips, seed) for seed in range(SEEDS)]
        print(f"\n{asked.flips} {kind} flips in {asked.rows} rows, mean of {SEEDS} seeds")
        print(f"  {'score':<24}{'average precision':>18}{f'found in {REVIEWED}':>14}")
        for name in rows[0]:
            print(
                f"  {name:<24}{np.mean([r[name][0] for r in rows]):>18.3f}{np.mean([r[name][1] for r in rows]):>14.2f}"
            )


def read(folder: Path | None) -> tuple[list[str], list[str]]:
    """Texts and labels."""
    if folder is not None:
        rows = [json.loads(line) for line in (folder / "train.jsonl").read_text("utf-8").splitlines()]
        return [r["input"] for r in rows], [r["output"] for r in rows]
    file = Path(__file__).parents[1] / "golden" / "tickets" / "train.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [r["input"] for r in rows], [r["output"]["queue"] for r in rows]


def planted(
    vectors: np.ndarray, labels: np.ndarray, kind: str, many: int, flips: int, seed: int
) -> dict[str, tuple[float, float]]:
    """(average precision, share found) by score, for wrong labels that were planted into a sample of the rows."""
    random = np.random.default_rng(seed)
    kept = np.sort(random.permutation(len(labels))[:many])
    x, right = vectors[kept], np.unique(labels[kept], return_inverse=True)[1]
    single = np.flatnonzero(np.bincount(right) == 1)
    kept = ~np.isin(right, single)
    x, right = x[kept], np.unique(right[kept], return_inverse=True)[1]
    means = np.stack([x[right == c].mean(axis=0) for c in range(right.max() + 1)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    near = np.argsort(-(means @ means.T - 2 * np.eye(len(means))), axis=1)[:, :3]
    wrong, chosen = right.copy(), random.permutation(len(right))[:flips]
    for i in chosen:
        if kind == "random":
            wrong[i] = random.choice(np.setdiff1d(np.unique(right), [right[i]]))
        else:
            wrong[i] = random.choice(near[right[i]]) if kind == "confusable" else near[right[i], 0]
    told = doubt(x, wrong, np.arange(len(wrong)))
    bad = np.isin(np.arange(len(right)), chosen)
    found = {name: judged(score, bad) for name, score in {**told.scores, "mean of ranks": told.mean_rank}.items()}
    found["listed as suspects"] = (float("nan"), float((2 * told.against[bad] >= len(told.scores) - 1).mean()))
    order, seen = np.argsort(-told.mean_rank, kind="stable"), list[bool]()
    while worth_another(seen) and len(seen) < len(order):
        seen += [bool(b) for b in bad[order[len(seen) : len(seen) + BATCH]]]
    print(f"  seed {seed}: a review in batches stops after {len(seen)} with {sum(seen)} of {flips} found")
    return found


def judged(score: np.ndarray, bad: np.ndarray) -> tuple[float, float]:
    """Average precision of the order by a score, and the share of the bad ones among the first REVIEWED."""
    hit = bad[np.argsort(-score, kind="stable")]
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float(precision[hit].mean()), float(hit[:REVIEWED].sum() / hit.sum())


if __name__ == "__main__":
    main()
