"""Splitting rows into train, dev and golden without duplicates or overlap, and with every label in each split."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.data.mask import masked
from goldgate.data.readers import Pair
from goldgate.data.twins import find_twins
from goldgate.task.examples import Example, Split, render_output

FEWEST = 30  # examples of a split; with fewer, intervals are too wide to show anything


@dataclass(frozen=True)
class Sizes:
    """The largest sizes of the splits.

    Attributes:
        train: Most examples of train; None for no limit.
        dev: Most examples of dev.
        golden: Most examples of golden.
    """

    train: int | None
    dev: int
    golden: int


@dataclass(frozen=True)
class Made:
    """The result of a split.

    Attributes:
        splits: Name → split.
        remarks: What was left out, for people.
    """

    splits: dict[str, Split]
    remarks: tuple[str, ...]


def make_splits(rows: Sequence[Pair], golden_rows: Sequence[Pair] | None, sizes: Sizes, seed: int) -> Made:
    """Splits rows at random, stratified by output if outputs repeat.

    Inputs that differ only in case, whitespace and numbers are kept once. An input that golden has, exactly or nearly,
    is removed from train and dev; of inputs in golden that are nearly the same, one is kept.

    Args:
        rows: The rows to split.
        golden_rows: Rows of a separate golden file; None to take golden from `rows`.
        sizes: The largest sizes of the splits.
        seed: Seed of the shuffling.

    Returns:
        The splits, with remarks on what was left out.

    Raises:
        UserError: Fewer than 30 examples would be left for a split.
    """
    remarks: list[str] = []
    golden: list[Pair] = []
    taken: set[str] = set()
    if golden_rows is not None:
        golden = _distinct(golden_rows, taken, remarks, "golden file")
        golden = _spread(golden, random.Random(seed))[: sizes.golden]
        taken = {masked(p.input) for p in golden_rows}
    pool = _spread(_distinct(rows, taken, remarks, "file"), random.Random(seed + 1))
    if golden_rows is None:
        golden, pool = _cut(pool, min(sizes.golden, len(pool) // 4))
    golden, pool = _without_twins(golden, pool, remarks)
    dev, pool = _cut(pool, min(sizes.dev, len(pool) // 5))
    train = pool if sizes.train is None else pool[: sizes.train]
    parts = {"train": train, "dev": dev, "golden": golden}
    for name, part in parts.items():
        if len(part) < FEWEST:
            raise UserError(
                f"only {len(part)} examples are left for {name}; a split needs at least {FEWEST}",
                hint="collect more examples",
            )
    return Made({name: _split(name, part) for name, part in parts.items()}, tuple(remarks))


def _distinct(rows: Sequence[Pair], taken: set[str], remarks: list[str], name: str) -> list[Pair]:
    kept, leaked, twice = [], 0, 0
    seen: set[str] = set()
    for row in rows:
        form = masked(row.input)
        if form in taken:
            leaked += 1
        elif form in seen:
            twice += 1
        else:
            seen.add(form)
            kept.append(row)
    if twice:
        remarks.append(
            f"{name}: {twice} rows left out because they repeat an earlier input (apart from case, whitespace, numbers)"
        )
    if leaked:
        remarks.append(f"{name}: {leaked} rows left out of train and dev because they are in golden")
    return kept


def _without_twins(golden: list[Pair], pool: list[Pair], remarks: list[str]) -> tuple[list[Pair], list[Pair]]:
    """Leaves out rows of golden that nearly repeat an earlier one, and other rows that are nearly in golden."""
    splits = _split("golden", golden), _split("pool", pool)
    twins = {(t.split, t.other.id) for t in find_twins(splits[0], splits[1:])}
    if inside := sum(name == "golden" for name, _ in twins):
        remarks.append(f"golden: {inside} rows left out because they nearly repeat another row of golden")
    if leaked := len(twins) - inside:
        remarks.append(f"{leaked} rows left out of train and dev because they are nearly in golden")
    kept = [
        [row for row, e in zip(rows, split, strict=True) if (split.name, e.id) not in twins]
        for rows, split in zip((golden, pool), splits, strict=True)
    ]
    return kept[0], kept[1]


def _spread(rows: Sequence[Pair], order: random.Random) -> list[Pair]:
    """Shuffles rows so that every prefix has about the same mix of outputs, if outputs repeat at all."""
    by_output: dict[str, list[Pair]] = defaultdict(list)
    for row in rows:
        by_output[render_output(row.output)].append(row)
    if len(by_output) * 2 > len(rows):
        shuffled = list(rows)
        order.shuffle(shuffled)
        return shuffled
    ranked = []
    for _, group in sorted(by_output.items()):
        order.shuffle(group)
        # Sorting by rank within the output, as a share, gives every prefix the outputs in their overall proportions.
        ranked += [((i + order.random()) / len(group), row) for i, row in enumerate(group)]
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])]


def _cut(rows: list[Pair], size: int) -> tuple[list[Pair], list[Pair]]:
    return rows[:size], rows[size:]


def _split(name: str, rows: Sequence[Pair]) -> Split:
    return Split(
        name,
        tuple(
            Example(id=f"{name}-{n:05d}", input=r.input, output=r.output, meta={**r.more, "from": r.where})
            for n, r in enumerate(rows)
        ),
    )
