"""The similarity of each example of dev and golden to the closest train example, by embedding and by words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.files import write_whole
from goldgate.data.mask import masked
from goldgate.models.embedded import EMBEDDER_DIGEST
from goldgate.task.examples import COMPUTED, Split
from goldgate.task.project import Project
from goldgate.task.strata import FILE, SPLITS, STRATA, TWIN_COSINE, read_novelty

TWIN_WORDS = 0.8
NEAR_COSINE = 0.7
"""Lower ends of the strata. docs/results.md has the distributions and accuracies behind them. A Jaccard index of 0.8 is
a common threshold for near-duplicates (NeMo Curator's default).
"""
_WORD = re.compile(r"\w+")
_TOLD = 5  # paraphrases that a summary names
_ROWS = 64  # texts compared with all of train at once: 64 x 100,000 numbers take 26 MB


def shingles(text: str) -> set[tuple[str, ...]]:
    """Splits a text into pairs of neighbouring words, after masking numbers.

    In languages written without spaces a whole sentence is one word, so only the embedding is informative.

    Args:
        text: The text.

    Returns:
        The word pairs, or the only word.
    """
    words = _WORD.findall(masked(text))
    return set(pairwise(words)) if len(words) > 1 else {(w,) for w in words}


def stratum_of(cosine: float, words: float) -> str:
    """Assigns a novelty stratum.

    Args:
        cosine: Cosine similarity to the closest train example, in [-1, 1].
        words: Jaccard index of word pairs with the closest train example, in [0, 1].

    Returns:
        "far", "near" or "twin".
    """
    if cosine >= TWIN_COSINE or words >= TWIN_WORDS:
        return "twin"
    return "near" if cosine >= NEAR_COSINE else "far"


def nearest_in_train(train: Sequence[str], texts: Sequence[str], cache: Path) -> list[dict[str, Any]]:
    """Finds the closest train text of each text. Embeddings cover the first 256 word pieces.

    Args:
        train: The train texts.
        texts: The texts to compare with them.
        cache: Folder of the user's cache.

    Returns:
        One row per text: `cosine`, the largest cosine similarity of its embedding with a train text's (-1 to 1);
        `words`, the largest Jaccard index of its word pairs with a train text's (0 to 1); `by_cosine` and `by_words`,
        the positions of these train texts (the first of several; None if no words are shared); and `stratum`.

    Raises:
        UserError: The embedding model or a package is not available.

    Source:
        Broder 1997, "On the resemblance and containment of documents".
    """
    from goldgate.models.embedder import embed

    require("scipy")
    pool, mine = embed(train, cache), embed(texts, cache)
    overlaps = _overlaps(train, texts)
    rows = []
    for start in range(0, len(texts), _ROWS):
        alike = mine[start : start + _ROWS] @ pool.T
        for cosines, overlap in zip(alike, next(overlaps), strict=True):
            a, b = int(cosines.argmax()), int(overlap.argmax())
            cosine, words = round(float(cosines[a]), 4), round(float(overlap[b]), 4)
            rows.append(
                {
                    "cosine": cosine,
                    "words": words,
                    "by_cosine": a,
                    "by_words": b if words else None,
                    "stratum": stratum_of(cosine, words),
                }
            )
    return rows


def _overlaps(train: Sequence[str], texts: Sequence[str]) -> Iterator[np.ndarray]:
    """Yields (texts, train) Jaccard indices for _ROWS texts at a time."""
    place: dict[tuple[str, ...], int] = {}
    mine = [[place.setdefault(s, len(place)) for s in shingles(t)] for t in texts]
    theirs, many = [], []
    for text in train:  # keep only the pairs that `texts` has too: train may have millions
        found = shingles(text)
        many.append(len(found))
        theirs.append([place[s] for s in found if s in place])
    rows, pool = _table(mine, len(place)), _table(theirs, len(place)).T.tocsc()
    sizes = np.array(many, np.float32)
    for start in range(0, len(texts), _ROWS):
        part = mine[start : start + _ROWS]
        shared = (rows[start : start + _ROWS] @ pool).toarray()
        yield shared / np.maximum(np.array([[len(row)] for row in part], np.float32) + sizes - shared, 1.0)


def _table(rows: Sequence[Sequence[int]], columns: int) -> Any:
    """A sparse matrix with a 1 in the given columns of each row."""
    from scipy.sparse import csr_matrix

    flat = np.fromiter((i for row in rows for i in row), np.int64)
    ends = np.cumsum([0, *map(len, rows)])
    return csr_matrix((np.ones(len(flat), np.float32), flat, ends), shape=(len(rows), max(1, columns)))


def write_novelty(project: Project, task: str, splits: Mapping[str, Split]) -> None:
    """Computes and writes golden/<task>/novelty.json, which says that golden was compared with the other splits.

    Args:
        project: The project.
        task: Name of the task.
        splits: All three splits by name, checked for leaks.

    Raises:
        UserError: The embedding model or a package is not available.
    """
    train, asked = splits["train"].examples, [e for name in SPLITS for e in splits[name]]
    rows = nearest_in_train([e.text for e in train], [e.text for e in asked], project.cache)
    for row in rows:
        row.update({by: train[row[by]].id for by in ("by_cosine", "by_words") if row[by] is not None})
    head = {
        "splits": {name: split.fingerprint for name, split in splits.items()},
        "embedder": EMBEDDER_DIGEST,
        "compared": True,
        "thresholds": {"twin": {"cosine": TWIN_COSINE, "words": TWIN_WORDS}, "near": {"cosine": NEAR_COSINE}},
    }
    lines = [f" {_json(key)}: {_json(value)}" for key, value in head.items()]
    told = iter(zip(asked, rows, strict=True))
    for name in SPLITS:  # one example per line keeps diffs small
        part = ",\n".join(f"  {_json(e.id)}: {_json(row)}" for e, row in islice(told, len(splits[name])))
        lines.append(f" {_json(name)}: {{\n{part}\n }}")
    write_whole(project.golden(task) / FILE, "{\n" + ",\n".join(lines) + "\n}\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def refresh_novelty(project: Project, task: str, splits: Mapping[str, Split], anew: bool = False) -> str:
    """Writes novelty.json if it is missing or out of date, and summarises it.

    A missing embedding model is not an error, because little else depends on it.

    Args:
        project: The project.
        task: Name of the task.
        splits: All three splits by name, checked for leaks.
        anew: Whether to write it in any case.

    Returns:
        One line that says how similar golden is to train and which examples paraphrase train, or why this was not
        computed.
    """
    folder = project.golden(task)
    try:
        if anew or not _is_fresh(folder):
            write_novelty(project, task, splits)
        counts = Counter((novelty := read_novelty(folder)).strata["golden"].values())
        pairs = [f"{golden} ~ {twin} ({cosine:.2f})" for golden, (twin, cosine) in novelty.paraphrases.items()]
    except UserError as error:
        return f"golden against train: not computed ({error.what})"
    told = ", ".join(f"{counts[s]} {s.removeprefix(COMPUTED)}" for s in STRATA)
    more = f" and {len(pairs) - _TOLD} more" if len(pairs) > _TOLD else ""
    return f"golden against train: {told}" + (f"; paraphrases: {', '.join(pairs[:_TOLD])}{more}" if pairs else "")


def _is_fresh(folder: Path) -> bool:
    try:
        read_novelty(folder)
    except UserError:
        return False
    return True
