"""Splitting rows into train, dev and golden without duplicates or overlap, and with every label in each split."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.mask import masked
from goldgate.data.row import Row
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
        remarks: Findings, for people.
    """

    splits: dict[str, Split]
    remarks: tuple[str, ...] = ()


def make_splits(
    rows: Sequence[Row], golden_rows: Sequence[Row] | None, sizes: Sizes, seed: int, account: Account
) -> Made:
    """Splits rows at random, stratified by output if outputs repeat.

    Inputs that differ only in case, whitespace and numbers are kept once. An input that golden has, exactly or nearly,
    is removed from train and dev; of inputs in golden that are nearly the same, one is kept.

    Args:
        rows: The rows to split.
        golden_rows: Rows of a separate golden file; None to take golden from `rows`.
        sizes: The largest sizes of the splits.
        seed: Seed of the shuffling.
        account: Receives what became of every row.

    Returns:
        The splits.

    Raises:
        UserError: Fewer than 30 examples would be left for a split.
    """
    golden: list[Row] = []
    taken: set[str] = set()
    if golden_rows is not None:
        golden = _spread(_distinct(golden_rows, taken, account), random.Random(seed))
        golden = _most(
            golden, sizes.golden, f"beyond the largest size of golden, {sizes.golden} (--golden-size)", account
        )
        taken = {masked(p.text) for p in golden_rows}
    pool = _spread(_distinct(rows, taken, account), random.Random(seed + 1))
    if golden_rows is None:
        golden, pool = _cut(pool, min(sizes.golden, len(pool) // 4))
    golden, pool = _without_twins(golden, pool, account)
    dev, pool = _cut(pool, min(sizes.dev, len(pool) // 5))
    train = _most(pool, sizes.train, f"beyond the largest size of train, {sizes.train} (--train-size)", account)
    parts = {"train": train, "dev": dev, "golden": golden}
    for name, part in parts.items():
        if len(part) < FEWEST:
            raise UserError(
                f"only {len(part)} examples are left for {name}; a split needs at least {FEWEST}",
                hint="collect more examples, or change what the account above says took the others",
            )
    account.kept = sum(map(len, parts.values()))
    return Made(_splits(parts))


def _most(rows: list[Row], most: int | None, reason: str, account: Account) -> list[Row]:
    for row in [] if most is None else rows[most:]:
        account.set_aside(row.place, reason)
    return rows if most is None else rows[:most]


def _distinct(rows: Sequence[Row], taken: set[str], account: Account) -> list[Row]:
    seen: dict[str, Row] = {}
    for row in rows:
        form = masked(row.text)
        if form in taken:
            account.set_aside(row.place, "an input that golden has")
        elif form in seen:
            account.merge(row.place, seen[form].place, "an earlier input, apart from case, whitespace and numbers")
        else:
            seen[form] = row
    return list(seen.values())


def _without_twins(golden: list[Row], pool: list[Row], account: Account) -> tuple[list[Row], list[Row]]:
    """Leaves out rows of golden that nearly repeat an earlier one, and other rows that are nearly in golden."""
    splits = _splits({"golden": golden, "pool": pool})
    twins = {(t.split, t.other.id) for t in find_twins(splits["golden"], [splits["pool"]])}
    kept = []
    for rows, split in ((golden, splits["golden"]), (pool, splits["pool"])):
        left = []
        for row, example in zip(rows, split, strict=True):
            if (split.name, example.id) in twins:
                account.set_aside(row.place, "an input that is nearly one of golden")
            else:
                left.append(row)
        kept.append(left)
    return kept[0], kept[1]


def _spread(rows: Sequence[Row], order: random.Random) -> list[Row]:
    """Shuffles rows so that every prefix has about the same mix of outputs, if outputs repeat at all."""
    by_output: dict[str, list[Row]] = defaultdict(list)
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


def _cut(rows: list[Row], size: int) -> tuple[list[Row], list[Row]]:
    return rows[:size], rows[size:]


def _splits(parts: dict[str, list[Row]]) -> dict[str, Split]:
    """The splits. A row keeps the id of its file, unless another one has it."""
    counts = Counter(row.id for rows in parts.values() for row in rows)
    splits = {}
    for name, rows in parts.items():
        examples = []
        for number, row in enumerate(rows):
            own = f"{name}-{number:05d}"
            while own in counts:
                own += "-"
            identity = row.id if row.id is not None and counts[row.id] == 1 else own
            meta = {**row.more, **row.meta, "from": str(row.place)}
            examples.append(Example(identity, row.input, row.output, row.accept, row.tags, row.group, meta))
        splits[name] = Split(name, tuple(examples))
    return splits
