"""Splitting rows into train, dev and golden: whole components, at random or by time, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.apart import without_golden, without_twins
from goldgate.data.components import CosinePair, Large, large_components, members_of
from goldgate.data.mask import masked
from goldgate.data.pool import Pool
from goldgate.data.repeats import resolve_repeats
from goldgate.data.row import Row
from goldgate.data.union import Index
from goldgate.task.examples import Split
from goldgate.task.task import Kind

FEWEST = 30  # examples of a split; with fewer, intervals are too wide to show anything
BEYOND = "beyond the size of "
_GOLDEN_SHARE, _DEV_SHARE = 4, 5  # golden is at most a quarter, dev at most a fifth of what golden leaves


@dataclass(frozen=True)
class Sizes:
    """How many examples the splits get.

    Attributes:
        train: Most examples of train; None for no limit.
        dev: Most examples of dev, and at most a fifth of those that golden leaves.
        golden: Most examples of golden. If they are taken from the rows, at most a quarter of these.
        golden_share: The share of the rows that golden gets instead, in (0, 1); None to go by `golden`.
    """

    train: int | None
    dev: int
    golden: int
    golden_share: float | None = None


@dataclass(frozen=True)
class Made:
    """The result of a split.

    Attributes:
        splits: Name → split.
        remarks: What people should know about the splits.
        contradictions: Rows with the same input and other outputs, which a person has to decide on.
        large: Components with more than 1% of the rows.
    """

    splits: dict[str, Split]
    remarks: tuple[str, ...]
    contradictions: tuple[tuple[Row, ...], ...] = ()
    large: tuple[Large, ...] = ()


def make_splits(
    rows: Sequence[Row],
    golden_rows: Sequence[Row] | None,
    sizes: Sizes,
    seed: int,
    account: Account,
    *,
    kind: Kind,
    by_time: bool = False,
    pairs: Sequence[CosinePair] = (),
) -> Made:
    """Splits rows: whole components, at random and stratified by output and tags, or by time.

    Neither the order of the rows nor their places decide, only their contents and the seed.

    Args:
        rows: The rows to split.
        golden_rows: Rows of a separate golden file; None to take golden from `rows`.
        sizes: How many examples the splits get.
        seed: Seed of the order.
        account: Where repeats are entered as merged, what becomes no example as set aside, and the rest as kept.
        kind: The kind of the task.
        by_time: Whether golden gets the newest rows, dev the newest of the others, and train the oldest.
        pairs: Pairs of inputs that embeddings find alike.

    Returns:
        The splits, with what people should look at.

    Raises:
        UserError: Fewer than 30 examples would be left for a split, with the cause; or `by_time`, and no row has a
            time.
    """
    if by_time and not any(row.time for row in rows):
        raise UserError("no row has a time, so the splits cannot be made by time", hint="name the column of the times")
    given = None if golden_rows is None else resolve_repeats(golden_rows, kind, account)
    found = resolve_repeats(rows, kind, account)
    left = found if given is None else without_golden(given.rows, found.rows, account, kind, pairs)
    pool = Pool.of(left.rows, seed, by_time, pairs)
    source = pool if given is None else Pool.of(given.rows, seed, pairs=pairs)
    parts = _parts(pool, source, sizes, account)
    splits = {name: Split(name, each.examples(part)) for name, (each, part) in parts.items()}
    splits = without_twins(splits, lambda id_: (source if id_ in source.places else pool).places[id_], account)
    _check_sizes(splits, pool, account)
    account.kept = sum(map(len, splits.values()))
    steps = {id(step): step for step in (given, found, left) if step is not None}
    contradictions = tuple(one for step in steps.values() for one in step.contradictions)
    large = large_components(pool.rows, pool.parts.root)
    return Made(splits, tuple(_remarks(pool, contradictions, large)), contradictions, large)


def _parts(pool: Pool, source: Pool, sizes: Sizes, account: Account) -> dict[str, tuple[Pool, Index]]:
    """Split → the pool that its rows are in, and the rows."""
    left = pool.all
    if source is pool:
        golden = pool.parts.take(_golden_size(sizes, len(pool.rows), account), left)
        left = left & ~golden
    else:
        golden = source.all
        if len(source.rows) > sizes.golden:
            golden = source.parts.take(sizes.golden, golden)
            _decide_golden(sizes.golden, f"the golden file has {len(source.rows):,} rows", account)
            _set_aside(source, source.taken(source.all & ~golden), f"{BEYOND}golden", account)
    dev = pool.parts.take(min(sizes.dev, int(pool.parts.sizes[left].sum()) // _DEV_SHARE), left)
    train = pool.taken(left & ~dev)
    if sizes.train is not None and len(train) > sizes.train:
        _set_aside(pool, train[sizes.train :], f"{BEYOND}train", account)
        train = train[: sizes.train]
    return {"train": (pool, train), "dev": (pool, pool.taken(dev)), "golden": (source, source.taken(golden))}


def _golden_size(sizes: Sizes, rows: int, account: Account) -> int:
    if sizes.golden_share is not None:
        return round(sizes.golden_share * rows)
    quarter = rows // _GOLDEN_SHARE
    if quarter > sizes.golden:
        _decide_golden(sizes.golden, f"of {rows:,} rows; a quarter would be {quarter:,}", account)
    return min(quarter, sizes.golden)


def _decide_golden(size: int, reason: str, account: Account) -> None:
    account.decide("size of golden", f"{size:,}", reason, "--golden-size")


def _set_aside(pool: Pool, rows: Index, reason: str, account: Account) -> None:
    for i in rows.tolist():
        account.set_aside(pool.rows[i].place, reason)


def _check_sizes(splits: Mapping[str, Split], pool: Pool, account: Account) -> None:
    for name, split in splits.items():
        if len(split) < FEWEST:
            left = "1 example is" if len(split) == 1 else f"{len(split)} examples are"
            raise UserError(
                f"only {left} left for {name}; a split needs at least {FEWEST}",
                hint="\n  ".join([*_causes(pool, account), "collect more examples"]),
            )


def _causes(pool: Pool, account: Account) -> list[str]:
    """Why examples are missing: what became of the rows, and the groups that stay together."""
    read = len(pool.rows) + len(account.merged) + len(account.aside)
    counts = {**account.merges(), **account.reasons()}
    lines = [f"of {read:,} rows, {count:,} became no example: {reason}" for reason, count in counts.items()]
    groups = list(members_of(pool.parts.root))
    together = sum(map(len, groups))
    if together * 2 > len(pool.rows):
        numbers = all(len({masked(pool.rows[i].text) for i in members}) == 1 for members in groups)
        how = "differ in numbers" if numbers else "nearly repeat one another or share a group"
        largest = max(groups, key=len)
        lines += [
            f"{together:,} rows that {how} form {_many(len(groups), 'group')}, and a group stays in one split",
            f'the largest has {len(largest):,} rows, such as "{" ".join(pool.rows[largest[0]].text.split()):.80}"',
        ]
    return lines


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _remarks(pool: Pool, contradictions: Sequence[tuple[Row, ...]], large: Sequence[Large]) -> list[str]:
    remarks = []
    if groups := list(members_of(pool.parts.root)):
        remarks.append(
            f"{sum(map(len, groups)):,} rows that nearly repeat others, or differ from them in numbers only, form"
            f" {len(groups):,} groups; a group stays in one split and counts as one observation"
        )
    remarks += [str(one) for one in large]
    if contradictions:
        places = ", ".join(str(row.place) for row in contradictions[0])
        remarks.append(
            f"{len(contradictions):,} inputs have outputs that contradict each other; their rows are set aside until"
            f" somebody decides, the first: {places}"
        )
    return remarks
