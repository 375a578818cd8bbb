"""Semantic similarity to the reference, by sentence embeddings."""

from __future__ import annotations

from collections.abc import Sequence

from goldgate.scorers.scorer import Context
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example, render_output


def similarity(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """Cosine of the answer's and the reference's embeddings (all-MiniLM-L6-v2), in [-1, 1], higher is better; the best
    accepted output. Source: Reimers & Gurevych 2019 (arXiv 1908.10084).

    An empty answer counts -1: the embedding of nothing is a vector like any other, and means nothing. So does one that
    was cut off at the limit of tokens.
    """
    from goldgate.models.embedder import embed

    texts = {a.text for a in answers if a.text}
    texts |= {render_output(r) for e in examples for r in e.answers}
    order = sorted(texts)
    vectors = dict(zip(order, embed(order, context.cache), strict=True)) if order else {}
    values: list[float | None] = []
    for example, answer in zip(examples, answers, strict=True):
        if not answer.text or answer.finish == "length":
            values.append(None if answer.text is None else -1.0)
            continue
        mine = vectors[answer.text]
        best = max(float(mine @ vectors[render_output(r)]) for r in example.answers)
        # Rounded so that recorded and computed values are the same number on every machine; clipped for float error.
        values.append(round(min(1.0, max(-1.0, best)), 4))
    return values
