"""How doubtful a label is, by several cheap scores over sentence embeddings, and by the mean of their ranks.

Each score alone is best on one kind of error only: neighbours notice a random label, a classifier notices the
confusion of two similar labels. The mean of their ranks is close to the best one on each kind
(benchmarks/wrong_labels.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

FOLDS = 5
NEIGHBOURS = 10
PENALTY = 0.1
"""Of the classifier, on the sum of the squared weights. It is scikit-learn's C = 10, as the linear baseline has it."""
RIDGE = 0.3
SHRUNK = 0.3
"""Share of the spherical part in the covariance of the class means' score."""
STEPS = 25
"""Of the classifier. The order of the suspects no longer changes after 20."""
POOL = 20_000
"""Most examples that are searched for neighbours, so that the time does not grow with the square of their number."""
_ROWS = 512  # examples compared with the pool at once: 512 x 20,000 numbers take 41 MB


@dataclass(frozen=True)
class Doubt:
    """What the scores say about n labels.

    Attributes:
        scores: Name of a score → (n,) numbers; the larger, the more doubtful.
        mean_rank: (n,) mean over the scores of the label's rank, in (0, 1]; 1 is the most doubtful.
        prefers: (n,) the class that the classifier finds likeliest without having seen the example.
        against: (n,) number of the scores that prefer another label to the given one.
    """

    scores: Mapping[str, np.ndarray]
    mean_rank: np.ndarray
    prefers: np.ndarray
    against: np.ndarray


def doubt(vectors: np.ndarray, labels: np.ndarray, parts: np.ndarray) -> Doubt:
    """Scores how doubtful each label is.

    Args:
        vectors: (n, d) embeddings of length 1.
        labels: (n,) integers from 0; every class has at least two examples.
        parts: (n,) integers: examples of one part, such as near-duplicates, do not testify for each other in the
            neighbours' score and are in one fold.

    Returns:
        The scores. The same examples in the same order always get the same scores.

    Source:
        Out-of-fold self-confidence and margin: Northcutt, Jiang and Chuang 2021, "Confident learning". Leave-one-out
        of ridge regression: Allen 1974, "The relationship between variable selection and data augmentation". Training
        dynamics: Pleiss et al. 2020, "Identifying mislabeled data using the area under the margin ranking".
    """
    x = np.ascontiguousarray(vectors, np.float32)
    x = x - x.mean(axis=0)
    classes = int(labels.max()) + 1
    chances = _out_of_fold(x, labels, parts, classes)
    dynamics = _Dynamics(labels)
    _fitted(x, labels, classes, dynamics)
    margins = {
        "classifier's margin": _margin(np.log(chances + 1e-9), labels),
        "neighbours": _margin(_votes(x, labels, parts, classes), labels),
        "ridge": _margin(_left_out_ridge(x, labels, classes), labels),
        "class means": _margin(_class_means(x, labels, classes), labels),
        "training dynamics": dynamics.mean(),
    }
    confidence = chances[np.arange(len(labels)), labels]
    scores = {"classifier's confidence": -confidence, **{name: -margin for name, margin in margins.items()}}
    against = sum((margin < 0).astype(int) for margin in margins.values())
    ranks = [_ranks(score) for score in scores.values()]
    return Doubt(scores, np.mean(ranks, axis=0), chances.argmax(axis=1), np.asarray(against))


def _ranks(score: np.ndarray) -> np.ndarray:
    """Ranks in (0, 1]; ties get the mean of their ranks, so that the order of the examples decides nothing."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    middle: np.ndarray = (ends - (count - 1) / 2) / len(score)
    return middle[place]


def _margin(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The value of the given label minus that of the best other one."""
    rows = np.arange(len(labels))
    own = values[rows, labels]
    others = values.copy()
    others[rows, labels] = -np.inf
    margin: np.ndarray = own - others.max(axis=1)
    return margin


def _one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    table = np.zeros((len(labels), classes), np.float32)
    table[np.arange(len(labels)), labels] = 1.0
    return table


def _folds(labels: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """A fold for each example: parts stay whole, and the examples of a label are dealt out evenly."""
    _, first, part = np.unique(parts, return_index=True, return_inverse=True)
    order = np.lexsort((first, labels[first]))
    fold = np.empty(len(first), int)
    fold[order] = np.arange(len(first)) % FOLDS
    return fold[part]


def _out_of_fold(x: np.ndarray, labels: np.ndarray, parts: np.ndarray, classes: int) -> np.ndarray:
    """(n, classes) chances by a classifier that was fitted on the other folds."""
    folds, chances = _folds(labels, parts), np.zeros((len(labels), classes), np.float32)
    for fold in range(FOLDS):
        asked = folds == fold
        if asked.any() and not asked.all():
            weights, bias = _fitted(x[~asked], labels[~asked], classes)
            chances[asked] = _softmax(x[asked] @ weights + bias)
    return chances


class _Dynamics:
    """The margin of each training label, averaged over the steps of training: wrong labels are learned late."""

    def __init__(self, labels: np.ndarray) -> None:
        self._labels, self._sum = labels, np.zeros(len(labels))

    def __call__(self, chances: np.ndarray) -> None:
        self._sum += _margin(chances, self._labels)

    def mean(self) -> np.ndarray:
        return self._sum / STEPS


def _fitted(
    x: np.ndarray, labels: np.ndarray, classes: int, watch: Callable[[np.ndarray], None] = lambda chances: None
) -> tuple[np.ndarray, np.ndarray]:
    """Multinomial logistic regression, by Newton steps with a fixed bound of the curvature, and momentum.

    Source:
        Boehning 1992, "Multinomial logistic regression algorithm"; Nesterov 1983 for the momentum.
    """
    inputs = np.hstack([x, np.ones((len(x), 1), np.float32)])
    penalty = np.full(inputs.shape[1], PENALTY, np.float32)
    penalty[-1] = 1e-3  # the bias is hardly penalised
    step = np.linalg.inv(inputs.T @ inputs / 2 + np.diag(penalty)).astype(np.float32)
    wanted = _one_hot(labels, classes)
    now = ahead = np.zeros((inputs.shape[1], classes), np.float32)
    for k in range(STEPS):
        chances = _softmax(inputs @ ahead)
        watch(chances)
        slope = inputs.T @ (chances - wanted) + penalty[:, None] * ahead
        before, now = now, ahead - step @ slope
        ahead = now + np.float32(k / (k + 3)) * (now - before)
    return now[:-1], now[-1]


def _softmax(values: np.ndarray) -> np.ndarray:
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    chances: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return chances


def _left_out_ridge(x: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """(n, classes) predictions of ridge regression on the labels, each without its own example, in closed form."""
    inputs = np.hstack([x, np.ones((len(x), 1), np.float32)])
    wanted = _one_hot(labels, classes)
    inverse = np.linalg.inv(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1], dtype=np.float32))
    half = inputs @ inverse.astype(np.float32)
    leverage = np.minimum((half * inputs).sum(axis=1, keepdims=True), 0.999)
    fitted = half @ (inputs.T @ wanted)
    left_out: np.ndarray = (fitted - leverage * wanted) / (1.0 - leverage)
    return left_out


def _class_means(x: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """(n, classes) scores of linear discriminant analysis; that of the own class is without the example itself.

    Source:
        Friedman 1989, "Regularized discriminant analysis", for the shrunk covariance.
    """
    sums, count = _one_hot(labels, classes).T @ x, np.bincount(labels, minlength=classes)[:, None]
    means = sums / count
    inside = x - means[labels]
    covariance = inside.T @ inside / len(x)
    round_ = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    whitener = np.linalg.inv((1.0 - SHRUNK) * covariance + SHRUNK * round_ + 1e-6 * np.eye(len(covariance)))
    whitened = x @ whitener.astype(np.float32)
    scores = whitened @ means.T - ((means @ whitener) * means).sum(axis=1) / 2
    rest = (sums[labels] - x) / np.maximum(count[labels] - 1, 1)
    own = (whitened * rest).sum(axis=1) - ((rest @ whitener) * rest).sum(axis=1) / 2
    scores[np.arange(len(labels)), labels] = own
    return np.asarray(scores)


def _votes(x: np.ndarray, labels: np.ndarray, parts: np.ndarray, classes: int) -> np.ndarray:
    """(n, classes) sum of the similarities of the nearest neighbours with each label."""
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    pool = np.arange(len(x)) if len(x) <= POOL else np.linspace(0, len(x) - 1, POOL).astype(int)
    votes = np.zeros((len(x), classes), np.float32)
    for rows in _blocks(len(x)):
        alike = unit[rows] @ unit[pool].T
        alike[parts[rows][:, None] == parts[pool][None, :]] = -1.0
        many = min(NEIGHBOURS, len(pool))
        near = np.argpartition(-alike, many - 1, axis=1)[:, :many]
        weight = np.maximum(np.take_along_axis(alike, near, axis=1), 0.0)
        np.add.at(votes, (rows[:, None], labels[pool][near]), weight)
    return votes


def _blocks(n: int) -> Iterator[np.ndarray]:
    for start in range(0, n, _ROWS):
        yield np.arange(start, min(n, start + _ROWS))
