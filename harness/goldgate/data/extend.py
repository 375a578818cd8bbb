"""Adding rows to splits that exist: golden stays as it is, and no example changes its split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from goldgate.data.account import Account
from goldgate.data.apart import without_golden, without_twins
from goldgate.data.components import CosinePair, find_components
from goldgate.data.mask import folded
from goldgate.data.pool import Pool
from goldgate.data.repeats import Resolved, contradict, resolve_repeats, set_aside_contradiction
from goldgate.data.row import Row
from goldgate.data.split import Made
from goldgate.task.examples import Split
from goldgate.task.task import Kind

KNOWN = "same input and output as an example"
ANOTHER = "another right answer to the input of an example"
NEAR_DEV = "nearly in dev, and only train is added to"
NEAR_BOTH = "nearly in dev and in train"


def extend_splits(
    before: Mapping[str, Split],
    known: Mapping[str, Sequence[Row]],
    rows: Sequence[Row],
    seed: int,
    account: Account,
    *,
    kind: Kind,
    pairs: Sequence[CosinePair] = (),
    train_only: bool = False,
) -> Made:
    """Adds rows to train and dev. Every example that is there stays where it is, and golden gets none.

    A row that is there already is merged, one that is near golden is set aside. A row that is near an example goes
    where that is. Of the others, dev gets the share that it has of dev and train.

    Args:
        before: The splits as they are: train, dev and golden.
        known: Their examples as rows, in the same order.
        rows: New rows; those of an earlier preparation may be among them.
        seed: Decides which new rows dev gets.
        account: Where repeats are entered as merged, what becomes no example as set aside, and the rest as kept.
        kind: The kind of the task.
        pairs: Pairs of inputs that embeddings find alike.
        train_only: Whether dev gets none, because somebody chose the rows and dev must be what comes in.

    Returns:
        The splits, of which golden is the one that was given.
    """
    found = resolve_repeats(rows, kind, account)
    fresh = _unknown(known, found.rows, kind, account)
    left = without_golden(known["golden"], fresh.rows, account, kind, pairs)
    pool = Pool.of(left.rows, seed, pairs=pairs)
    added = {
        name: Split(name, pool.examples(np.array(chosen, np.int64)))
        for name, chosen in _homes(known, pool, pairs, account, train_only).items()
    }
    places = pool.places | {e.id: row.place for e, row in zip(before["golden"], known["golden"], strict=True)}
    added = without_twins({**added, "golden": before["golden"]}, places.__getitem__, account, fixed=True)
    splits = {name: Split(name, (*before[name], *added[name])) for name in ("train", "dev")}
    account.kept = len(added["train"]) + len(added["dev"])
    contradictions = (*found.contradictions, *fresh.contradictions, *left.contradictions)
    remark = f"{account.kept:,} examples added; golden and all other examples are as they were"
    return Made({**splits, "golden": before["golden"]}, (remark,), contradictions)


def _unknown(known: Mapping[str, Sequence[Row]], rows: Sequence[Row], kind: Kind, account: Account) -> Resolved:
    """Leaves out the rows whose input an example has: examples stay as they are."""
    inputs = {folded(row.text): row for part in known.values() for row in part}
    left, contradictions = [], []
    for row in rows:
        there = inputs.get(folded(row.text))
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
    known: Mapping[str, Sequence[Row]], pool: Pool, pairs: Sequence[CosinePair], account: Account, train_only: bool
) -> dict[str, list[int]]:
    """Split → the rows of the pool that it gets."""
    train, dev = known["train"], known["dev"]
    root = find_components([*train, *dev, *pool.rows], pairs).tolist()
    near_train, near_dev = set(root[: len(train)]), set(root[len(train) : len(train) + len(dev)])
    share = 0.0 if train_only else len(dev) / max(1, len(dev) + len(train))
    to_dev = pool.parts.take(round(share * len(pool.rows)), pool.all)
    homes: dict[str, list[int]] = {"train": [], "dev": []}
    for i, home in enumerate(root[len(train) + len(dev) :]):
        if home in near_train and home in near_dev:
            account.set_aside(pool.rows[i].place, NEAR_BOTH)
        elif home in near_dev and train_only:
            account.set_aside(pool.rows[i].place, NEAR_DEV)
        elif home in near_train or home in near_dev:
            homes["train" if home in near_train else "dev"].append(i)
        else:
            homes["dev" if to_dev[pool.parts.root[i]] else "train"].append(i)
    return homes
