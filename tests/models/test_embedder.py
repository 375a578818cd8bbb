"""Embeddings are computed once a text; the model is not loaded for what is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from goldgate.base.errors import UserError
from goldgate.models import embedder
from goldgate.models.embedder import embed, nearest


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands for the model: a vector that points where the text's length says. Returns what it was asked."""
    asked: list[list[str]] = []

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        asked.append(texts)
        angles = np.array([len(t) for t in texts]) / 100
        vectors = np.zeros((len(texts), embedder.SIZE), np.float32)
        vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
        return vectors

    monkeypatch.setattr(embedder, "_compute", compute)
    return asked


def test_known_texts_are_not_computed_again(computed: list[list[str]], tmp_path: Path) -> None:
    first = embed(["a", "bb", "a"], tmp_path)
    again = embed(["bb", "ccc", "a"], tmp_path)
    assert computed == [["a", "bb"], ["ccc"]]
    np.testing.assert_array_equal(first[0], first[2])
    np.testing.assert_array_equal(first[1], again[0])
    assert again.shape == (3, embedder.SIZE)
    assert again.dtype == np.float32


def test_no_texts_are_an_empty_table(computed: list[list[str]], tmp_path: Path) -> None:
    assert embed([], tmp_path).shape == (0, embedder.SIZE)
    assert computed == []


def test_many_texts_come_back_in_order(computed: list[list[str]], tmp_path: Path) -> None:
    texts = ["x" * n for n in range(1, 1300)]
    embed(texts, tmp_path)
    vectors = embed(texts[::-1], tmp_path)
    np.testing.assert_allclose(vectors[:, 1], np.sin(np.arange(1299, 0, -1) / 100), atol=1e-6)
    assert [len(texts) for texts in computed] == [1024, 275]


def test_the_nearest_come_first(computed: list[list[str]], tmp_path: Path) -> None:
    pool, asked = embed(["x" * n for n in (10, 40, 12, 80)], tmp_path), embed(["y" * 11, "y" * 70], tmp_path)
    assert nearest(pool, asked, 3).tolist() == [[0, 2, 1], [3, 1, 2]]


def test_a_broken_store_says_what_to_do(computed: list[list[str]], tmp_path: Path) -> None:
    embed(["a"], tmp_path)
    store = next(tmp_path.glob("embeddings-*.sqlite"))
    for path in tmp_path.glob("embeddings-*"):
        path.unlink()
    store.write_bytes(b"this is no database" * 100)
    with pytest.raises(UserError, match="delete the file"):
        embed(["a"], tmp_path)
