"""Makes the `voice` splits: plain support replies, each with the same reply in the house style.

    python golden/voice/generate.py            writes train, dev, golden and card.json beside this file
    python golden/voice/generate.py --check    exits with 1 and names the files that would come out different

Everything follows from SEED, phrases.toml and edge_cases.jsonl (written by hand; its key "split" says where a line
goes), byte for byte. How the splits stay apart: no two examples, whatever their splits, share a masked input or output
(`mask`), and of the word triples that two inputs of different splits have together, at most half stand in both.
"""

from __future__ import annotations

import filecmp
import json
import random
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.files import write_whole
from goldgate.scorers.style import CONTRACTIONS, full_form
from goldgate.task.examples import Split, card_of, read_examples, write_card

HERE = Path(__file__).resolve().parent
PHRASES = tomllib.loads((HERE / "phrases.toml").read_text(encoding="utf-8"))
SEED = 20260
COUNTS = {"golden": 204, "dev": 104, "train": 1000}  # drawn in this order, so golden stands first
UNSEEN_SHARE = {"train": 0.0, "dev": 0.27, "golden": 0.27}
KINDS = (
    "plain",
    "plain",
    "exclamation",
    "banned_word",
    "long_reply",
    "numbers",
    "already_styled",
    "quoted_text",
    "mixed_language",
    "shouting",
    "injection",
)
FILES = ("train.jsonl", "dev.jsonl", "golden.jsonl", "card.json")

SIGN_OFF = "Best, Team Lumen"
MAX_SENTENCES = 3
REPLACEMENTS = {
    "in order to": "to",
    "prior to": "before",
    "utilize": "use",
    "assist": "help",
    "commence": "start",
    "approximately": "about",
    "obtain": "get",
    "kindly": "please",
    "immediately": "right away",
    "inconvenience": "trouble",
    "additional": "extra",
    "regarding": "about",
}
Triples = frozenset[tuple[str, ...]]
_QUOTED = re.compile(r'("[^"\n]*"|“[^”\n]*”)')
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "October", "November")
_NAMES = [n for pool in ("first", "last", "city", "product") for n in PHRASES["facts"][pool]] + list(_DAYS + _MONTHS)
_LONGEST_FIRST = "|".join(re.escape(name) for name in sorted(_NAMES, key=len, reverse=True))
_MASKED = re.compile(rf"\S*\d\S*|\b(?:{_LONGEST_FIRST}|mr|ms|dr)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """A plain reply, the same reply in the house style, and what it stands for."""

    plain: str
    styled: str
    tags: tuple[str, ...]
    topic: str


def restyle(body: list[str], name: str | None) -> str:
    """The house style for the sentences of a reply (without its own greeting and sign-off) to somebody or nobody."""
    greeting = f"Hi {name}," if name else "Hi there,"
    return "\n".join([greeting, " ".join(house_words(s) for s in body[:MAX_SENTENCES]), SIGN_OFF])


def house_words(sentence: str) -> str:
    """One sentence without exclamation marks, full forms and banned words; text in double quotes stays as it is."""
    parts = _QUOTED.split(sentence)
    return "".join(part if i % 2 else _plain_words(part) for i, part in enumerate(parts))


def _plain_words(text: str) -> str:
    text = re.sub(r"[!¡]*\?[!?¡]*", "?", text).replace("¡", "")
    text = re.sub(r"\.?!+", ".", text)
    for word, better in REPLACEMENTS.items():
        pattern = rf"\b{word.replace(' ', chr(92) + 's+')}\b"
        text = re.sub(pattern, _same_case(better), text, flags=re.IGNORECASE)
    for form, short in CONTRACTIONS.items():
        text = full_form(form).sub(_same_case(short), text)
    return text


def _same_case(new: str) -> Callable[[re.Match[str]], str]:
    """What replaces a match: the new words, with a capital letter where the match had one."""
    return lambda old: new[0].upper() + new[1:] if old.group()[0].isupper() else new


def mask(text: str) -> str:
    """A text without what varies: names, numbers, dates, case and white space; two alike are the same text."""
    return " ".join(_MASKED.sub("_", text).casefold().split())


class Writer:
    """Draws phrases from one pool of phrases.toml and fills their slots; holds the random state."""

    def __init__(self, rng: random.Random, pool: str) -> None:
        self.rng = rng
        self.pool = PHRASES[pool]
        self.topic = ""  # what the last body was about
        self.facts = PHRASES["facts"]

    def say(self, phrases: list[str]) -> str:
        """One phrase, its alternatives chosen and its slots filled."""
        text = re.sub(r"\[([^]]*)\]", lambda m: self.rng.choice(m.group(1).split("|")), self.rng.choice(phrases))
        return re.sub(r"\{(\w+)\}", lambda m: self.fill(m.group(1)), text)

    def fill(self, slot: str) -> str:
        r = self.rng
        if slot in self.facts:
            return str(r.choice(self.facts[slot]))
        fillers: dict[str, Callable[[], str]] = {
            "order": lambda: r.choice([f"#{r.randint(2000, 99999)}", f"{self._letters(2)}-{r.randint(100, 9999)}"]),
            "code": lambda: r.choice(
                [f"{self._letters(1)}{r.randint(1, 9)}-{r.randint(100, 9999)}", str(r.randint(20000, 99999))]
            ),
            "amount": self._amount,
            "date": self._date,
            "time": lambda: f"{r.randint(7, 20)}:{r.choice(['00', '15', '30', '45'])}",
            "n": lambda: str(r.randint(2, 48)),
            "phone": lambda: f"555 {r.randint(100, 9999):04d}",
            "person": lambda: r.choice([self.fill("first"), f"{self.fill('first')} {self.fill('last')}"]),
            "name": self._name,
            "quote": lambda: self.say(self.pool["quote"]),
        }
        return fillers[slot]()

    def _letters(self, n: int) -> str:
        return "".join(self.rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(n))

    def _amount(self) -> str:
        whole, cents = self.rng.randint(3, 240), self.rng.randint(1, 99)
        value = self.rng.choice([str(whole), f"{whole}.{cents:02d}"])
        return self.rng.choice([f"{value} euros", f"£{value}", f"${value}"])

    def _date(self) -> str:
        day, month = self.rng.randint(1, 28), self.rng.choice(_MONTHS)
        weekday = self.rng.choice(_DAYS)
        forms = [f"{day} {month}", f"{day} {month}", weekday, f"{weekday} {day} {month}", f"{month} {day}"]
        return self.rng.choice(forms)

    def _name(self) -> str:
        first, last, title = self.fill("first"), self.fill("last"), self.rng.choice(["Ms", "Mr", "Dr"])
        return self.rng.choice([first, first, f"{title} {last}", f"{first} {last}"])

    def body(self, kind: str) -> list[str]:
        """The sentences of one reply of a kind, in order: an opener perhaps, then what is, how, and what to do."""
        self.topic = self.rng.choice(sorted(self.pool["topics"]))
        steps = self.pool["topics"][self.topic]
        detail, another = self.rng.sample(steps["detail"], 2)
        parts = [self.say(steps["lead"]), self.say([detail]), self.say(steps["next"])]
        if kind == "long_reply":
            parts += [self.say(self.pool["extra"]) for _ in range(self.rng.randint(1, 2))]
            parts.insert(self.rng.choice([2, 3]), self.say([another]))
        elif self.rng.random() < 0.6:
            parts.pop(self.rng.choice([1, 2]))
        if len(parts) < MAX_SENTENCES and self.rng.random() < 0.35:
            parts.insert(0, self.say(self.pool["opener"]))
        pool = {"quoted_text": "quoted", "mixed_language": "foreign", "injection": "injection"}.get(kind)
        if pool:
            # Never among what a long reply loses: the sentence is what the kind is about.
            parts.insert(self.rng.randint(1, min(len(parts), MAX_SENTENCES - 1)), self.say(self.pool[pool]))
            del parts[MAX_SENTENCES:]
        return parts


def draw(rng: random.Random, split: str, kind: str, unseen: bool) -> Pair:
    """One pair of a kind with its tags; drawn again until it shows what its kind promises."""
    writer = Writer(rng, split if unseen else "common")
    while True:
        pair = _pair(writer, kind)
        tags = {*tags_of(pair.plain, pair.styled), *pair.tags}
        if kind == "plain" or kind in tags:
            topic = f"{pair.topic}, unseen" if unseen else pair.topic
            return Pair(pair.plain, pair.styled, tuple(sorted(tags | ({"unseen_layout"} if unseen else set()))), topic)


def _pair(writer: Writer, kind: str) -> Pair:
    """A pair with those tags alone that the generator knows and `tags_of` cannot see."""
    rng = writer.rng
    body = writer.body(kind)
    name = writer.fill("name") if rng.random() < 0.5 else None
    styled = restyle(body, name)
    if kind == "already_styled":
        return Pair(styled, styled, (), writer.topic)
    loud = 0.7 if kind in ("exclamation", "shouting") else 0.12
    body = [_exclaimed(s, rng) if s.endswith(".") and rng.random() < loud else s for s in body]
    salutation = _salutation(writer, name)
    if kind == "shouting":
        whole = rng.random() < 0.5
        loudest = rng.randrange(len(body[:MAX_SENTENCES]))
        body = [s.upper() if whole or i == loudest else s for i, s in enumerate(body)]
        salutation = salutation.upper() if whole and rng.random() < 0.5 else salutation
    joint = rng.choice(["\n", "\n", " "]) if salutation else ""
    closing = "\n" + writer.say(writer.pool["closing"]["any"]) if rng.random() < 0.45 else ""
    known = {kind} & {"shouting", "mixed_language", "injection"}
    if len(body) > MAX_SENTENCES:
        known.add("long_reply")
    return Pair(salutation + joint + " ".join(body) + closing, styled, tuple(known), writer.topic)


def _exclaimed(sentence: str, rng: random.Random) -> str:
    return sentence[:-1] + rng.choice(["!", "!", "!!", "!!!"])


def _salutation(writer: Writer, name: str | None) -> str:
    kinds = writer.pool["salutation"]
    if name:
        return str(writer.rng.choice(kinds["named"])).replace("{name}", name)
    return writer.rng.choice(["", writer.say(kinds["nobody"])])


def tags_of(plain: str, styled: str) -> set[str]:
    """The tags that can be read off a pair; shouting, mixed_language, injection, long_reply, unseen_layout cannot.

    exclamation: two or more exclamation marks outside quotes, a run of them counted once; banned_word: two or more
    banned words outside quotes; numbers: three or more pieces with digits to keep; quoted_text: something stands in
    double quotes; already_styled: nothing is to be changed.
    """
    open_plain = _QUOTED.sub('""', plain)
    banned = sum(len(re.findall(rf"\b{w}\b", open_plain, re.IGNORECASE)) for w in REPLACEMENTS)
    found = {
        "exclamation": len(re.findall(r"[!?]*![!?]*", open_plain)) >= 2,
        "banned_word": banned >= 2,
        "numbers": len(re.findall(r"\S*\d\S*", styled)) >= 3,
        "quoted_text": open_plain != plain,
        "already_styled": plain == styled,
    }
    return {tag for tag, holds in found.items() if holds}


def _triples(masked: str) -> Triples:
    words = re.findall(r"\w+", masked)
    return frozenset(zip(words, words[1:], words[2:], strict=False))


class Apart:
    """What was accepted so far, so that no text, once masked, comes twice and no split holds another one's twins."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.shapes: dict[str, list[Triples]] = {name: [] for name in COUNTS}

    def accepts(self, split: str, plain: str, styled: str) -> bool:
        texts, shape = {mask(plain), mask(styled)}, _triples(mask(plain))
        others = (known for name, shapes in self.shapes.items() if name != split for known in shapes)
        if texts & self.texts or any(2 * len(shape & known) > len(shape | known) for known in others):
            return False
        self.texts |= texts
        self.shapes[split].append(shape)
        return True


def plan(split: str) -> Iterator[tuple[str, bool]]:
    """Kind and "from the unseen pool?" of every generated example of a split; every kind gets its share of both."""
    rounds = -(-COUNTS[split] // len(KINDS))
    unseen = round(rounds * UNSEEN_SHARE[split])
    todo = [(kind, turn < unseen) for turn in range(rounds) for kind in KINDS]
    yield from todo[: COUNTS[split]]


def examples(split: str, by_hand: list[dict[str, Any]], apart: Apart) -> list[dict[str, Any]]:
    """All examples of a split, those written by hand among the others."""
    rng = random.Random(f"{SEED}/{split}")
    rows = [{k: row[k] for k in ("id", "input", "output", "tags")} for row in by_hand if row["split"] == split]
    for number, (kind, unseen) in enumerate(plan(split), 1):
        pair = draw(rng, split, kind, unseen)
        while not apart.accepts(split, pair.plain, pair.styled):
            pair = draw(rng, split, kind, unseen)
        name = f"voice-{split[0]}{number:03d}"
        meta = {} if split == "train" else {"meta": {"topic": pair.topic}}
        rows.append({"id": name, "input": pair.plain, "output": pair.styled, "tags": list(pair.tags), **meta})
    rng.shuffle(rows)
    return rows


def build(folder: Path) -> None:
    """Writes the three splits and their card into a folder."""
    lines = (HERE / "edge_cases.jsonl").read_text(encoding="utf-8").splitlines()
    by_hand = [json.loads(line) for line in lines]
    apart = Apart()
    for row in by_hand:
        if not apart.accepts(row["split"], row["input"], row["output"]):
            raise SystemExit(f"edge_cases.jsonl: {row['id']} says, once masked, what another line says")
    splits: dict[str, Split] = {}
    for name in COUNTS:
        rows = examples(name, by_hand, apart)
        path = folder / f"{name}.jsonl"
        write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        splits[name] = Split(name, read_examples(path))
    made = f"python golden/voice/generate.py, seed {SEED}, with {len(by_hand)} edge cases written by hand"
    source = "written for this project; no real customer, no real reply"
    write_card(folder, card_of("voice", splits, made, "Apache-2.0", source))


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        with tempfile.TemporaryDirectory() as name:
            build(Path(name))
            same, _, _ = filecmp.cmpfiles(HERE, name, FILES, shallow=False)
        changed = [file for file in FILES if file not in same]
        for file in changed:
            print(f"{HERE / file}: differs from what the generator makes; run it without --check, or restore the file")
        return 1 if changed else 0
    if arguments:
        print("usage: python golden/voice/generate.py [--check]")
        return 2
    build(HERE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
