"""Near-duplicates and splits at size: what is found, and what it costs.

    python benchmarks/near_duplicates.py [--rows 10000 100000]

Makes rows up: diverse ones (words drawn at random) and templated ones (a few sentences with names and numbers filled
in), reads them from a CSV file and splits them in a process of their own. Prints CPU seconds by step and the largest
memory of that process, and how many planted near-duplicates are found: one in 500 rows is copied with one typo, one
word dropped, one replaced, or two swapped. A planted pair counts as found if both rows are in one component.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import random
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from goldgate.data.account import Account
from goldgate.data.components import find_components
from goldgate.data.row import Place, Row
from goldgate.data.split import Sizes, make_splits

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
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--kinds", nargs="+", choices=MAKERS, default=list(MAKERS))
    args = parser.parse_args()
    print("kind           rows  read s  split s  all s  peak MB  train / dev / golden")
    found: Counter[tuple[str, str]] = Counter()
    planted: Counter[tuple[str, str]] = Counter()
    for kind in args.kinds:
        for count in args.rows:
            with TemporaryDirectory() as folder:
                path = Path(folder) / "rows.csv"
                pairs = write(path, kind, count)
                result = in_a_process(measure, path)
                print(
                    f"{kind:<9}  {count:9,}  {result['read']:6.1f}  {result['split']:7.1f}"
                    f"  {result['read'] + result['split']:5.1f}  {result['peak']:7,.0f}  {result['sizes']}",
                    flush=True,
                )
                if count == min(args.rows):
                    for edit, one in in_a_process(recall, path, pairs):
                        planted[kind, edit] += 1
                        found[kind, edit] += one
    print("\nkind       planted        pairs  found")
    for (kind, edit), many in planted.items():
        print(f"{kind:<9}  {edit:<13}  {many:5,}  {found[kind, edit] / many:5.2f}")


def write(path: Path, kind: str, count: int) -> list[tuple[str, int, int]]:
    """Writes rows with planted near-duplicates; returns (kind of edit, row, row) of these."""
    rng = random.Random(f"{kind}/{count}")
    make, words = MAKERS[kind], _words(rng)
    texts = [make(rng, words) for _ in range(count)]
    pairs = []
    for n, at in enumerate(rng.sample(range(count), count // PLANTED)):
        edit = list(EDITS)[n % len(EDITS)]
        pairs.append((edit, at, len(texts)))
        texts.append(EDITS[edit](texts[at], rng))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        # A copy has the label of its original, which is what a leak would give away.
        origin = {copy: at for _, at, copy in pairs}
        labels = [f"label {rng.randrange(LABELS)}" for _ in range(count)]
        writer.writerows((text, labels[origin.get(i, i)]) for i, text in enumerate(texts))
    return pairs


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


def recall(path: Path, pairs: list[tuple[str, int, int]]) -> list[tuple[str, bool]]:
    """Returns for each planted pair the kind of its edit, and whether both rows are in one component."""
    root = find_components(read(path))
    return [(edit, bool(root[one] == root[other])) for edit, one, other in pairs]


def in_a_process(job: Callable[..., Any], *args: Any) -> Any:
    """Runs a job in a new process, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(job, args)


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
