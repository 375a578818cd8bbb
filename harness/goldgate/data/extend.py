"""Adding rows to splits that exist: golden stays as it is, and no example changes its split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from goldgate.data.account import Account
from goldgate.data.apart import without_golden, without_twins
from goldgate.data.components import CosinePair, find_components, unlike_pairs
from goldgate.data.mask import folded
from goldgate.data.pool import Pool
from goldgate.data.repeats import Resolved, contradict, resolve_repeats, set_aside_contradiction
from goldgate.data.row import Place, Row
from goldgate.data.split import Made
from goldgate.task.examples import Split
from goldgate.task.task import Kind

KNOWN = "same input and output as an example"
ANOTHER = "another right answer to the input of an example"
NEAR_BOTH = "nearly in dev and in train"


def rows_of(split: Split) -> list[Row]:
    """Returns the rows of a split's examples, each at its line of the split's file."""
    return [
        Row(e.input, e.output, Place(f"{split.name}.jsonl", n), e.accept, e.tags, e.group)
        for n, e in enumerate(split, 1)
    ]


def extend_splits(
    before: Mapping[str, Split],
    rows: Sequence[Row],
    seed: int,
    account: Account,
    *,
    kind: Kind,
    pairs: Sequence[CosinePair] = (),
) -> Made:
    """Adds rows to train and dev. Every example that is there stays where it is, and golden gets none.

    A row that is there already is merged, one that is near golden is set aside. A row that is near an example goes
    where that is. Of the others, dev gets the share that it has of dev and train.

    Args:
        before: The splits as they are: train, dev and golden.
        rows: New rows; those of an earlier preparation may be among them.
        seed: Decides which new rows dev gets.
        account: Where repeats are entered as merged, what becomes no example as set aside, and the rest as kept.
        kind: The kind of the task.
        pairs: Pairs of inputs that embeddings find alike.

    Returns:
        The splits, of which golden is the one that was given.
    """
    found = resolve_repeats(rows, kind, account)
    fresh = _unknown(before, found.rows, kind, account)
    golden = rows_of(before["golden"])
    left = without_golden(golden, fresh.rows, account, kind, pairs)
    pool = Pool.of(left.rows, seed, pairs=pairs)
    added = {
        name: Split(name, pool.examples(np.array(chosen, np.int64)))
        for name, chosen in _homes(before, pool, pairs, account).items()
    }
    places = pool.places | {e.id: row.place for e, row in zip(before["golden"], golden, strict=True)}
    added = without_twins({**added, "golden": before["golden"]}, places.__getitem__, account, fixed=True)
    splits = {name: Split(name, (*before[name], *added[name])) for name in ("train", "dev")}
    account.kept = len(added["train"]) + len(added["dev"])
    contradictions = (*found.contradictions, *fresh.contradictions, *left.contradictions)
    unlike = () if kind == "text" else unlike_pairs(pool.rows, pool.parts.root)
    remark = f"{account.kept:,} examples added; golden and all other examples are as they were"
    return Made({**splits, "golden": before["golden"]}, (remark,), contradictions, (), unlike)


def _unknown(before: Mapping[str, Split], rows: Sequence[Row], kind: Kind, account: Account) -> Resolved:
    """Leaves out the rows whose input an example has: examples stay as they are."""
    known = {folded(row.text): row for split in before.values() for row in rows_of(split)}
    left, contradictions = [], []
    for row in rows:
        there = known.get(folded(row.text))
        if there is None:
            left.append(row)
        elif kind != "text" and contradict(there, row):
            contradictions.append((there, row))
            set_aside_contradiction(row, there, account)
        elif contradict(there, row):
            account.set_aside(row.place, ANOTHER, f"as {there.place}", {"input": row.text, "output": row.output})
        else:
            account.merge(row.place, there.place, KNOWN)
    return Resolved(left, tuple(contradictions))


def _homes(
    before: Mapping[str, Split], pool: Pool, pairs: Sequence[CosinePair], account: Account
) -> dict[str, list[int]]:
    """Split → the rows of the pool that it gets."""
    train, dev = rows_of(before["train"]), rows_of(before["dev"])
    root = find_components([*train, *dev, *pool.rows], pairs).tolist()
    near_train, near_dev = set(root[: len(train)]), set(root[len(train) : len(train) + len(dev)])
    share = len(dev) / max(1, len(dev) + len(train))
    to_dev = pool.parts.take(round(share * len(pool.rows)), pool.all)
    homes: dict[str, list[int]] = {"train": [], "dev": []}
    for i, home in enumerate(root[len(train) + len(dev) :]):
        if home in near_train and home in near_dev:
            account.set_aside(pool.rows[i].place, NEAR_BOTH)
        elif home in near_train or home in near_dev:
            homes["train" if home in near_train else "dev"].append(i)
        else:
            homes["dev" if to_dev[pool.parts.root[i]] else "train"].append(i)
    return homes
