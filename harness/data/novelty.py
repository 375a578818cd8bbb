"""How near each example of dev and golden is to the nearest of train, by embedding and by words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.mask import masked
from harness.errors import UserError
from harness.examples import Split
from harness.files import write_json
from harness.novelty import FILE, SPLITS, STRATA, read_novelty
from harness.project import Project
from harness.subjects.embedded import EMBEDDER_DIGEST

TWIN_COSINE = 0.95
TWIN_WORDS = 0.8
NEAR_COSINE = 0.7
"""Where the strata begin; docs/results.md has the distributions and accuracies behind them. 0.8 of the words is what
Lee et al. 2022 (arXiv 2107.06499) take for a near-duplicate.
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
    from harness.subjects.embedder import embed

    pool, mine = embed(train, cache), embed(texts, cache)
    overlaps = _overlaps(train, texts)
    rows = []
    for start in range(0, len(texts), _ROWS):
        alike = mine[start : start + _ROWS] @ pool.T
        for cosines, overlap in zip(alike, next(overlaps), strict=True):
            a, b = int(cosines.argmax()), int(overlap.argmax())
            cosine, words = round(float(cosines[a]), 4), round(float(overlap[b]), 4)
            rows.append({"cosine": cosine, "words": words, "by_cosine": a, "by_words": b if words else None,
                         "stratum": stratum_of(cosine, words)})
    return rows


def _overlaps(train: Sequence[str], texts: Sequence[str]) -> Iterator[np.ndarray]:
    """Jaccard indices, _ROWS texts at a time: (texts, train)."""
    from scipy.sparse import csr_matrix

    place: dict[tuple[str, ...], int] = {}
    found = [[place.setdefault(s, len(place)) for s in shingles(t)] for t in (*train, *texts)]
    ends = np.cumsum([0, *map(len, found)])
    flat = np.array([i for row in found for i in row], dtype=np.int64)
    table = csr_matrix((np.ones(len(flat), np.float32), flat, ends), shape=(len(found), max(1, len(place))))
    sizes = np.diff(ends).astype(np.float32)
    pool, many = table[: len(train)].T.tocsc(), sizes[: len(train)]
    for start in range(len(train), len(found), _ROWS):
        end = min(start + _ROWS, len(found))
        both = (table[start:end] @ pool).toarray()
        yield both / np.maximum(sizes[start:end, None] + many - both, 1.0)


def write_novelty(project: Project, task: str, splits: Mapping[str, Split]) -> None:
    """Writes golden/<task>/novelty.json from all three splits. Raises UserError where there is no embedding model."""
    train = splits["train"].examples
    record: dict[str, Any] = {
        "splits": {name: split.fingerprint for name, split in splits.items()},
        "embedder": EMBEDDER_DIGEST,
        "thresholds": {"twin": {"cosine": TWIN_COSINE, "words": TWIN_WORDS}, "near": {"cosine": NEAR_COSINE}},
    }
    for name in SPLITS:
        rows = nearest_in_train([e.text for e in train], [e.text for e in splits[name]], project.cache)
        for row in rows:
            row.update({by: train[row[by]].id for by in ("by_cosine", "by_words") if row[by] is not None})
        record[name] = dict(zip(splits[name].by_id, rows, strict=True))
    write_json(project.golden(task) / FILE, record)


def refresh_novelty(project: Project, task: str, splits: Mapping[str, Split]) -> str:
    """Writes novelty.json where it is missing or stale, and says in one line how new golden is, or why that is not
    known: the embedding model may be out of reach, and nothing else depends on it.
    """
    folder = project.golden(task)
    try:
        try:
            novelty = read_novelty(folder)
        except UserError:
            write_novelty(project, task, splits)
            novelty = read_novelty(folder)
    except UserError as error:
        return f"how new golden is, is not known: {error.what}"
    counts = Counter(novelty.strata["golden"].values())
    return "golden against train: " + ", ".join(f"{counts[s]} {s.partition(':')[2]}" for s in STRATA)
