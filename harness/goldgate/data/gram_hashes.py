"""Hashes of the character 5-grams of many texts at once, the same on every machine and in every version.

They are computed in 64-bit integers that wrap around: a polynomial in the five code points, then a finaliser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from goldgate.data.union import Index

GRAM = 5  # characters
AT_ONCE = 1 << 18  # characters that are hashed at a time, so that the arrays stay in the processor's cache
_U64 = np.uint64
ROLL, _MIX = _U64(0x9E3779B97F4A7C15), _U64(0xBF58476D1CE4E5B9)  # odd numbers with bits in no pattern

Words = NDArray[np.uint64]


def mixed(values: Words) -> Words:
    """Spreads 64-bit values over 64 bits (the first half of splitmix64's finaliser)."""
    values = (values ^ (values >> _U64(30))) * _MIX
    return values ^ (values >> _U64(31))


def chunks(sizes: Index, most: int) -> Iterator[slice]:
    """Cuts texts into runs of about `most` characters; a longer text is a run of its own."""
    start, ends = 0, np.cumsum(sizes)
    while start < len(sizes):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + most, "right")))
        yield slice(start, stop)
        start = stop


def hashed(texts: Sequence[str], sizes: Index) -> tuple[Words, Index]:
    """The hashes of the 5-grams at all places of the joined texts, and the bounds of each text's own among them.

    Bounds 2i and 2i + 1 are the first 5-gram of text i and the first that runs into the text after it.
    """
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    many = len(codes) - GRAM + 1
    hashes = codes[:many].copy()
    for k in range(1, GRAM):
        hashes *= ROLL
        hashes += codes[k : k + many]
    ends = np.cumsum(sizes)
    bounds = np.stack([ends - sizes, ends - GRAM + 1], axis=1).ravel()
    return mixed(hashes), bounds
