"""Choosing which inputs to label next: what is typical first, then what is uncertain, each spread over the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_NEIGHBOURS = 20
"""Inputs of its cluster that an input is compared with to say how typical it is."""
_COMPARED = 2_000
"""Most inputs of a cluster that are compared with each other."""
_AS_MANY = 10
"""How many times as many uncertain inputs as are wanted are spread over clusters."""


@dataclass(frozen=True)
class Pick:
    """An input that is worth labelling.

    Attributes:
        at: Its position.
        like: How many inputs are in its cluster.
        torn: The two labels that the linear model cannot choose between; None if it was chosen for being typical.
    """

    at: int
    like: int
    torn: tuple[str, str] | None = None


def typical(inputs: np.ndarray, known: np.ndarray, count: int) -> list[Pick]:
    """Chooses the most typical input of each of the largest clusters that have no labelled input yet.

    Args:
        inputs: (n, size) embeddings of length 1 of the inputs to choose from.
        known: (m, size) embeddings of the inputs that are labelled.
        count: How many to choose.

    Returns:
        At most `count` inputs, those of the largest clusters first.

    Source:
        Hacohen, Dekel and Weinshall 2022, "Active Learning on a Budget: Opposite Strategies Suit High and Low Budgets".
    """
    together = np.vstack([inputs, known]) if len(known) else inputs
    found = _clusters(together, min(len(together), count + len(known)))
    mine, taken = found[: len(inputs)], found[len(inputs) :]
    free = np.setdiff1d(mine, taken)
    if len(free) < count:  # what is labelled lies in every cluster: then the least crowded come next
        rest = np.setdiff1d(np.unique(mine), free)
        crowded = np.bincount(taken, minlength=int(found.max()) + 1)[rest] / np.bincount(mine)[rest]
        free = np.concatenate([free, rest[np.argsort(crowded, kind="stable")]])[:count]
    picks = []
    for cluster in free.tolist():
        members = np.flatnonzero(mine == cluster)
        compared = members[:_COMPARED]  # of the largest clusters a part is enough, and bounds the memory
        cosines = np.sort(inputs[compared] @ inputs[compared].T, axis=1)[:, -_NEIGHBOURS:]
        picks.append(Pick(int(members[cosines.mean(axis=1).argmax()]), len(members)))
    return sorted(picks, key=lambda pick: -pick.like)[:count]


def uncertain(inputs: np.ndarray, model: Any, count: int) -> list[Pick]:
    """Chooses the inputs that a classifier is least sure of, one of each cluster of them.

    Args:
        inputs: (n, size) embeddings of length 1 of the inputs to choose from.
        model: A classifier with `predict_proba` and `classes_`.
        count: How many to choose.

    Returns:
        At most `count` inputs, the least sure first. An input is the less sure the closer its two likeliest labels are.
    """
    chances = model.predict_proba(inputs)
    best = np.argsort(chances, axis=1)[:, -2:]
    margin = np.take_along_axis(chances, best, axis=1) @ np.array([-1.0, 1.0])
    unsure = np.argsort(margin, kind="stable")[: count * _AS_MANY]
    found = _clusters(inputs[unsure], min(len(unsure), count))
    picks = []
    for cluster in np.unique(found).tolist():
        members = unsure[found == cluster]
        at = int(members[margin[members].argmin()])
        first, second = (str(model.classes_[i]) for i in best[at, ::-1])
        picks.append(Pick(at, len(members), (first, second)))
    return sorted(picks, key=lambda pick: float(margin[pick.at]))


def _clusters(vectors: np.ndarray, many: int) -> np.ndarray:
    """The cluster of each vector, the same every time."""
    from sklearn.cluster import MiniBatchKMeans

    means = MiniBatchKMeans(many, random_state=0, n_init=1, batch_size=2_048, max_iter=20)
    found: np.ndarray = means.fit_predict(vectors)
    return found
