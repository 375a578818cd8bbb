"""What more training data would bring: a posterior over power laws with a floor, from accuracies at a few sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_FLOORS = np.concatenate([[0.0], np.geomspace(0.002, 0.8, 35)])
_SLOPES = np.linspace(0.05, 1.5, 20)
_GAINS = np.geomspace(0.001, 0.9, 36)  # the error that more data can still remove, at the largest size
_WORST = 0.999


@dataclass(frozen=True)
class Point:
    """The accuracy after training on a part of the data.

    Attributes:
        count: Number of training examples.
        score: Mean score on dev, in [0, 1].
        n: Number of dev examples.
    """

    count: int
    score: float
    n: int


@dataclass(frozen=True)
class Forecast:
    """The accuracy at a size that was not tried.

    Attributes:
        count: Number of training examples.
        middle: Median of the posterior.
        likely: Ends of its central 80% interval.
        sure: Ends of its central 95% interval.
    """

    count: int
    middle: float
    likely: tuple[float, float]
    sure: tuple[float, float]


class LearningCurve:
    """The posterior over error(n) = floor + a * n^-b, on a grid.

    The likelihood of a point is binomial in its dev examples. All points share these examples, so that an unlucky dev
    lowers them together: their log-likelihoods are averaged instead of added, and together they weigh as much as one
    dev. The prior is even over the grid: the floor and the part that more data can remove by their logarithms, b
    between 0.05 and 1.5.

    Source:
        Hestness et al. 2017, "Deep learning scaling is predictable, empirically" (power laws with a floor); Mukherjee
        et al. 2003, "Estimating dataset size requirements for classifying DNA microarray data".
    """

    def __init__(self, points: Sequence[Point]) -> None:
        """Computes the posterior.

        Args:
            points: At least two, of different sizes.
        """
        self._largest = max(p.count for p in points)
        floors, slopes, gains = np.meshgrid(_FLOORS, _SLOPES, _GAINS, indexing="ij")
        self._floors, self._slopes, self._gains = floors.ravel(), slopes.ravel(), gains.ravel()
        total = np.zeros(len(self._floors))
        for point in points:
            error = self._errors(point.count)
            right = np.clip(point.score, 0.0, 1.0) * point.n
            total += (right * np.log1p(-error) + (point.n - right) * np.log(error)) / len(points)
        weight = np.exp(total - total.max())
        self._weight = weight / weight.sum()

    def _errors(self, count: float) -> np.ndarray:
        error = self._floors + self._gains * (count / self._largest) ** -self._slopes
        clipped: np.ndarray = np.clip(error, 1.0 - _WORST, _WORST)
        return clipped

    def at(self, count: int) -> Forecast:
        """Forecasts the accuracy at a number of training examples.

        Args:
            count: The number, at least 1.

        Returns:
            The forecast of the accuracy on many examples like those of dev.
        """
        accuracy = 1.0 - self._errors(count)
        order = np.argsort(accuracy)
        below = np.cumsum(self._weight[order])
        places = np.minimum(np.searchsorted(below, (0.025, 0.1, 0.5, 0.9, 0.975)), len(order) - 1)
        low, less, middle, more, high = map(float, accuracy[order][places])
        return Forecast(count, middle, (less, more), (low, high))

    def chance(self, wanted: float, count: int) -> float:
        """Computes the posterior probability that an accuracy is reached at a number of training examples.

        Args:
            wanted: The accuracy.
            count: The number.

        Returns:
            The probability, in [0, 1].
        """
        return float(self._weight[1.0 - self._errors(count) >= wanted].sum())
