"""Similarity to the reference, with made-up embeddings: the best accepted output counts, nothing said is the worst."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldgate.models import embedder
from goldgate.scorers import Context
from goldgate.scorers.similarity import similarity
from goldgate.subjects import Answer
from goldgate.task.examples import Example

# Directions on a circle, so that a cosine can be read off.
DEGREES = {"same": 0.0, "near": 60.0, "far": 180.0, "other": 90.0, '{"n": 1}': 0.0}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was embedded, call by call."""
    calls: list[list[str]] = []

    def embed(texts: Sequence[str], cache: Path) -> np.ndarray:
        calls.append(list(texts))
        angles = np.radians([DEGREES[t] for t in texts])
        # A little longer than one, as sums of 32-bit floats are.
        return (1 + 1e-7) * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    monkeypatch.setattr(embedder, "embed", embed)
    return calls


def answer(text: str | None) -> Answer:
    return Answer("e", text, "stop" if text is not None else "error", 1, 1, 0.0, None, "me", "f", "d")


def scores(texts: Sequence[str | None], output: Any = "same", accept: tuple[Any, ...] = ()) -> list[float | None]:
    context = Context(None, Path("nowhere"))  # type: ignore[arg-type]
    examples = [Example(f"e{i}", "in", output, accept=accept) for i in range(len(texts))]
    return similarity(context, examples, [answer(t) for t in texts])


def test_it_is_the_cosine_to_the_reference(asked: list[list[str]]) -> None:
    assert scores(["same", "near", "other", "far"]) == [1.0, 0.5, 0.0, -1.0]


def test_rounding_never_leaves_the_range(asked: list[list[str]]) -> None:
    assert all(value is not None and -1.0 <= value <= 1.0 for value in scores(["same", "far"] * 3))


def test_the_best_accepted_output_counts(asked: list[list[str]]) -> None:
    assert scores(["near"], output="far", accept=("near", "other")) == [1.0]


def test_nothing_said_is_the_worst_and_no_answer_is_missing(asked: list[list[str]]) -> None:
    assert scores(["", None, "same"]) == [-1.0, None, 1.0]


def test_nothing_is_embedded_twice_and_all_in_one_call(asked: list[list[str]]) -> None:
    scores(["same", "near", "same", "near"])
    assert asked == [["near", "same"]]


def test_an_expected_value_is_compared_as_a_model_would_write_it(asked: list[list[str]]) -> None:
    assert scores(['{"n": 1}'], output={"n": 1}) == [1.0]


def test_no_answers_ask_for_no_embedding(asked: list[list[str]]) -> None:
    assert similarity(Context(None, Path("nowhere")), [], []) == []  # type: ignore[arg-type]
    assert asked == []
