"""Union-find over arrays of pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]


class Union:
    """Disjoint sets of the items 0 to count - 1. Which sets result does not depend on the order of the pairs.

    Attributes:
        root: Item → the smallest item of its set.
    """

    def __init__(self, count: int) -> None:
        self.root: Index = np.arange(count, dtype=np.int64)

    def join(self, one: Index, other: Index) -> None:
        """Joins the sets of the items of each pair.

        Args:
            one: The first items of the pairs.
            other: Their second items.
        """
        while True:
            a, b = self.root[one], self.root[other]
            apart = a != b
            if not apart.any():
                return
            one, other, a, b = one[apart], other[apart], a[apart], b[apart]
            # Of several pairs that hook the same root, the smallest wins; the others are joined in the next round.
            np.minimum.at(self.root, np.maximum(a, b), np.minimum(a, b))
            self._flatten()

    def _flatten(self) -> None:
        while True:
            further = self.root[self.root]
            if np.array_equal(further, self.root):
                return
            self.root = further
