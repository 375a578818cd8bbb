"""What examples that come in clusters are worth, compared with as many independent ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goldgate.measures.tail import Floats

SHUFFLES = 999  # the smallest possible p is 1 in 1,000


def design_effect(values: ArrayLike, clusters: Sequence[Hashable]) -> float:
    """Computes by which factor clusters raise the variance of a mean: n examples say as much as n / factor.

    Args:
        values: (n,) floats.
        clusters: (n,) labels of the clusters.

    Returns:
        The design effect from the variance between the clusters' totals, at least 1; 1 if no value differs from the
        others or there is one cluster, so that nothing is known about it.

    Source:
        Kish 1965, Survey Sampling; the variance of a ratio of totals by linearization, as in Cochran 1977, section 11.
    """
    x = np.asarray(values, dtype=np.float64)
    codes, count = _codes(clusters)
    deviations = x - x.mean()
    alone = float(deviations @ deviations) / max(x.size - 1, 1)
    if count < 2 or alone <= 1e-18 * max(1.0, float(np.abs(x).max()) ** 2):
        return 1.0
    totals = np.bincount(codes, deviations, count)
    return max(1.0, count / (count - 1) * float(totals @ totals) / (x.size * alone))


def correlation(values: ArrayLike, clusters: Sequence[Hashable]) -> float:
    """Computes the correlation of two examples of one cluster that the design effect implies.

    Args:
        values: (n,) floats.
        clusters: (n,) labels of the clusters.

    Returns:
        The intra-cluster correlation, in [0, 1]; 0 if no cluster has two examples.
    """
    codes, count = _codes(clusters)
    sizes = np.bincount(codes, minlength=count)
    mean_size = float(sizes @ sizes) / len(codes)
    return 0.0 if mean_size <= 1.0 else min((design_effect(values, clusters) - 1.0) / (mean_size - 1.0), 1.0)


def p_same(values: ArrayLike, clusters: Sequence[Hashable]) -> float:
    """Tests whether clusters differ by more than chance: values are shuffled over examples of unchanged clusters.

    Args:
        values: (n,) floats.
        clusters: (n,) labels of the clusters.

    Returns:
        The p-value of the permutation test, with seeded shuffles, over clusters of at least two; 1 if there is none.

    Source:
        Fisher 1935; the statistic is that of a one-way analysis of variance.
    """
    times = Counter(clusters)
    kept = [i for i, c in enumerate(clusters) if times[c] > 1]
    if not kept:
        return 1.0
    x = np.asarray(values, dtype=np.float64)[kept]
    codes, count = _codes([clusters[i] for i in kept])
    sizes = np.bincount(codes, minlength=count).astype(np.float64)

    def between(row: Floats) -> float:
        return float((np.bincount(codes, row, count) ** 2 / sizes).sum())

    rng = np.random.default_rng(0)
    centred = x - x.mean()
    seen = between(centred)
    slack = 1e-9 * (abs(seen) + 1e-300)  # equal sums in another order
    return (1 + sum(between(rng.permutation(centred)) >= seen - slack for _ in range(SHUFFLES))) / (SHUFFLES + 1)


def _codes(clusters: Sequence[Hashable]) -> tuple[NDArray[np.int64], int]:
    known: dict[Hashable, int] = {}
    codes = np.array([known.setdefault(c, len(known)) for c in clusters], dtype=np.int64)
    return codes, len(known)
