"""Exponential tilting: weights under which resampled units have a given mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def tilted(totals: NDArray[np.float64], sizes: NDArray[np.float64], truth: float) -> NDArray[np.float64]:
    """Finds the weights closest to equal under which the units' mean is `truth` (exponential tilting).

    Args:
        totals: (k,) sum of the values of each unit.
        sizes: (k,) number of examples of each unit.
        truth: The mean to reach, between the smallest and the largest mean of a unit.

    Returns:
        (k,) weights that sum to 1.
    """
    gaps = totals - truth * sizes
    largest = float(np.abs(gaps).max())
    nothing = 1e-12 * largest
    if largest < 1e-12 or abs(float(gaps.mean())) < nothing:
        return np.full(len(gaps), 1.0 / len(gaps))
    # A gap that is pure rounding error would need an infinite pull: the truth is then that unit's own mean.
    if not (gaps.min() < -nothing and gaps.max() > nothing):
        at = (np.abs(gaps) <= nothing).astype(np.float64)
        return np.asarray(at / at.sum())
    gaps = gaps / largest

    def weights(pull: float) -> NDArray[np.float64]:
        raised = np.exp(pull * gaps - (pull * gaps).max())
        return np.asarray(raised / raised.sum())

    low, high = -1.0, 1.0
    while weights(low) @ gaps > 0.0:
        low *= 2.0
    while weights(high) @ gaps < 0.0:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if weights(middle) @ gaps < 0.0 else (low, middle)
    return weights(0.5 * (low + high))
