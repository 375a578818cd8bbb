"""Takes a subset of a shipped task for `goldgate demo --examples N`: always the same examples, with every tag.

So few examples show nothing about a model. The subset therefore goes into a project of its own, away from real results.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from goldgate.task.examples import SPLITS, Example, Split, card_of, read_card, read_split, write_card

LEAST = 12
"""The fewest examples that include every edge case of a shipped task."""


def choose(examples: Sequence[Example], count: int) -> tuple[Example, ...]:
    """Chooses examples, with at least one of every tag if `count` allows it.

    The choice does not depend on the order of the examples: it takes first those that add the most new tags, then those
    whose digests come first.

    Args:
        examples: The examples to choose from.
        count: The most examples to choose.

    Returns:
        The chosen examples, in their original order.
    """
    ordered = sorted(examples, key=lambda e: e.digest)
    missing = {tag for example in ordered for tag in example.tags}
    chosen: dict[str, Example] = {}
    while missing and len(chosen) < count:
        best = max(ordered, key=lambda e: len(missing.intersection(e.tags)))  # the first of several equally good ones
        chosen[best.id] = best
        missing -= set(best.tags)
    for example in ordered:
        if len(chosen) >= count:
            break
        chosen[example.id] = example
    return tuple(e for e in examples if e.id in chosen)


def write_subset(source: Path, target: Path, count: int) -> None:
    """Writes train, dev and golden of a task with at most `count` examples each, and their card.

    Args:
        source: Golden folder of the whole task.
        target: Golden folder to write.
        count: The most examples of each split.
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
