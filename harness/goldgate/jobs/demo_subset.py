"""Fewer examples of a shipped task, for `goldgate demo --examples N`: the same ones every time, of every kind.

So few examples show nothing, and nothing here says otherwise: what is made of them lies in a project of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from goldgate.task.examples import SPLITS, Example, Split, card_of, read_card, read_split, write_card

LEAST = 12
"""Fewer examples would not hold one of every edge case of a shipped task."""


def choose(examples: Sequence[Example], count: int) -> tuple[Example, ...]:
    """As many examples at most, in their order, and among them at least one of every tag where they suffice for that.

    Returns: the same examples whatever the order of the lines: first those that bring most tags that are not there yet,
    then those whose digests come first.
    """
    ordered = sorted(examples, key=lambda e: e.digest)
    missing = {tag for example in ordered for tag in example.tags}
    chosen: dict[str, Example] = {}
    while missing and len(chosen) < count:
        best = max(ordered, key=lambda e: len(missing.intersection(e.tags)))  # of equals, the first
        chosen[best.id] = best
        missing -= set(best.tags)
    for example in ordered:
        if len(chosen) >= count:
            break
        chosen[example.id] = example
    return tuple(e for e in examples if e.id in chosen)


def write_subset(source: Path, target: Path, count: int) -> None:
    """Writes train, dev and golden of a task with at most `count` examples each, and their card.

    Args: source, target: golden folders of the whole task and of the smaller one.
    """
    task = source.name
    splits: dict[str, Split] = {}
    for name in SPLITS:
        whole = read_split(source, name)
        kept = {e.id for e in choose(whole.examples, count)}
        lines = (source / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        chosen = [line for line in lines if line.strip() and json.loads(line)["id"] in kept]
        (target / f"{name}.jsonl").write_text("\n".join(chosen) + "\n", encoding="utf-8")
        splits[name] = Split(name, tuple(e for e in whole if e.id in kept))
    card = read_card(source)
    told = f"{card.source}; of it at most {count} examples a split, for goldgate demo --examples {count}"
    prepared = datetime.now(UTC).date().isoformat()
    write_card(target, card_of(task, splits, prepared, card.licence, told))
