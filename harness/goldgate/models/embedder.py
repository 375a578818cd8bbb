"""Sentence embeddings by all-MiniLM-L6-v2. Vectors are cached on disk by text, so a second run loads no model."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.fingerprint import short
from goldgate.models.embedded import EMBEDDER_DIGEST, ensure_embedder
from goldgate.models.quiet import quiet

SIZE = 384
_TEXTS_IN_BATCH = 64
_KEPT_AT_ONCE = 1_024  # texts: some seconds of work
_IN_ONE_QUERY = 500  # SQLite's oldest limit on parameters is 999
_WAIT_SECONDS = 30.0


def embed(texts: Sequence[str], cache: Path, advance: Callable[[int], None] | None = None) -> np.ndarray:
    """Embeds texts. The same text always has the same vector.

    The model reads the first 256 word pieces of a text. Vectors are kept as they are made, so that a killed run goes on
    where it was.

    Args:
        texts: The texts.
        cache: The cache folder.
        advance: Called with how many of the texts have a vector, as they get one.

    Returns:
        (n, 384) float32, each row of length 1.

    Raises:
        UserError: The model is not available, or the vectors cannot be stored.
    """
    store = cache / f"embeddings-{short(EMBEDDER_DIGEST)}.sqlite"
    keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
    known = _read(store, sorted(set(keys)))
    unknown = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    # Texts of one length fill a batch best; the shortest come first.
    left = sorted(unknown, key=lambda key: (len(unknown[key]), key))
    for start in range(0, len(left), _KEPT_AT_ONCE):
        part = left[start : start + _KEPT_AT_ONCE]
        fresh = dict(zip(part, _compute([unknown[key] for key in part], cache), strict=True))
        _write(store, fresh)
        known |= fresh
        if advance is not None:
            advance(len(texts) - (len(left) - start - len(part)))
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, SIZE), np.float32)


def nearest(pool: np.ndarray, texts: np.ndarray, many: int) -> np.ndarray:
    """Finds the nearest neighbours of each text.

    Args:
        pool: (n, 384) embeddings to search.
        texts: (m, 384) embeddings to find neighbours for.
        many: How many neighbours of each.

    Returns:
        (m, many) integers, the positions in pool, most similar first. Ties are in the pool's order.
    """
    return np.argsort(-(texts @ pool.T), axis=1, kind="stable")[:, :many]


@lru_cache(maxsize=1)
def _model(folder: Path) -> Any:
    """Keeps the model in memory (0.1 GB): loading it takes as long as hundreds of texts, and shots are looked up one by
    one.
    """
    from sentence_transformers import SentenceTransformer

    with quiet():
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def _compute(texts: list[str], cache: Path) -> np.ndarray:
    require("sentence_transformers")  # checked before the model is downloaded
    model = _model(ensure_embedder(cache))
    # JSON may contain lone surrogates, which a tokenizer cannot read.
    clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    vectors = model.encode(clean, batch_size=_TEXTS_IN_BATCH, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


def _read(store: Path, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
    if not keys or not store.is_file():
        return {}
    found: dict[bytes, np.ndarray] = {}
    with _open(store) as db:
        for start in range(0, len(keys), _IN_ONE_QUERY):
            part = keys[start : start + _IN_ONE_QUERY]
            marks = ",".join("?" * len(part))
            for key, raw in db.execute(f"SELECT text, vector FROM vectors WHERE text IN ({marks})", part):
                found[key] = np.frombuffer(raw, np.float32)
    return found


def _write(store: Path, vectors: Mapping[bytes, np.ndarray]) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    with _open(store) as db, db:
        rows = [(key, vector.astype(np.float32).tobytes()) for key, vector in vectors.items()]
        db.executemany("INSERT OR REPLACE INTO vectors (text, vector) VALUES (?, ?)", rows)


@contextmanager
def _open(store: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(store, timeout=_WAIT_SECONDS)) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB NOT NULL)")
            yield db
    except sqlite3.Error as error:
        raise UserError(
            f"the embeddings cannot be stored ({error})",
            str(store),
            "free some disk space, or delete the file: the embeddings are then computed again",
        ) from error
