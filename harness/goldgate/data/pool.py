"""The rows that splits are taken from, in an order of their own, and the examples that they become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from goldgate.data.allocation import Parts, id_of, in_random_order, newest_first
from goldgate.data.components import CosinePair, find_components, members_of
from goldgate.data.row import Place, Row
from goldgate.data.steps import Advance, ignore
from goldgate.data.union import Index
from goldgate.task.examples import Example

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Pool:
    """Rows without repeats, in the order of their ids, so that the order in which they were read decides nothing.

    Attributes:
        rows: The rows.
        contents: What their contents are called, which orders them.
        ids: The ids of their examples: those of their file that no other row has, else as their contents.
        parts: Their components.
    """

    rows: list[Row]
    contents: list[str]
    ids: list[str]
    parts: Parts

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        seed: int,
        by_time: bool = False,
        pairs: Sequence[CosinePair] = (),
        advance: Advance = ignore,
    ) -> Pool:
        """Sorts rows and finds their components.

        Args:
            rows: The rows.
            seed: Seed of the order in which splits take them.
            by_time: Whether splits take the newest first.
            pairs: Pairs of inputs that embeddings find alike.
            advance: Is told how many rows are done.

        Returns:
            The pool.
        """
        unsorted = [id_of(row) for row in rows]
        order = sorted(range(len(rows)), key=unsorted.__getitem__)
        chosen, contents = [rows[i] for i in order], [unsorted[i] for i in order]
        counts = Counter([*contents, *(row.id for row in rows)])
        ids = [
            content if row.id is None or counts[row.id] > 1 else row.id
            for row, content in zip(chosen, contents, strict=True)
        ]
        root = find_components(chosen, pairs, advance)
        parts = (newest_first if by_time else in_random_order)(chosen, contents, root, seed)
        return cls(chosen, contents, ids, parts)

    @property
    def all(self) -> Mask:
        """Every component, by its first row."""
        return self.parts.sizes > 0

    @cached_property
    def places(self) -> dict[str, Place]:
        """Example id → where its row stands."""
        return {id_: row.place for id_, row in zip(self.ids, self.rows, strict=True)}

    def taken(self, components: Mask) -> Index:
        """Returns the rows of components, in the order in which splits take them."""
        place = np.empty(len(self.rows), np.int64)
        place[self.parts.order] = np.arange(len(self.parts.order))
        rows = np.flatnonzero(components[self.parts.root])
        ordered: Index = rows[np.argsort(place[self.parts.root[rows]], kind="stable")]
        return ordered

    def examples(self, rows: Index) -> tuple[Example, ...]:
        """Makes the examples of rows; those of one component share a group."""
        return tuple(self._example(i) for i in rows.tolist())

    @cached_property
    def _groups(self) -> dict[int, str]:
        """The first row of a component with several rows → the group of its examples: the declared one if there is
        only that, else a name that follows from their contents.
        """
        found = {}
        for members in members_of(self.parts.root):
            declared = {self.rows[i].group for i in members}
            (one,) = declared if len(declared) == 1 else (None,)
            found[members[0]] = f"near-{self.contents[members[0]]}" if one is None else one
        return found

    def _example(self, i: int) -> Example:
        row = self.rows[i]
        group = self._groups.get(int(self.parts.root[i]), row.group)
        told = {"time": row.time} if row.time else {}
        meta = {**row.more, **row.meta, **told, "from": str(row.place)}
        return Example(self.ids[i], row.input, row.output, row.accept, row.tags, group, meta)
