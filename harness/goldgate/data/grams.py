"""Near-duplicates by the Jaccard index of their character 5-grams: the rule, and an exact search for few texts.

`goldgate.data.minhash` finds nearly all pairs among many texts; the index here finds all that a few texts, such as
golden, have with others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goldgate.data.gram_hashes import AT_ONCE, GRAM, chunks, hashed

LEAST = (7, 10)
"""The least Jaccard index as a fraction, so that no rounding decides. With 5-grams, one typo in a text of 33 characters
still leaves 0.7.
"""
SHORT = 20  # characters; a shorter text must be the same, because one word of it may be all that it says
_SURPLUS = 16
"""One more 5-gram of a text is indexed, and has to be shared, for every 16 that it has. A name that two texts have in
common then makes them no candidates.
"""
_LEVELS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Numbers of shared 5-grams, rounded down, in the table that rules most texts out before their 5-grams are cut."""
_SPARE_BITS = 8  # one in 2^8 or fewer 5-grams that are not indexed hits the table by chance
_MOST_BITS = 24  # 16 MB, which hold the 5-grams of thousands of texts


def grams_of(text: str) -> frozenset[str]:
    """Returns the 5-grams of a text; the whole text if it is shorter."""
    return frozenset([text[i : i + GRAM] for i in range(max(1, len(text) - GRAM + 1))])


def near(a: str, b: str, of_a: frozenset[str], of_b: frozenset[str]) -> float | None:
    """Compares two texts.

    Args:
        a: A text.
        b: Another text.
        of_a: The 5-grams of `a`.
        of_b: The 5-grams of `b`.

    Returns:
        The Jaccard index of their 5-grams if it is at least 0.7, else None. Of texts under 20 characters, only the same
        are near.
    """
    if min(len(a), len(b)) < SHORT:
        return 1.0 if a == b else None
    few, many = sorted((len(of_a), len(of_b)))
    if few * LEAST[1] < many * LEAST[0]:
        return None
    shared = len(of_a & of_b)
    union = few + many - shared
    return shared / union if shared * LEAST[1] >= union * LEAST[0] else None


@dataclass(frozen=True)
class GramIndex:
    """An index of texts for a search of near-duplicates.

    Of a text with n 5-grams, r = 0.7 n (rounded up) occur in every near-duplicate. Of any n - r + k of them, k do then:
    the rarest are indexed.

    Attributes:
        needed: The k of each text.
        places: 5-gram → positions of the texts for which it is indexed.

    Source:
        Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for similarity joins in data cleaning" (k = 1); Wang,
        Li and Feng 2012, "Can we beat the prefix filtering?" (k > 1).
    """

    needed: Sequence[int]
    places: dict[str, list[int]]

    @classmethod
    def of(cls, texts: Sequence[frozenset[str]]) -> GramIndex:
        """Indexes texts by their 5-grams."""
        spread = Counter(gram for grams in texts for gram in grams)
        places: dict[str, list[int]] = defaultdict(list)
        needed = [len(grams) // _SURPLUS + 1 for grams in texts]
        for i, grams in enumerate(texts):
            shared = -(-len(grams) * LEAST[0] // LEAST[1])  # rounded up
            for gram in sorted(grams, key=lambda g: (spread[g], g))[: len(grams) - shared + needed[i]]:
                places[gram].append(i)
        return cls(needed, dict(places))

    def candidates(self, grams: frozenset[str]) -> list[int]:
        """Returns the positions of all texts that may be nearly the same as a text, or stand whole in it."""
        hits = Counter(i for gram in grams & self.places.keys() for i in self.places[gram])
        return sorted(i for i, count in hits.items() if count >= self.needed[i])

    def may_have_candidates(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Rules texts out quickly.

        Args:
            texts: Any texts.

        Returns:
            For each text, whether it may have candidates; if not, it has none.
        """
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        may = sizes < GRAM
        long = np.flatnonzero(~may)
        table = self._table()
        levels = sorted({_level(k) for k in self.needed})
        for part in chunks(sizes[long], AT_ONCE):
            hashes, bounds = hashed([texts[i] for i in long[part].tolist()], sizes[long[part]])
            found = table[_cell(hashes, len(table))]
            for level in levels:
                hits = np.add.reduceat((found > 0) & (found <= level), bounds[:-1], dtype=np.int64)[::2]
                may[long[part]] |= hits >= level
        return may

    def _table(self) -> NDArray[np.uint8]:
        """Hash → the fewest shared 5-grams (rounded down to a level) of the texts that are indexed for a 5-gram with
        that hash; 0 if there is none.
        """
        fewest = {gram: min(self.needed[i] for i in found) for gram, found in self.places.items() if len(gram) == GRAM}
        table = np.zeros(1 << min(_MOST_BITS, len(fewest).bit_length() + _SPARE_BITS), np.uint8)
        if fewest:
            hashes, bounds = hashed(list(fewest), np.full(len(fewest), GRAM, np.int64))
            at = _cell(hashes[bounds[::2]], len(table))
            rounded = np.array([_level(k) for k in fewest.values()], np.uint8)
            order = np.argsort(-rounded.astype(np.int64), kind="stable")  # of equal hashes, the lowest level is kept
            table[at[order]] = rounded[order]
        return table


def _level(needed: int) -> int:
    return max(level for level in _LEVELS if level <= needed)


def _cell(hashes: NDArray[np.uint64], cells: int) -> NDArray[np.int64]:
    return (hashes >> np.uint64(65 - cells.bit_length())).astype(np.int64)
