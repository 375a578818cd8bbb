"""linear is logistic regression on sentence embeddings: what an expert would try first on a closed set of labels."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.fingerprint import digest
from goldgate.models.embedded import EMBEDDER_DIGEST
from goldgate.subjects.subject import Answer, Progress
from goldgate.task.examples import Example, Split, render_output
from goldgate.task.task import Task

INVERSE_PENALTY = 10.0
"""scikit-learn's C. Unit-length embeddings have small coordinates, for which the default of 1 regularises too
strongly.
"""
MAX_ITERATIONS = 2_000


class LinearSubject:
    """A classifier that is fitted on the whole train split each time it answers: a few seconds at 10,000 examples."""

    name = "linear"

    def __init__(self, task: Task, train: Split, cache: Path) -> None:
        """Checks that the task can be learned.

        Raises:
            UserError: The task has no closed labels, or its train split has only one of them.
        """
        if task.kind != "label":
            raise UserError(
                f'"linear" needs closed labels, but task {task.name} is of kind {task.kind}',
                hint="compare with a prompt instead, for example base+few_shot:4",
            )
        if len({_label(task, e) for e in train}) < 2:
            raise UserError(
                "the train split has only one label, so there is nothing to learn",
                f"task {task.name}",
                "add examples with other labels to train.jsonl",
            )
        self._task = task
        self._train = train
        self._cache = cache

    @cached_property
    def identity(self) -> str:
        return digest(
            {"linear": [INVERSE_PENALTY, MAX_ITERATIONS], "embedder": EMBEDDER_DIGEST, "train": self._train.fingerprint}
        )

    def sampled(self, sample: int) -> LinearSubject:
        """Returns itself: its answers are not sampled."""
        return self

    def fingerprint(self, example: Example) -> str:
        require("sklearn", "sentence_transformers")
        return digest([self.identity, version("scikit-learn"), version("sentence-transformers"), example.text])

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        """Yields the likeliest label of each example. No tokens are read or written, so answers cost none."""
        from goldgate.models.embedder import embed

        if not examples:
            return
        model = fit_linear(self._task, self._train.examples, self._cache)
        started = time.perf_counter()
        chances = model.predict_proba(embed([e.text for e in examples], self._cache))
        seconds = (time.perf_counter() - started) / len(examples)
        for example, row in zip(examples, chances, strict=True):
            best = int(row.argmax())
            yield Answer(
                example.id,
                str(model.classes_[best]),
                "stop",
                0,
                0,
                seconds,
                math.log(float(row[best])),
                self.identity,
                self.fingerprint(example),
                example.digest,
            )
        if progress is not None:
            progress(len(examples))


def fit_linear(task: Task, train: Sequence[Example], cache: Path) -> Any:
    """Fits the classifier.

    Args:
        task: A task with labels.
        train: Examples of at least two of them, in any order.
        cache: The cache folder, which keeps embeddings.

    Returns:
        scikit-learn's logistic regression, which takes embeddings.
    """
    from sklearn.linear_model import LogisticRegression

    from goldgate.models.embedder import embed

    ordered = sorted(train, key=lambda e: e.digest)
    known = embed([e.text for e in ordered], cache)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=MAX_ITERATIONS)
    return model.fit(known, [_label(task, e) for e in ordered])


def _label(task: Task, example: Example) -> str:
    """Returns the expected label as task.yaml writes it, so that two ways to write one label are one class."""
    text = render_output(example.output)
    return task.label(text) or text
