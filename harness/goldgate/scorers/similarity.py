"""Semantic similarity to the reference, by sentence embeddings."""

from __future__ import annotations

from collections.abc import Sequence

from goldgate.scorers.scorer import Context
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example, render_output


def similarity(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """Cosine similarity between the sentence embeddings of the answer and of the expected output.

    The embedding model is all-MiniLM-L6-v2. The best accepted output counts. An empty answer scores -1, because the
    embedding of an empty text means nothing; so does an answer that was cut off at the token limit.

    Range: -1 to 1; higher is better.
    Source: Reimers & Gurevych 2019 (arXiv 1908.10084).
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
        # Rounded so that recorded and computed values are equal on every machine; clipped because of float error.
        values.append(round(min(1.0, max(-1.0, best)), 4))
    return values
