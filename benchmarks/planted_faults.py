"""What `goldgate init` and `prepare` find of faults that were planted: python benchmarks/planted_faults.py FILE

FILE has one JSON object of input and output, a label, on each line, as banking77 has. Of its ten most frequent labels
1,000 rows are taken; then faults are planted, a project is made of them in a folder of its own, and what became of each
planted row is counted: repaired (merged, set aside, put into one split, given its label), found (named for a person),
or missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from goldgate.data.decide import Wishes
from goldgate.data.scaffold import Request
from goldgate.data.sources import Choices
from goldgate.data.split import Sizes
from goldgate.jobs.data import Initialised, Prepared, run_init, run_prepare
from goldgate.task.examples import Example, Split, read_split
from goldgate.task.project import Project, cache_folder

ROWS, LABELS = 1000, 10
REVIEWED = (60, 100)  # of the ranked suspects
PERSONAL = (
    "ann.lee@shop.example.com",
    "+44 20 7946 0958",
    "4539 1488 0343 6467",
    "GB82 WEST 1234 5698 7654 32",
    "bob@mail.example.org",
    "(415) 555-2671",
    "5425-2334-3010-9903",
    "DE89 3704 0044 0532 0130 00",
    "carol (at) mail (dot) example (dot) net",
    "+49 30 901820",
)
EMPTY = ("", "   ", "N/A", "null", "-")


@dataclass
class Planted:
    """The rows with the faults among them. lines: kind → the lines of its rows; of: a copy's line → its origin's."""

    rows: list[dict[str, str]]
    lines: dict[str, list[int]] = field(default_factory=dict)
    of: dict[int, int] = field(default_factory=dict)

    def add(self, kind: str, text: str, label: str, of: int) -> None:
        self.rows.append({"input": text, "output": label})
        self.lines.setdefault(kind, []).append(len(self.rows))
        self.of[len(self.rows)] = of

    def change(self, kind: str, at: int, **changed: str) -> None:
        self.rows[at] |= changed
        self.lines.setdefault(kind, []).append(at + 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    planted = plant(asked.file, random.Random(asked.seed))
    folder = Path(tempfile.mkdtemp(prefix="goldgate-planted-"))
    source = folder / "planted.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in planted.rows), "utf-8")
    sizes = Sizes(None, 300, 1000)
    choices = Choices((("input", "input"), ("output", "output")))
    request = Request("planted", source, None, choices, Wishes(), None, sizes, 0)
    made = run_init(folder, cache_folder(os.environ), request)
    found = run_prepare(Project(folder, cache_folder(os.environ)), "planted")
    show(planted, made, found, folder)


def plant(file: Path, order: random.Random) -> Planted:
    """1,000 rows of ten labels with the faults among them."""
    known = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    labels = [label for label, _ in Counter(row["output"] for row in known).most_common(LABELS)]
    rows = [{"input": row["input"], "output": row["output"]} for row in known if row["output"] in labels]
    order.shuffle(rows)
    made = Planted(rows[:ROWS])
    at = iter(order.sample(range(ROWS), 200))
    for _ in range(30):
        i = next(at)
        made.change("wrong label", i, output=order.choice([x for x in labels if x != rows[i]["output"]]))
    for i in (next(at) for _ in range(20)):
        made.add("repeat", rows[i]["input"], rows[i]["output"], i + 1)
    for i in (next(at) for _ in range(20)):
        made.add("near-duplicate", typo(rows[i]["input"], order), rows[i]["output"], i + 1)
    for i in (next(at) for _ in range(10)):
        made.add("contradiction", rows[i]["input"], order.choice([x for x in labels if x != rows[i]["output"]]), i + 1)
    for value in PERSONAL:
        i = next(at)
        made.change("personal data", i, input=f"{rows[i]['input']} Reach me under {value}, please.")
    for variant in (
        str.upper,
        " {} ".format,
        "{}\u200b".format,
        lambda x: x.replace("_", " "),
        lambda x: x[:-2] + x[-1],
    ):
        i = next(at)
        made.change("label variant", i, output=variant(rows[i]["output"]))
    for value in EMPTY:
        made.change("empty", next(at), output=value)
    for _ in range(3):
        i = next(at)
        made.change("over-long", i, input=" ".join([rows[i]["input"]] * 200))
    return made


def spaced(label: str) -> str:
    return label.replace("_", " ")


def shortened(label: str) -> str:
    return label[:-2] + label[-1]


def typo(text: str, order: random.Random) -> str:
    """The text with one letter in its middle replaced."""
    i = order.randrange(len(text) // 4, 3 * len(text) // 4)
    return text[:i] + order.choice("abcdefghijklmnopqrstuvwxyz") + text[i + 1 :]


def show(planted: Planted, made: Initialised, found: Prepared, folder: Path) -> None:
    splits = [read_split(folder / "golden" / "planted", name) for name in ("train", "dev", "golden")]
    where = {line_of(example): (split, example) for split in splits for example in split}
    aside = {row.place.number for row in made.account.aside}
    merged = {row.place.number for row in made.account.merged} | {row.into.number for row in made.account.merged}
    personal = {at(place) for one in found.report.personal for place in map(str, one.places)}
    long = {at(str(one.place)) for one in found.report.long}
    alike = {label for pair in found.report.alike for label in (pair.rarer, pair.other)}
    ranked = list(dict.fromkeys((one.split, one.id) for one in found.suspects.ranked))
    labels = {
        row["output"] for row in planted.rows if row["output"].isascii() and row["output"] == row["output"].strip()
    }
    print(f"{'kind':16} {'planted':>7} {'repaired':>8} {'found':>6} {'missed':>6}")

    def tell(kind: str, repaired: Callable[[int], bool], named: Callable[[int], bool]) -> None:
        lines = planted.lines[kind]
        mended = [line for line in lines if repaired(line)]
        seen = [line for line in lines if line not in mended and named(line)]
        print(f"{kind:16} {len(lines):7} {len(mended):8} {len(seen):6} {len(lines) - len(mended) - len(seen):6}")

    def place(line: int) -> tuple[str, int]:
        split, example = where[line]
        return split.name, split.examples.index(example)

    for many in REVIEWED:
        top = set(ranked[:many])
        print(f"in the first {many} suspects:")
        tell("wrong label", lambda line: line in aside, lambda line, top=top: line in where and of(where[line]) in top)
    tell("repeat", lambda line: line in merged, lambda line: False)
    tell(
        "near-duplicate",
        lambda line: line in aside or (line in where and where.get(planted.of[line], (None,))[0] is where[line][0]),
        lambda line: False,
    )
    tell("contradiction", lambda line: line in aside, lambda line: False)
    tell("personal data", lambda line: False, lambda line: line in where and place(line) in personal)
    tell(
        "label variant",
        lambda line: (
            line in where and where[line][1].output in labels and planted.rows[line - 1]["output"] not in labels
        ),
        lambda line: line in where and where[line][1].output in alike,
    )
    tell("empty", lambda line: line in aside, lambda line: False)
    tell("over-long", lambda line: False, lambda line: line in where and place(line) in long)


def line_of(example: Example) -> int:
    return int(str(example.meta["from"]).rpartition(" ")[2])


def of(found: tuple[Split, Example]) -> tuple[str, str]:
    return found[0].name, found[1].id


def at(place: str) -> tuple[str, int]:
    """The split and the position of an example, by its line ("train.jsonl, line 4")."""
    file, _, line = place.partition(", line ")
    return file.removesuffix(".jsonl"), int(line) - 1


if __name__ == "__main__":
    main()
