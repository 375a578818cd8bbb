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
from goldgate.data.repeats import Resolved, resolve_repeats
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
    dev_rows: Sequence[Row] | None = None,
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
        dev_rows: Rows of a separate file of dev; None to take dev from `rows`.

    Returns:
        The splits, with what people should look at.

    Raises:
        UserError: Fewer than 30 examples would be left for a split, with the cause; or `by_time`, and no row has a
            time.
    """
    if by_time and not any(row.time for row in rows):
        raise UserError("no row has a time, so the splits cannot be made by time", hint="name the column of the times")
    steps: list[Resolved] = []
    apart: dict[str, Pool] = {}
    for name, those in (("golden", golden_rows), ("dev", dev_rows), ("", rows)):
        if those is None:
            continue
        steps.append(resolve_repeats(those, kind, account))
        for other, given in apart.items():
            steps.append(without_golden(given.rows, steps[-1].rows, account, kind, pairs, other))
        if name:
            apart[name] = Pool.of(steps[-1].rows, seed, pairs=pairs)
    left = steps[-1].rows
    with account.step("find near-duplicates", "they stay in one split", len(left)) as advance:
        pool = Pool.of(left, seed, by_time, pairs, advance)
    parts = _parts(pool, apart, sizes, account)
    splits = {name: Split(name, each.examples(part)) for name, (each, part) in parts.items()}
    pools = (*apart.values(), pool)
    splits = without_twins(splits, lambda id_: next(p.places[id_] for p in pools if id_ in p.places), account)
    _check_sizes(splits, pool, account)
    account.kept = sum(map(len, splits.values()))
    contradictions = tuple(one for step in steps for one in step.contradictions)
    large = large_components(pool.rows, pool.parts.root)
    return Made(splits, tuple(_remarks(pool, contradictions, large)), contradictions, large)


def _parts(pool: Pool, apart: Mapping[str, Pool], sizes: Sizes, account: Account) -> dict[str, tuple[Pool, Index]]:
    """Split → the pool that its rows are in, and the rows. apart: the pools of the splits that have files of their
    own.
    """
    left, parts = pool.all, {}
    for name, most in (("golden", sizes.golden), ("dev", sizes.dev)):
        if name in apart:
            parts[name] = (apart[name], _of_file(apart[name], name, most, account))
            continue
        rows = int(pool.parts.sizes[left].sum())
        size = _golden_size(sizes, rows, account) if name == "golden" else min(most, rows // _DEV_SHARE)
        chosen = pool.parts.take(size, left)
        parts[name], left = (pool, pool.taken(chosen)), left & ~chosen
    train = pool.taken(left)
    if sizes.train is not None and len(train) > sizes.train:
        _set_aside(pool, train[sizes.train :], f"{BEYOND}train", account)
        train = train[: sizes.train]
    return {"train": (pool, train), "dev": parts["dev"], "golden": parts["golden"]}


def _of_file(pool: Pool, name: str, most: int, account: Account) -> Index:
    """The rows of a split that has a file of its own."""
    chosen = pool.all
    if len(pool.rows) > most:
        chosen = pool.parts.take(most, chosen)
        _decide_size(name, most, f"the {name} file has {len(pool.rows):,} rows", account)
        _set_aside(pool, pool.taken(pool.all & ~chosen), f"{BEYOND}{name}", account)
    return pool.taken(chosen)


def _golden_size(sizes: Sizes, rows: int, account: Account) -> int:
    if sizes.golden_share is not None:
        return round(sizes.golden_share * rows)
    quarter = rows // _GOLDEN_SHARE
    if quarter > sizes.golden:
        _decide_size("golden", sizes.golden, f"of {rows:,} rows; a quarter would be {quarter:,}", account)
    return min(quarter, sizes.golden)


def _decide_size(name: str, size: int, reason: str, account: Account) -> None:
    account.decide(f"size of {name}", f"{size:,}", reason, f"--{name}-size")


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
