"""The tickets data: customer messages of an invented shop with their triage, made from phrases and hand-written cases.

    python golden/tickets/generate.py            writes train, dev and golden.jsonl and card.json beside this file
    python golden/tickets/generate.py --check    compares what it would write with what stands there, byte for byte

A label follows from the parts a message is made of, by the rules in suites/tickets/task.yaml. Nothing is shared between
splits: a message is refused when, names, numbers, dates and products masked, it comes close to one that exists already.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from ticket_writer import PRODUCTS, Phrases, Writer

from goldgate.data.mask import masked
from goldgate.task.examples import Card, Example, Split, card_of, read_card, write_card

HERE = Path(__file__).parent
SEED = 20
SIZES = {"golden": 240, "dev": 120, "train": 3000}
# How many generated messages of each kind; hand-written ones come on top, plain ones fill up to the size.
KINDS = {
    "golden": {
        "typos": 23,
        "shouting": 23,
        "mixed_language": 28,
        "multi_request": 28,
        "sarcasm": 24,
        "off_topic": 20,
        "injection": 24,
    },
    "dev": {
        "typos": 13,
        "shouting": 12,
        "mixed_language": 14,
        "multi_request": 15,
        "sarcasm": 12,
        "off_topic": 9,
        "injection": 13,
    },
    "train": {
        "typos": 330,
        "shouting": 270,
        "mixed_language": 450,
        "multi_request": 480,
        "sarcasm": 280,
        "off_topic": 120,
        "injection": 330,
    },
}
UNSEEN = {"golden": 0.27, "dev": 0.27, "train": 0.0}  # share of generated messages from phrases that train has not
TOO_CLOSE = 0.6  # shared word pairs over all word pairs: above it two messages count as one
TRAIN_APART = 0.75  # the same between two messages of train, where a near-copy teaches less but misleads nobody
_WORD = re.compile(r"[^\W_]+")


@dataclass
class Made:
    """What exists already: the word pairs of every message, so that a new one can be refused as too close."""

    pairs: list[tuple[str, frozenset[tuple[str, str]]]] = field(default_factory=list)
    forms: set[str] = field(default_factory=set)

    def takes(self, text: str, split: str) -> bool:
        """Adds the text unless its masked form, or one near it, is there in any split."""
        form = bare(text)
        words = ["^", *(_WORD.findall(form) or form.split()), "$"]
        pairs = frozenset(pairwise(words))
        if form in self.forms:
            return False
        for home, other in self.pairs:
            limit = TRAIN_APART if home == split == "train" else TOO_CLOSE
            if len(pairs & other) > limit * len(pairs | other):
                return False
        self.forms.add(form)
        self.pairs.append((split, pairs))
        return True


def bare(text: str) -> str:
    """The masked text (numbers, case, blanks) with the names of people, products, days and months masked too."""
    return masked(_NAMED.sub("@", text))


def _named() -> re.Pattern[str]:
    manners = tomllib.loads((HERE / "manners.toml").read_text("utf-8"))
    words = [*manners["names"], *manners["months"], *manners["weekdays"]]
    for name, kind in PRODUCTS.items():
        words += [f"{name} {kind}", name, kind]
    return re.compile("|".join(rf"\b{re.escape(w)}\b" for w in sorted(words, key=len, reverse=True)), re.IGNORECASE)


_NAMED = _named()


def phrases() -> tuple[dict[str, Any], dict[str, Any]]:
    """The tables of situations.toml and manners.toml, with what train_phrases.toml adds to them."""
    situations, manners, more = (
        tomllib.loads((HERE / f"{name}.toml").read_text("utf-8")) for name in ("situations", "manners", "train_phrases")
    )
    for table, pools in more.items():
        (situations if table in situations else manners)[table].update(pools)
    return situations, manners


def build(seed: int = SEED) -> dict[str, Split]:
    """All three splits, hand-written cases included."""
    situations, manners = phrases()
    by_hand = [json.loads(line) for line in (HERE / "edge_cases.jsonl").read_text("utf-8").splitlines()]
    made = Made()
    for case in by_hand:
        if not made.takes(case["input"], case["split"]):
            raise SystemExit(f"edge_cases.jsonl: {case['id']} is too close to another case")
    splits = {}
    for name in SIZES:
        rng = random.Random(f"{seed} {name}")
        writers = {unseen: Writer(rng, Phrases(situations, manners, _pool(name, unseen))) for unseen in (False, True)}
        examples = [
            Example(c["id"], c["input"], c["output"], tags=tuple(c["tags"]), meta={"made": "by hand"})
            for c in by_hand
            if c["split"] == name
        ]
        examples += _generated(name, SIZES[name] - len(examples), writers, made)
        rng.shuffle(examples)
        splits[name] = Split(name, tuple(examples))
    return splits


def _pool(split: str, unseen: bool) -> str:
    return split if unseen or split == "train" else "shared"


def _generated(split: str, count: int, writers: dict[bool, Writer], made: Made) -> Iterator[Example]:
    kinds = [kind for kind, n in KINDS[split].items() for _ in range(n)]
    kinds += ["plain"] * (count - len(kinds))
    owed = 0.0
    for number, kind in enumerate(kinds, 1):
        owed += UNSEEN[split]
        unseen = owed >= 1
        owed -= unseen
        for _ in range(3000):
            text, output, tags, situation = writers[unseen].message(kind)
            if made.takes(text, split):
                break
        else:
            raise SystemExit(f"{split}: no new message of kind {kind} to be found; add phrases")
        tags |= {"unseen_layout"} if unseen else set()
        yield Example(
            f"tix-{split[0]}{number:03d}",
            text,
            output,
            tags=tuple(sorted(tags)),
            meta={"made": "generated", "situation": situation},
        )


def rendered(split: Split) -> str:
    """A split as the lines of its file."""
    keys = ("id", "input", "output", "tags", "meta")
    rows = ({key: getattr(e, key) for key in keys} for e in split)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def card(splits: dict[str, Split]) -> Card:
    """What the splits are and where they come from."""
    order = {name: splits[name] for name in ("train", "dev", "golden")}
    return card_of(
        "tickets",
        order,
        f"golden/tickets/generate.py, seed {SEED}, and edge_cases.jsonl, written by hand",
        "Apache-2.0",
        "made for Goldgate; shop, products and customers are invented",
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Writes the tickets data.")
    parser.add_argument("--check", action="store_true", help="compare with the files, write nothing")
    check = parser.parse_args(arguments).check
    splits = build()
    files = {f"{name}.jsonl": rendered(split).encode("utf-8") for name, split in splits.items()}
    if not check:
        for name, content in files.items():
            (HERE / name).write_bytes(content)
        write_card(HERE, card(splits))
    stale = [n for n, content in files.items() if not (HERE / n).is_file() or (HERE / n).read_bytes() != content]
    if not stale and read_card(HERE) != card(splits):
        stale.append("card.json")
    for name, split in splits.items():
        queues = Counter(e.output["queue"] for e in split)
        print(f"{name}: {len(split)} messages, {dict(sorted(queues.items()))}, {split.tag_counts()}")
    if stale:
        print(f"differs from what the generator writes: {', '.join(stale)}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
