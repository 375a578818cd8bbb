"""Near-duplicates and splits at size: what is found, and what it costs.

    python benchmarks/near_duplicates.py [--rows 10000 100000]

Makes rows up: diverse ones (words drawn at random) and templated ones (a few sentences with names and numbers filled
in), reads them from a CSV file and splits them in a process of their own. Prints CPU seconds by step and the largest
memory of that process; one in 500 rows has a near-duplicate.

Then plants near-duplicates (one typo, one word dropped, one replaced, two swapped) of 1,000 of 10,000 diverse rows of
12 to 25 words, or of the inputs of a JSONL file, and counts how many pairs end in one component: of all, and of those
with a Jaccard index of 0.7, which is the rule. With --embeddings also how many are found by either their words or their
embeddings, and how many of as many random pairs are.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import operator
import os
import random
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from goldgate.data.account import Account
from goldgate.data.components import find_components, near_form
from goldgate.data.grams import grams_of, near
from goldgate.data.row import Place, Row
from goldgate.data.split import Sizes, make_splits
from goldgate.models.embedder import embed
from goldgate.task.project import cache_folder
from goldgate.task.strata import TWIN_COSINE

LABELS = 20
PLANTED = 500  # one row in so many gets a near-duplicate
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEMPLATES = (
    "please send order {n} to {name} in {place} before {m} o'clock",
    "I paid {n} for the {thing} but {name} says that invoice {m} is still open",
    "can {name} change the {thing} of booking {n} to {place}?",
    "the {thing} that I bought in {place} broke after {m} days, my number is {n}",
    "remind {name} to bring {n} {thing}s to {place} on day {m}",
)
EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "one typo": lambda text, rng: _typo(text, rng),
    "word dropped": lambda text, rng: _dropped(text, rng),
    "word replaced": lambda text, rng: _replaced(text, rng),
    "words swapped": lambda text, rng: _swapped(text, rng),
}


def main() -> None:
    """Prints one line for each kind and number of rows, and one for each kind of planted near-duplicate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--kinds", nargs="+", choices=MAKERS, default=list(MAKERS))
    parser.add_argument("--texts", type=Path, help="JSONL file whose inputs get near-duplicates. Default: made up.")
    parser.add_argument("--embeddings", action="store_true", help="Also look for pairs by embeddings.")
    args = parser.parse_args()
    print("kind            rows  read s  split s   all s  peak MB  train / dev / golden")
    for kind in args.kinds:
        for count in args.rows:
            with TemporaryDirectory() as folder:
                path = Path(folder) / "rows.csv"
                write(path, kind, count)
                with multiprocessing.get_context("spawn").Pool(1) as pool:  # so that its memory is its own
                    result = pool.apply(measure, (path,))
            print(
                f"{kind:<9}  {count:9,}  {result['read']:6.1f}  {result['split']:7.1f}"
                f"  {result['read'] + result['split']:6.1f}  {result['peak']:7,.0f}  {result['sizes']}",
                flush=True,
            )
    print("\nplanted          pairs  found  with an index of 0.7  found of these")
    for edit, (pairs, found, near_pairs, near_found) in recall(inputs(args.texts)).items():
        print(f"{edit:<15}  {pairs:5,}  {found / pairs:5.3f}  {near_pairs:20,}  {near_found / near_pairs:14.3f}")
    if args.embeddings:
        print("\nplanted          found by words or embeddings  random pairs found")
        for edit, (found_, chance) in either(inputs(args.texts)).items():
            print(f"{edit:<15}  {found_:28.3f}  {chance:18.3f}", flush=True)


def write(path: Path, kind: str, count: int) -> None:
    """Writes rows, some of which nearly repeat another one with the same label, which is what a leak gives away."""
    rng = random.Random(f"{kind}/{count}")
    make, words = MAKERS[kind], _words(rng)
    rows = [(make(rng, words), f"label {rng.randrange(LABELS)}") for _ in range(count)]
    for n, at in enumerate(rng.sample(range(count), count // PLANTED)):
        text, label = rows[at]
        rows.append((list(EDITS.values())[n % len(EDITS)](text, rng), label))
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


def read(path: Path) -> list[Row]:
    """Reads the rows."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        next(lines)
        return [Row(text, label, Place(path.name, number)) for number, (text, label) in enumerate(lines, 2)]


def measure(path: Path) -> dict[str, Any]:
    """Reads and splits; returns CPU seconds, the largest memory in MB and the sizes of the splits."""
    start = time.process_time()
    rows = read(path)
    middle = time.process_time()
    account = Account()
    made = make_splits(rows, None, Sizes(None, 300, 1000), 0, account, kind="label")
    end = time.process_time()
    assert account.kept + len(account.merged) + len(account.aside) == len(rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    sizes = " / ".join(f"{len(made.splits[name]):,}" for name in ("train", "dev", "golden"))
    return {"read": middle - start, "split": end - middle, "peak": peak, "sizes": sizes}


def inputs(path: Path | None) -> list[str]:
    """The texts that get near-duplicates."""
    if path is not None:
        return [json.loads(line)["input"] for line in path.read_text("utf-8").splitlines()]
    rng = random.Random(0)
    words = _words(rng)
    return [" ".join(rng.choices(words, k=rng.randint(12, 25))) for _ in range(10_000)]


def recall(texts: Sequence[str]) -> dict[str, tuple[int, int, int, int]]:
    """Kind of edit → planted pairs, those found, those that are near by definition, and those of these found."""
    counts = {}
    for edit, change in EDITS.items():
        rng = random.Random(edit)
        chosen = rng.sample(range(len(texts)), 1000)
        copies = [change(texts[i], rng) for i in chosen]
        root = find_components([Row(text, "", Place("made", n)) for n, text in enumerate([*texts, *copies], 1)])
        found = [bool(root[i] == root[len(texts) + n]) for n, i in enumerate(chosen)]
        near_pairs = [_is_near(texts[i], copy) for i, copy in zip(chosen, copies, strict=True)]
        both = sum(map(operator.and_, found, near_pairs))
        counts[edit] = (len(chosen), sum(found), sum(near_pairs), both)
    return counts


def either(texts: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Kind of edit → share of the planted pairs that are near by words or by embeddings; the same of random pairs."""
    shares = {}
    for edit, change in EDITS.items():
        rng = random.Random(edit)
        chosen = rng.sample(range(len(texts)), 1000)
        copies = [change(texts[i], rng) for i in chosen]
        others = [texts[i] for i in rng.sample(range(len(texts)), len(chosen))]
        own, made, odd = (
            embed(part, cache_folder(os.environ)) for part in ([texts[i] for i in chosen], copies, others)
        )
        found = [
            _is_near(texts[i], copy) or float(a @ b) >= TWIN_COSINE
            for i, copy, a, b in zip(chosen, copies, own, made, strict=True)
        ]
        by_chance = [float(a @ b) >= TWIN_COSINE for a, b in zip(own, odd, strict=True)]
        shares[edit] = (sum(found) / len(found), sum(by_chance) / len(by_chance))
    return shares


def _is_near(one: str, other: str) -> bool:
    a, b = near_form(one), near_form(other)
    return a == b or near(a, b, grams_of(a), grams_of(b)) is not None


def _words(rng: random.Random) -> list[str]:
    return ["".join(rng.choices(LETTERS, k=rng.randint(2, 9))) for _ in range(20_000)]


def _diverse(rng: random.Random, words: list[str]) -> str:
    return " ".join(rng.choices(words, k=rng.randint(5, 14)))


def _templated(rng: random.Random, words: list[str]) -> str:
    name, place, thing = rng.choice(words), rng.choice(words), rng.choice(words)
    return rng.choice(TEMPLATES).format(
        n=rng.randrange(10**6), m=rng.randrange(60), name=name, place=place, thing=thing
    )


def _typo(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(LETTERS) + text[at + rng.randrange(2) :]


def _dropped(text: str, rng: random.Random) -> str:
    words = text.split()
    del words[rng.randrange(len(words))]
    return " ".join(words)


def _replaced(text: str, rng: random.Random) -> str:
    words = text.split()
    words[rng.randrange(len(words))] = "".join(rng.choices(LETTERS, k=5))
    return " ".join(words)


def _swapped(text: str, rng: random.Random) -> str:
    words = text.split()
    at = rng.randrange(len(words) - 1)
    words[at : at + 2] = reversed(words[at : at + 2])
    return " ".join(words)


MAKERS: dict[str, Callable[[random.Random, list[str]], str]] = {"diverse": _diverse, "templated": _templated}

if __name__ == "__main__":
    main()
