"""How near each example of dev and golden is to the nearest of train, by embedding and by words."""

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
from goldgate.task.strata import FILE, SPLITS, STRATA, read_novelty

TWIN_COSINE = 0.95
TWIN_WORDS = 0.8
NEAR_COSINE = 0.7
"""Where the strata begin; docs/results.md has the distributions and accuracies behind them. A Jaccard index of 0.8 is
the usual mark of a near-duplicate (NeMo Curator's default).
"""
_WORD = re.compile(r"\w+")
_ROWS = 64  # compared with all of train at once: 64 x 100,000 numbers are 26 MB


def shingles(text: str) -> set[tuple[str, ...]]:
    """A text's pairs of neighbouring words, once numbers are masked; its word where it has but one.

    Languages written without blanks have one word a sentence: there only the embedding tells.
    """
    words = _WORD.findall(masked(text))
    return set(pairwise(words)) if len(words) > 1 else {(w,) for w in words}


def stratum_of(cosine: float, words: float) -> str:
    """far, near or twin, from the cosine and the Jaccard index to the nearest train example."""
    if cosine >= TWIN_COSINE or words >= TWIN_WORDS:
        return "twin"
    return "near" if cosine >= NEAR_COSINE else "far"


def nearest_in_train(train: Sequence[str], texts: Sequence[str], cache: Path) -> list[dict[str, Any]]:
    """For each text: `cosine`, the largest of its embedding with a train text's (-1 to 1); `words`, the largest Jaccard
    index of its word pairs with a train text's (0 to 1; Broder 1997, "On the resemblance and containment of
    documents"); `by_cosine` and `by_words`, the positions of those train texts (the first of several; None where no
    words are shared); and `stratum`.

    Embeddings are of the first 256 word pieces. Raises UserError where the embedding model cannot be had.
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
    """Jaccard indices, _ROWS texts at a time: (texts, train)."""
    place: dict[tuple[str, ...], int] = {}
    mine = [[place.setdefault(s, len(place)) for s in shingles(t)] for t in texts]
    theirs, many = [], []
    for text in train:  # of train's pairs only those are kept that can be shared: there may be millions
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
    """A sparse matrix with a 1 at each of these columns, row by row."""
    from scipy.sparse import csr_matrix

    flat = np.fromiter((i for row in rows for i in row), np.int64)
    ends = np.cumsum([0, *map(len, rows)])
    return csr_matrix((np.ones(len(flat), np.float32), flat, ends), shape=(len(rows), max(1, columns)))


def write_novelty(project: Project, task: str, splits: Mapping[str, Split]) -> None:
    """Writes golden/<task>/novelty.json from all three splits. Raises UserError where there is no embedding model."""
    train, asked = splits["train"].examples, [e for name in SPLITS for e in splits[name]]
    rows = nearest_in_train([e.text for e in train], [e.text for e in asked], project.cache)
    for row in rows:
        row.update({by: train[row[by]].id for by in ("by_cosine", "by_words") if row[by] is not None})
    head = {
        "splits": {name: split.fingerprint for name, split in splits.items()},
        "embedder": EMBEDDER_DIGEST,
        "thresholds": {"twin": {"cosine": TWIN_COSINE, "words": TWIN_WORDS}, "near": {"cosine": NEAR_COSINE}},
    }
    lines = [f" {_json(key)}: {_json(value)}" for key, value in head.items()]
    told = iter(zip(asked, rows, strict=True))
    for name in SPLITS:  # one example a line: a changed one is one line of a diff
        part = ",\n".join(f"  {_json(e.id)}: {_json(row)}" for e, row in islice(told, len(splits[name])))
        lines.append(f" {_json(name)}: {{\n{part}\n }}")
    write_whole(project.golden(task) / FILE, "{\n" + ",\n".join(lines) + "\n}\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def refresh_novelty(project: Project, task: str, splits: Mapping[str, Split], anew: bool = False) -> str:
    """Writes novelty.json where it is missing or stale, or anew in any case, and says in one line how near golden is to
    train, or why that was not computed: the embedding model may be out of reach, and little else depends on it.
    """
    folder = project.golden(task)
    try:
        if anew or not _is_fresh(folder):
            write_novelty(project, task, splits)
        counts = Counter(read_novelty(folder).strata["golden"].values())
    except UserError as error:
        return f"golden against train: not computed ({error.what})"
    return "golden against train: " + ", ".join(f"{counts[s]} {s.removeprefix(COMPUTED)}" for s in STRATA)


def _is_fresh(folder: Path) -> bool:
    try:
        read_novelty(folder)
    except UserError:
        return False
    return True
