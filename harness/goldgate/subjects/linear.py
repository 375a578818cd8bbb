"""linear: logistic regression on sentence embeddings, what an expert would try first where the labels are closed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.fingerprint import digest
from goldgate.models.embedded import EMBEDDER_DIGEST
from goldgate.subjects.subject import Answer, Progress
from goldgate.task.examples import Example, Split, render_output
from goldgate.task.task import Task

INVERSE_PENALTY = 10.0
"""C of scikit-learn. Unit-length embeddings have small coordinates: its default 1 holds the weights too small."""
MAX_ITERATIONS = 2_000


class LinearSubject:
    """Fitted on the whole train split whenever it has to answer; a few seconds at 10,000 examples."""

    name = "linear"

    def __init__(self, task: Task, train: Split, cache: Path) -> None:
        """Raises UserError for a task without closed labels, or a train split with only one of them."""
        if task.kind != "label":
            raise UserError(
                f'"linear" needs closed labels, task {task.name} is of kind {task.kind}',
                hint="compare with a prompt instead, for example base+few_shot:4",
            )
        if len({render_output(e.output) for e in train}) < 2:
            raise UserError(
                "the train split has only one label: there is nothing to learn",
                f"task {task.name}",
                "add examples of the other labels to train.jsonl",
            )
        self._train = train
        self._cache = cache

    @cached_property
    def identity(self) -> str:
        return digest(
            {"linear": [INVERSE_PENALTY, MAX_ITERATIONS], "embedder": EMBEDDER_DIGEST, "train": self._train.fingerprint}
        )

    def sampled(self, sample: int) -> LinearSubject:
        """Itself: it draws nothing."""
        return self

    def fingerprint(self, example: Example) -> str:
        require("sklearn", "sentence_transformers")
        return digest([self.identity, version("scikit-learn"), version("sentence-transformers"), example.text])

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        """The likeliest label of each example. It reads and writes no tokens: it costs none."""
        from sklearn.linear_model import LogisticRegression

        from goldgate.models.embedder import embed

        if not examples:
            return
        train = sorted(self._train.examples, key=lambda e: e.digest)
        known = embed([e.text for e in train], self._cache)
        model = LogisticRegression(C=INVERSE_PENALTY, max_iter=MAX_ITERATIONS)
        model.fit(known, [render_output(e.output) for e in train])
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
