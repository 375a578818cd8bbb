"""Near-duplicates among many texts: MinHash of character 5-grams finds candidates, the exact Jaccard index decides.

Every hash is stated here and computed in 64-bit integers that wrap around, so that all machines and all versions of
Python and numpy find the same pairs. docs/explanation/splits.md says what is found and what is missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from goldgate.data.gram_hashes import AT_ONCE, GRAM, ROLL, Words, chunks, hashed, mixed
from goldgate.data.grams import LEAST, SHORT
from goldgate.data.steps import Advance, ignore
from goldgate.data.union import Index, Union

HASHES, BANDS = 64, 16
"""16 bands of 4 hashes: a pair with a Jaccard index of 0.7 shares a band with probability 1 - (1 - 0.7^4)^16 = 0.99."""
_LIKELY = 34
"""Equal hashes of 64 below which a pair is not compared exactly: a pair with a Jaccard index of 0.7 has fewer with
probability 0.002 (binomial).
"""
_SMALL = 8
"""Up to this many texts in a bucket, all are compared. In a larger bucket, each is compared with the first text and
with the one before it in the order of the alphabet, so that the time stays proportional to the number of texts.
"""
_PAIRS_AT_ONCE = 1 << 14
_PAIR_BITS = 48  # of a 5-gram's hash that tell the 5-grams of one pair apart
_U64 = np.uint64

Signatures = NDArray[np.uint32]


def _multipliers() -> NDArray[np.uint32]:
    """One odd multiplier for each hash: x → a * x modulo 2^32 permutes the 32-bit numbers."""
    return (mixed(np.arange(1, HASHES + 1, dtype=np.uint64) * ROLL) >> _U64(32)).astype(np.uint32) | np.uint32(1)


def join_near(texts: Sequence[str], union: Union, items: Index, advance: Advance = ignore) -> None:
    """Joins the items of near-duplicates: texts of at least 20 characters whose 5-grams have a Jaccard index of 0.7.

    Args:
        texts: Different texts, sorted; those under 20 characters have no near-duplicates.
        union: What is joined.
        items: The item that each text stands for.
        advance: Is told how many texts are done: half of the work is to hash them, half to compare them.
    """
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    long = np.flatnonzero(sizes >= SHORT)
    if len(long) < 2:
        return
    texts, items = [texts[i] for i in long.tolist()], items[long]
    signatures = _signatures(texts, sizes[long], advance)
    for band in range(BANDS):
        advance(len(texts) * (BANDS + band) // (2 * BANDS))
        for one, other in _candidates(_band(signatures, band)):
            apart = union.root[items[one]] != union.root[items[other]]
            one, other = one[apart], other[apart]
            likely = _equal(signatures, one, other) >= _LIKELY  # they may be near
            one, other = one[likely], other[likely]
            near = are_near(texts, one, other)
            union.join(items[one[near]], items[other[near]])


def near_misses(texts: Sequence[str], most: int) -> list[int]:
    """Finds texts that have much in common with another one and are no near-duplicates of it.

    Args:
        texts: Different texts, sorted.
        most: How many are wanted.

    Returns:
        The positions of those that have most in common with another text, at most `most`, in ascending order.
    """
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    long = np.flatnonzero(sizes >= SHORT)
    if len(long) < 2:
        return []
    texts = [texts[i] for i in long.tolist()]
    signatures = _signatures(texts, sizes[long], ignore)
    best = np.zeros(len(long), np.uint8)
    for band in range(BANDS):
        for one, other in _candidates(_band(signatures, band)):
            equal = _equal(signatures, one, other)
            likely = np.flatnonzero(equal >= _LIKELY)
            equal[likely[are_near(texts, one[likely], other[likely])]] = 0
            np.maximum.at(best, one, equal)
            np.maximum.at(best, other, equal)
    order = np.argsort(best, kind="stable")[::-1][:most]
    return sorted(long[order[best[order] > 0]].tolist())


def _signatures(texts: Sequence[str], sizes: Index, advance: Advance) -> Signatures:
    """The smallest value of each of the 64 hashes over the 5-grams of each text; shape (texts, 64)."""
    found = np.empty((len(texts), HASHES), np.uint32)
    multipliers = _multipliers()
    for part in chunks(sizes, AT_ONCE):
        advance(part.start // 2)
        hashes, bounds = hashed(texts[part], sizes[part])
        short = (hashes >> _U64(32)).astype(np.uint32)
        values = np.empty_like(short)
        for k in range(HASHES):
            np.multiply(short, multipliers[k], out=values)
            # The last bound is the end of the array, which reduceat reaches without being told.
            found[part, k] = np.minimum.reduceat(values, bounds[:-1])[::2]
    return found


def _band(signatures: Signatures, band: int) -> Words:
    """One number for the hashes of a band: texts that share it share the band."""
    wide = HASHES // BANDS
    key = np.zeros(len(signatures), np.uint64)
    for k in range(band * wide, (band + 1) * wide):
        key = mixed((key + signatures[:, k]) * ROLL)
    return key


def _candidates(keys: Words) -> Iterator[tuple[Index, Index]]:
    """Yields pairs of texts in the same bucket, as arrays of their positions."""
    order = np.argsort(keys, kind="stable").astype(np.int64)  # within a bucket in the order of the texts
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(keys)])
    kept = np.repeat(sizes > 1, sizes)
    order, first, size = order[kept], np.repeat(starts, sizes)[kept], np.repeat(sizes, sizes)[kept]
    place = np.flatnonzero(kept) - first
    for back in range(1, _SMALL):
        at = np.flatnonzero((place >= back) & ((size <= _SMALL) | (back == 1)))
        if len(at):
            yield order[at - back], order[at]
    at = np.flatnonzero((size > _SMALL) & (place > 1))
    if len(at):
        yield order[at - place[at]], order[at]


def _equal(signatures: Signatures, one: Index, other: Index) -> NDArray[np.uint8]:
    """How many of the 64 hashes each pair has in common."""
    equal = np.empty(len(one), np.uint8)
    for start in range(0, len(one), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        equal[part] = (signatures[one[part]] == signatures[other[part]]).sum(axis=1)
    return equal


def are_near(texts: Sequence[str], one: Index, other: Index) -> NDArray[np.bool_]:
    """Decides which pairs of texts are near.

    Args:
        texts: Texts of at least 5 characters.
        one: Positions of the first texts of the pairs.
        other: Positions of the second texts.

    Returns:
        For each pair, whether the Jaccard index of the sets of 5-grams is at least 0.7. 5-grams are compared by 48 bits
        of their hashes.
    """
    holds = np.zeros(len(one), np.bool_)
    sizes = np.array([len(texts[a]) + len(texts[b]) for a, b in zip(one.tolist(), other.tolist(), strict=True)])
    for pairs in chunks(sizes.astype(np.int64), AT_ONCE):
        holds[pairs] = _compared(texts, one[pairs], other[pairs])
    return holds


def _compared(texts: Sequence[str], one: Index, other: Index) -> NDArray[np.bool_]:
    which, inverse = np.unique(np.concatenate([one, other]), return_inverse=True)
    chosen = [texts[i] for i in which.tolist()]
    grams, counts = _distinct(chosen)
    starts = np.cumsum(counts) - counts
    left, right = inverse[: len(one)], inverse[len(one) :]
    keyed = np.concatenate([_keyed(grams, starts[side], counts[side]) for side in (left, right)])
    keyed.sort(kind="stable")  # a merge of two sorted runs
    shared = keyed[1:][keyed[1:] == keyed[:-1]] >> _U64(_PAIR_BITS)
    common = np.bincount(shared.astype(np.int64), minlength=len(one))
    union = counts[left] + counts[right] - common
    holds: NDArray[np.bool_] = common * LEAST[1] >= union * LEAST[0]
    return holds


def _keyed(grams: Words, starts: Index, counts: Index) -> Words:
    """The 5-grams of one text of each pair, with the number of the pair before them, in ascending order."""
    at = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    pair = np.repeat(np.arange(len(counts)), counts).astype(np.uint64)
    keyed: Words = (pair << _U64(_PAIR_BITS)) | grams[at]
    return keyed


def _distinct(texts: Sequence[str]) -> tuple[Words, Index]:
    """The different 5-grams of each text, one text after the other, by 48 bits; and how many each text has."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    hashes, bounds = hashed(texts, sizes)
    many = sizes - GRAM + 1
    text = np.repeat(np.arange(len(texts)), many)
    at = np.repeat(bounds[::2] - (np.cumsum(many) - many), many) + np.arange(many.sum())
    keyed = (text.astype(np.uint64) << _U64(_PAIR_BITS)) | (hashes[at] >> _U64(64 - _PAIR_BITS))
    keyed.sort()
    keyed = keyed[np.r_[True, keyed[1:] != keyed[:-1]]]
    counts = np.bincount((keyed >> _U64(_PAIR_BITS)).astype(np.int64), minlength=len(texts))
    return keyed & _U64((1 << _PAIR_BITS) - 1), counts
