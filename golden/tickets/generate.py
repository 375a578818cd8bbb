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

from harness.data.mask import masked
from harness.examples import Card, Example, Split, card_of, write_card

HERE = Path(__file__).parent
SEED = 20
PRODUCTS = {"Brewlo": "coffee machine", "Nimbo": "humidifier", "Luma": "lamp", "Rovi": "robot vacuum",
            "Sono": "speaker"}
QUEUES = ("billing", "delivery", "returns", "technical", "account", "other")
MONEY = ("{:.2f} euros", "${:.2f}", "{:.0f} pounds", "EUR {:.2f}")
COMMON = ("opening", "closing", "detail", "pressure", "low", "today", "person", "legal", "second")
PRIORITIES = ("low", "normal", "high")
SIZES = {"golden": 240, "dev": 120, "train": 800}
# How many generated messages of each kind; hand-written ones come on top, plain ones fill up to the size.
KINDS = {
    "golden": {"typos": 23, "shouting": 23, "mixed_language": 28, "multi_request": 28, "sarcasm": 24, "off_topic": 20,
               "injection": 24},
    "dev": {"typos": 13, "shouting": 12, "mixed_language": 14, "multi_request": 15, "sarcasm": 12, "off_topic": 9,
            "injection": 13},
    "train": {"typos": 72, "shouting": 62, "mixed_language": 104, "multi_request": 124, "sarcasm": 80, "off_topic": 68,
              "injection": 92},
}
UNSEEN = {"golden": 0.27, "dev": 0.27, "train": 0.0}  # share of generated messages from phrases that train has not
TOO_CLOSE = 0.6  # shared word pairs over all word pairs: above it two messages count as one
TRAIN_APART = 0.75  # the same between two messages of train, where a near-copy teaches less but misleads nobody
_CHOICE = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
_SLOT = re.compile(r"\{(\w)(?::([^}]*))?\}|\{name\}")
_SMALL = re.compile(r" (days|minutes|times|weeks|years|ans|pm|o'clock|percent|wrong)")
_LEVEL = re.compile(r"(error|code|version|firmware|update to|number|lane) $", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Part:
    """A piece of a message, and what it says for the label."""

    text: str
    queue: str = "other"
    product: str | None = None
    high: bool = False
    human: bool = False
    situation: str = ""


@dataclass(frozen=True)
class Phrases:
    """The pools of one split: all of situations.toml and manners.toml, narrowed to seen or to unseen phrases."""

    situations: dict[str, dict[str, Any]]
    manners: dict[str, Any]
    pool: str  # shared | dev | golden

    def of(self, name: str, mixed: bool = False, shared: bool = False) -> list[str]:
        pool = "shared" if shared else self.pool
        return list(self.manners[name][f"mixed_{pool}" if mixed else pool])

    def told(self, situation: str, mixed: bool = False) -> list[str]:
        return list(self.situations[situation].get(f"mixed_{self.pool}" if mixed else self.pool, []))


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


class Writer:
    """Writes messages of one split from one random stream."""

    def __init__(self, rng: random.Random, phrases: Phrases) -> None:
        self.rng = rng
        self.phrases = phrases

    def fill(self, template: str, product: str | None = None) -> str:
        """A template with its choices made and its slots filled."""
        text = self.chosen(template)
        mention = self._mention(product) if product else None
        return _SLOT.sub(lambda m: self._slot(m, mention), text)

    def chosen(self, template: str) -> str:
        return _CHOICE.sub(lambda m: self.rng.choice(m.group(1).split("|")), template)

    def pick(self, name: str, mixed: bool = False) -> str:
        """A phrase from manners.toml. What everybody says ("No rush.") stands in some unseen messages too."""
        shared = name in COMMON and self.rng.random() < 0.4
        return self.fill(self.rng.choice(self.phrases.of(name, mixed, shared)))

    def _mention(self, product: str) -> str:
        kind = PRODUCTS[product]
        return self.rng.choice((product, product, f"{product} {kind}", kind))

    def _slot(self, match: re.Match[str], mention: str | None) -> str:
        rng = self.rng
        if match.group() == "{name}":
            return str(rng.choice(self.phrases.manners["names"]))
        if match.group(1) == "p":
            return mention or match.group(2)
        if match.group(1) == "d":
            day, month = rng.randint(1, 28), rng.choice(self.phrases.manners["months"])
            return str(rng.choice((rng.choice(self.phrases.manners["weekdays"]), f"{day} {month}", f"{month} {day}")))
        if match.group(1) == "f":
            wrong = {"queue": rng.choice(QUEUES), "priority": rng.choice(PRIORITIES),
                     "product": rng.choice((None, *PRODUCTS)), "needs_human": rng.random() < 0.5}
            return json.dumps(wrong)
        return {
            "n": lambda: str(rng.randint(*_range(match))),
            "m": lambda: rng.choice(MONEY).format(rng.randint(900, 39900) / 100),
            "q": lambda: rng.choice(QUEUES),
            "r": lambda: rng.choice(PRIORITIES),
        }[match.group(1)]()

    def request(self, kind: str, mixed: bool = False, apart_from: str = "") -> Part:
        """One thing that a customer wants, of a queue drawn evenly, then of a situation drawn evenly."""
        open_to = {
            name: s for name, s in self.phrases.situations.items()
            if self.phrases.told(name, mixed) and s["queue"] != apart_from
            and (kind != "sarcasm" or s.get("sarcastic")) and (kind != "multi_request" or name != "praise")
        }
        queue = self.rng.choice(sorted({s["queue"] for s in open_to.values()}))
        name = self.rng.choice([n for n, s in open_to.items() if s["queue"] == queue])
        template = self.chosen(self.rng.choice(self.phrases.told(name, mixed)))  # first: a choice may hold the product
        product = self.rng.choice(tuple(PRODUCTS)) if "{p:" in template and self.rng.random() < 0.7 else None
        s = open_to[name]
        return Part(self.fill(template, product), queue, product, s.get("high", False), s.get("human", False), name)

    def cue(self, request: Part, mixed: bool = False, likely: float = 0.55) -> tuple[str, str]:
        """Which cue stands beside a request, if any, and its words."""
        s = self.phrases.situations[request.situation]
        usual = ["low", "low", "today", "today", "person", "person", *(["legal"] if s.get("sarcastic") else [])]
        name = self.rng.choice(s.get("cues", usual)) if self.rng.random() < likely else "none"
        return (name, "") if name == "none" else (name, self.pick(name, mixed))

    def aside(self, request: Part, cue: str) -> str:
        """Which pool a sentence that changes nothing comes from, or none: details where a thing was bought, pressure
        where no cue speaks of time ("ASAP. It can wait." would contradict itself).
        """
        pools = [] if request.queue in ("other", "account") else ["detail", "detail"]
        pools += ["pressure"] if request.queue != "other" and cue not in ("low", "today") else []
        return self.rng.choice(pools) if pools and self.rng.random() < 0.3 else ""

    def message(self, kind: str) -> tuple[str, dict[str, Any], set[str], str]:
        """A whole message of a kind: text, output, tags, situation."""
        rng, tags = self.rng, {kind} - {"plain"}
        if kind == "off_topic" or (kind == "injection" and rng.random() < 0.15):
            name = "off_topic" if kind == "off_topic" else "injection"
            text = self._dressed([sentence(self.pick(name))], False, 0.3)
            return self._laid_out(text, 0.3), label([Part("")], "none"), tags, kind
        mixed = kind == "mixed_language"
        core_mixed = mixed and rng.random() < 0.55
        first = self.request(kind, core_mixed)
        requests = [first]
        cue, words = self.cue(first, mixed and not core_mixed, 0.3 if kind == "multi_request" else 0.6)
        sentences = [sentence(first.text)]
        if kind == "sarcasm":
            sentences.insert(rng.choice((0, 0, 1)), self.pick("sarcasm"))
        if aside := self.aside(first, cue):
            sentences.insert(rng.choice((0, len(sentences))), self.pick(aside, mixed))
        if kind == "multi_request":
            second = self.request(kind, apart_from=first.queue)
            requests.append(second)
            sentences.append(sentence(f"{self.pick('second')} {second.text}"))
        if words:
            sentences.insert(0 if rng.random() < 0.15 else len(sentences), words)
        if kind == "injection":
            sentences.insert(0 if rng.random() < 0.25 else len(sentences), self.pick("injection"))
        text = self._dressed(sentences, mixed, 0.9 if mixed and not core_mixed else 0.4)
        if kind in ("typos", "shouting"):
            text = misspelled(text, rng) if kind == "typos" else shouted(text, rng)
        elif kind == "plain" and rng.random() < 0.2:
            text = text.lower()
        return self._laid_out(text, 0.5), label(requests, cue), tags, first.situation

    def _dressed(self, sentences: list[str], mixed: bool, chance: float) -> str:
        rng = self.rng
        if rng.random() < chance or (mixed and chance > 0.5):
            sentences = [self.pick("opening", mixed), *sentences]
        if rng.random() < chance:
            sentences = [*sentences, self.pick("closing", mixed)]
        return " ".join(sentences)

    def _laid_out(self, text: str, chance: float) -> str:
        chance *= 0.3 if self.phrases.pool == "shared" else 1
        layout = self.pick("layout") if self.rng.random() < chance else "{body}"
        return layout.replace("{body}", text)


def _range(match: re.Match[str]) -> tuple[int, int]:
    """The numbers that fit a {n}: counts are small, codes of orders and telephones long."""
    before, after = match.string[: match.start()], match.string[match.end():]
    if _SMALL.match(after):
        return 2, 30
    return (2, 99) if _LEVEL.search(before) and not re.search("(order|tracking) number $", before) else (100, 99999)


def label(requests: list[Part], cue: str) -> dict[str, Any]:
    """The right answer, by the rules of task.yaml, from the requests in their order and the cue."""
    queue = requests[0].queue
    if cue == "today" or any(r.high for r in requests):
        priority = "high"
    elif cue == "low" or all(r.queue == "other" for r in requests):
        priority = "low"
    else:
        priority = "normal"
    human = len(requests) > 1 or cue in ("person", "legal") or any(r.human for r in requests)
    product = next((r.product for r in requests if r.product), None)
    return {"queue": queue, "priority": priority, "product": product, "needs_human": human}


def sentence(text: str) -> str:
    """The text with a capital at its start and a mark at its end."""
    text = text[:1].upper() + text[1:]
    return text if text[-1] in ".?!}" else text + "."


def misspelled(text: str, rng: random.Random) -> str:
    """About every third longer word with one slip: two letters swapped, one dropped, one doubled, one beside it."""
    beside = dict(zip("aeioustrnlm", "swupyyrtmkn", strict=True))

    def slip(match: re.Match[str]) -> str:
        word = match.group()
        if len(word) < 4 or word in PRODUCTS or rng.random() > 0.33:
            return word
        at = rng.randint(1, len(word) - 2)
        return rng.choice((
            word[:at] + word[at + 1] + word[at] + word[at + 2:],
            word[:at] + word[at + 1:],
            word[:at] + word[at] + word[at:],
            word[:at] + beside.get(word[at], word[at]) + word[at + 1:],
        ))

    text = re.sub(r"[A-Za-z]+", slip, text)
    return text.lower() if rng.random() < 0.5 else text


def shouted(text: str, rng: random.Random) -> str:
    """In capitals, with more marks at the ends of sentences."""
    text = re.sub(r"[.!](?= |$)", lambda m: rng.choice((".", "!", "!!", "!!!")), text.upper())
    return re.sub(r"\?(?= |$)", lambda m: rng.choice(("?", "??", "?!?!")), text)


def build(seed: int = SEED) -> dict[str, Split]:
    """All three splits, hand-written cases included."""
    situations, manners = (tomllib.loads((HERE / f"{n}.toml").read_text("utf-8")) for n in ("situations", "manners"))
    by_hand = [json.loads(line) for line in (HERE / "edge_cases.jsonl").read_text("utf-8").splitlines()]
    made = Made()
    for case in by_hand:
        if not made.takes(case["input"], case["split"]):
            raise SystemExit(f"edge_cases.jsonl: {case['id']} is too close to another case")
    splits = {}
    for name in SIZES:
        rng = random.Random(f"{seed} {name}")
        pools = {unseen: Phrases(situations, manners, name if unseen else "shared") for unseen in (False, True)}
        examples = [
            Example(c["id"], c["input"], c["output"], tags=tuple(c["tags"]), meta={"made": "by hand"})
            for c in by_hand if c["split"] == name
        ]
        examples += _generated(name, SIZES[name] - len(examples), pools, made, rng)
        rng.shuffle(examples)
        splits[name] = Split(name, tuple(examples))
    return splits


def _generated(split: str, count: int, pools: dict[bool, Phrases], made: Made, rng: random.Random) -> Iterator[Example]:
    kinds = [kind for kind, n in KINDS[split].items() for _ in range(n)]
    kinds += ["plain"] * (count - len(kinds))
    owed = 0.0
    for number, kind in enumerate(kinds, 1):
        owed += UNSEEN[split]
        unseen = owed >= 1
        owed -= unseen
        for _ in range(3000):
            text, output, tags, situation = Writer(rng, pools[unseen]).message(kind)
            if made.takes(text, split):
                break
        else:
            raise SystemExit(f"{split}: no new message of kind {kind} to be found; add phrases")
        tags |= {"unseen_layout"} if unseen else set()
        yield Example(f"tix-{split[0]}{number:03d}", text, output, tags=tuple(sorted(tags)),
                      meta={"made": "generated", "situation": situation})


def rendered(split: Split) -> str:
    """A split as the lines of its file."""
    keys = ("id", "input", "output", "tags", "meta")
    rows = ({key: getattr(e, key) for key in keys} for e in split)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def card(splits: dict[str, Split]) -> Card:
    """What the splits are and where they come from."""
    order = {name: splits[name] for name in ("train", "dev", "golden")}
    return card_of("tickets", order, f"golden/tickets/generate.py, seed {SEED}, and edge_cases.jsonl, written by hand",
                   "Apache-2.0", "made for Goldgate; shop, products and customers are invented")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Writes the tickets data.")
    parser.add_argument("--check", action="store_true", help="compare with the files, write nothing")
    check = parser.parse_args(arguments).check
    splits = build()
    stale = []
    for name, split in splits.items():
        path = HERE / f"{name}.jsonl"
        if check and (not path.is_file() or path.read_bytes() != rendered(split).encode("utf-8")):
            stale.append(path.name)
        elif not check:
            path.write_bytes(rendered(split).encode("utf-8"))
    if not check:
        write_card(HERE, card(splits))
    for name, split in splits.items():
        queues = Counter(e.output["queue"] for e in split)
        print(f"{name}: {len(split)} messages, {dict(sorted(queues.items()))}, {split.tag_counts()}")
    if stale:
        print(f"differs from what the generator writes: {', '.join(stale)}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
