"""The order in which components go to golden, dev and train, and which of them a split takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from goldgate.base.fingerprint import digest
from goldgate.data.components import members_of
from goldgate.data.row import Row
from goldgate.data.union import Index
from goldgate.task.examples import render_output

_PART = (1, 100)
"""The largest component that dev and golden take at first, as a share of the split. A component counts as one
observation, and the bounds of gates count one more at its worst, of the largest size.
"""
_LARGEST_PART = (1, 10)
"""The largest share that is tried where the small components are too few."""
_MOST_KINDS, _ROWS_OF_A_KIND = 24, 5  # of a JSON field that splits are stratified by
_ID_DIGITS = 16  # of 10^6 rows, two have the same with probability 3e-8


def id_of(row: Row) -> str:
    """Returns the id of the example that a row becomes: the first 16 hex digits of its input's digest."""
    return digest(row.input if isinstance(row.input, str) else list(row.input))[:_ID_DIGITS]


@dataclass(frozen=True)
class Parts:
    """The components of some rows.

    Attributes:
        root: Row → the first row of its component. The rows are in the order of their ids.
        order: The first rows of the components, in the order in which splits take them.
        declared: For each row, whether it stands for a component with a declared group.
    """

    root: Index
    order: Index
    declared: NDArray[np.bool_]

    @cached_property
    def sizes(self) -> Index:
        """Number of rows of the component that a row stands for; 0 if it stands for none."""
        return np.bincount(self.root, minlength=len(self.root))

    def take(self, rows: int, left: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Takes whole components for a split.

        Args:
            rows: The most rows to take.
            left: For each row, whether the component that it stands for is still to be had.

        Returns:
            For each row, whether the split takes the component that it stands for.
        """
        order = self.order[left[self.order]]
        sizes = self.sizes[order]
        order = order[(sizes <= self._limit(rows, sizes)) | self.declared[order]]
        taken, open_ = np.zeros(len(self.root), np.bool_), rows
        for first in order.tolist():
            size = int(self.sizes[first])
            if size <= open_:
                taken[first], open_ = True, open_ - size
            if not open_:
                break
        return taken

    def _limit(self, rows: int, sizes: Index) -> int:
        """The size up to which components are taken: the smallest for which they hold twice the rows that are asked
        for, so that the split is no collection of whatever has no near-duplicate.
        """
        limit = max(1, rows * _PART[0] // _PART[1])
        largest = max(1, rows * _LARGEST_PART[0] // _LARGEST_PART[1])
        while limit < largest and sizes[sizes <= limit].sum() < 2 * rows:
            limit = min(2 * limit, largest)
        return limit


def in_random_order(rows: Sequence[Row], ids: Sequence[str], root: Index, seed: int) -> Parts:
    """Orders components at random, so that every prefix has about the same mix of outputs and tags.

    Args:
        rows: The rows, in the order of their ids.
        ids: Their ids, which together with the seed decide alone.
        root: Row → the first row of its component.
        seed: The seed.

    Returns:
        The components in that order.
    """
    firsts = np.unique(root)
    random = _random(ids, firsts, seed)
    strata = _strata(rows, root)[firsts]
    ranked = np.lexsort((random, strata))
    sizes = np.bincount(strata)
    rank = np.arange(len(firsts)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # Sorting by the rank within the stratum, as a share, gives every prefix the strata in their overall proportions.
    share = (rank + random[ranked] / 2.0**64) / np.repeat(sizes, sizes)
    return Parts(root, firsts[ranked][np.argsort(share, kind="stable")], _declared(rows, root))


def newest_first(rows: Sequence[Row], ids: Sequence[str], root: Index, seed: int) -> Parts:
    """Orders components by time, the newest first. A component is as old as its oldest row; without a time, oldest.

    Args:
        rows: The rows, in the order of their ids.
        ids: Their ids.
        root: Row → the first row of its component.
        seed: Decides among components of the same time.

    Returns:
        The components in that order.
    """
    oldest: dict[int, str] = {}
    for row, first in zip(rows, root.tolist(), strict=True):
        oldest[first] = min(oldest.get(first, row.time or ""), row.time or "")
    firsts = np.unique(root)
    random = dict(zip(firsts.tolist(), _random(ids, firsts, seed).tolist(), strict=True))
    order = sorted(firsts.tolist(), key=lambda first: random[first])
    order.sort(key=lambda first: oldest[first], reverse=True)
    return Parts(root, np.array(order, np.int64), _declared(rows, root))


def _random(ids: Sequence[str], firsts: Index, seed: int) -> NDArray[np.uint64]:
    """A random number for each component, by the id of its first row."""
    salt = int(digest(["split", seed])[:_ID_DIGITS], 16)
    numbers = np.fromiter((int(ids[i], 16) ^ salt for i in firsts.tolist()), np.uint64, len(firsts))
    numbers = (numbers ^ (numbers >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    return numbers ^ (numbers >> np.uint64(32))


def _strata(rows: Sequence[Row], root: Index) -> Index:
    """For each first row of a component, the number of its stratum: the kind of output and the tags that most of its
    rows have.
    """
    kinds = _kinds(rows)
    strata = ["\n".join([kind, *sorted(row.tags)]) if row.tags else kind for row, kind in zip(rows, kinds, strict=True)]
    for members in members_of(root):
        counts = Counter(strata[i] for i in members)
        strata[members[0]] = min(counts, key=lambda stratum: (-counts[stratum], stratum))
    numbers = {stratum: number for number, stratum in enumerate(sorted(set(strata)))}
    return np.fromiter((numbers[stratum] for stratum in strata), np.int64, len(rows))


def _kinds(rows: Sequence[Row]) -> list[str]:
    """The kind of each row's output: the output itself, if outputs have at least two rows on average; else, of JSON
    objects, the value of that text field which has the most different values, up to 24, with five rows or more each.
    """
    outputs = [render_output(row.output) for row in rows]
    if len(set(outputs)) * 2 <= len(rows):
        return outputs
    if not all(isinstance(row.output, dict) for row in rows):
        return [""] * len(rows)
    best = [""] * len(rows)
    for field in sorted(set.intersection(*(set(row.output) for row in rows))):
        values = [row.output[field] for row in rows]
        if all(isinstance(value, str) for value in values):
            count = len(set(values))
            if count <= min(_MOST_KINDS, len(rows) // _ROWS_OF_A_KIND) and count > len(set(best)):
                best = values
    return best


def _declared(rows: Sequence[Row], root: Index) -> NDArray[np.bool_]:
    declared = np.zeros(len(rows), np.bool_)
    declared[root[[i for i, row in enumerate(rows) if row.group is not None]]] = True
    return declared
