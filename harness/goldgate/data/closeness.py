"""Inputs that say nearly the same in other words: pairs with close embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import nsmallest

import numpy as np

from goldgate.base.fingerprint import digest
from goldgate.data.account import Account
from goldgate.data.components import CosinePair, near_form
from goldgate.data.minhash import near_misses
from goldgate.task.strata import TWIN_COSINE

FindPairs = Callable[[Sequence[str], Sequence[Sequence[str]], Account], Sequence[CosinePair]]
"""Inputs, and those of the splits that they are compared with in any case, to the pairs that embeddings find alike."""
MOST = 100_000
"""Most inputs that are all embedded: about six minutes of two cores."""
SAMPLE = 20_000
"""How many are, by content, where there are more; and as many that have most words in common with another one."""
_CROWD = 64
"""Most pairs of an input with those after it: in a crowd of templated rows the most similar ones join them all."""
_BLOCK = 512  # inputs that are compared with all at once: 512 x 100,000 numbers take 0.2 GB


def sample(texts: Sequence[str], always: Sequence[str] = ()) -> list[str]:
    """Chooses what is embedded.

    Args:
        texts: Inputs.
        always: Those that are chosen in any case, such as golden's.

    Returns:
        The different inputs, sorted; of more than MOST, `always`, the SAMPLE others with the lowest digests, and as
        many that have most words in common with another one.
    """
    first = set(always)
    rest = set(texts) - first
    if len(first) + len(rest) > MOST:
        rest = {*nsmallest(SAMPLE, rest, key=digest), *_alike(rest)}
    return sorted(first | rest)


def _alike(texts: Iterable[str]) -> list[str]:
    """Those that are most likely to say the same as another one, by their words, without nearly repeating it."""
    forms: dict[str, str] = {}
    for text in sorted(texts):
        forms.setdefault(near_form(text), text)
    ordered = sorted(forms)
    return [forms[ordered[i]] for i in near_misses(ordered, SAMPLE)]


def closest_pairs(texts: Sequence[str], vectors: np.ndarray, of: Sequence[int]) -> list[CosinePair]:
    """Finds for each input the closest of some inputs, if it is close: no crowd may hide that a row is near golden.

    Args:
        texts: n different inputs.
        vectors: (n, size) embeddings of length 1.
        of: Positions of the inputs that the others are compared with.

    Returns:
        (one, other, cosine), at most one pair for each input.
    """
    found, others = [], np.array(of, np.int64)
    for start in range(0, len(texts) if len(others) else 0, _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors[others].T
        cosines[others[None, :] == np.arange(start, start + len(cosines))[:, None]] = -1.0  # an input with itself
        best = cosines.argmax(axis=1)
        for i in np.flatnonzero(cosines.max(axis=1) >= TWIN_COSINE).tolist():
            found.append((texts[start + i], texts[int(others[best[i]])], float(cosines[i, best[i]])))
    return found


def close_pairs(texts: Sequence[str], vectors: np.ndarray, least: float = TWIN_COSINE) -> list[CosinePair]:
    """Finds the pairs of inputs whose embeddings are close.

    Args:
        texts: n different inputs.
        vectors: (n, size) embeddings of length 1.
        least: The lowest cosine of a pair, in [-1, 1].

    Returns:
        (one, other, cosine) of each pair once. Of an input with more than 64 inputs after it that are close, the 64
        closest.
    """
    found = []
    for start in range(0, len(texts), _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors[start:].T
        close = np.triu(cosines >= least, 1)
        for i in np.flatnonzero(close.any(axis=1)).tolist():
            others = np.flatnonzero(close[i])
            if len(others) > _CROWD:
                others = np.sort(others[np.argsort(-cosines[i, others], kind="stable")[:_CROWD]])
            found += [(texts[start + i], texts[start + j], float(cosines[i, j])) for j in others.tolist()]
    return found
