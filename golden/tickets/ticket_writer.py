"""One customer message of the invented shop, written from phrases, with the label that follows from its parts."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

PRODUCTS = {
    "Brewlo": "coffee machine",
    "Nimbo": "humidifier",
    "Luma": "lamp",
    "Rovi": "robot vacuum",
    "Sono": "speaker",
}
QUEUES = ("billing", "delivery", "returns", "technical", "account", "other")
PRIORITIES = ("low", "normal", "high")
MONEY = ("{:.2f} euros", "${:.2f}", "{:.0f} pounds", "EUR {:.2f}")
COMMON = ("opening", "closing", "detail", "pressure", "low", "today", "person", "legal", "second")
SOUNDS = (
    ("tion", "shun"),
    ("ight", "ite"),
    ("ough", "uff"),
    ("ph", "f"),
    ("qu", "kw"),
    ("ck", "k"),
    ("wh", "w"),
    ("ea", "ee"),
    ("ie", "ei"),
    ("ll", "l"),
    ("ss", "s"),
    ("ou", "u"),
    ("c", "k"),
    ("x", "ks"),
    ("'", ""),
)
_CHOICE = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
_SLOT = re.compile(r"\{(\w)(?::([^}]*))?\}|\{name\}")
_SMALL = re.compile(r" (days|minutes|times|weeks|years|ans|pm|o'clock|percent|wrong)")
_LEVEL = re.compile(r"(error|code|version|firmware|update to|number|lane) $", re.IGNORECASE)


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
    pool: str  # shared | train | dev | golden; train adds its own phrases to the shared ones

    def of(self, name: str, mixed: bool = False, shared: bool = False) -> list[str]:
        return self._from(self.manners[name], mixed, "shared" if shared else self.pool)

    def told(self, situation: str, mixed: bool = False) -> list[str]:
        return self._from(self.situations[situation], mixed, self.pool)

    def _from(self, pools: dict[str, Any], mixed: bool, pool: str) -> list[str]:
        names = ("shared", "train") if pool == "train" else (pool,)
        return [phrase for name in names for phrase in pools.get(f"mixed_{name}" if mixed else name, [])]


class Writer:
    """Writes messages of one split from one random stream."""

    def __init__(self, rng: random.Random, phrases: Phrases) -> None:
        self.rng = rng
        self.phrases = phrases
        self.used: Counter[str] = Counter()

    def fill(self, template: str, product: str | None = None) -> str:
        """A template with its choices made and its slots filled."""
        text = self.chosen(template)
        mention = self._mention(product) if product else None
        return _SLOT.sub(lambda m: self._slot(m, mention), text)

    def chosen(self, template: str) -> str:
        return _CHOICE.sub(lambda m: self.rng.choice(m.group(1).split("|")), template)

    def even(self, options: list[str]) -> str:
        """One of the options that were drawn least so far, at random."""
        least = min(self.used[o] for o in options)
        option = self.rng.choice([o for o in options if self.used[o] == least])
        self.used[option] += 1
        return option

    def pick(self, name: str, mixed: bool = False) -> str:
        """A phrase from manners.toml. What everybody says ("No rush.") stands in some unseen messages too."""
        shared = name in COMMON and self.rng.random() < 0.4
        return self.fill(self.even(self.phrases.of(name, mixed, shared)))

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
            wrong = {
                "queue": rng.choice(QUEUES),
                "priority": rng.choice(PRIORITIES),
                "product": rng.choice((None, *PRODUCTS)),
                "needs_human": rng.random() < 0.5,
            }
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
            name: s
            for name, s in self.phrases.situations.items()
            if self.phrases.told(name, mixed)
            and s["queue"] != apart_from
            and (kind != "sarcasm" or s.get("sarcastic"))
            and (kind != "multi_request" or name != "praise")
        }
        queue = self.even(sorted({s["queue"] for s in open_to.values()}))
        name = self.even([n for n, s in open_to.items() if s["queue"] == queue])
        template = self.chosen(self.even(self.phrases.told(name, mixed)))  # first: a choice may hold the product
        product = self.even(list(PRODUCTS)) if "{p:" in template and self.rng.random() < 0.7 else None
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
            by_ear = self.phrases.pool == "train" and kind == "typos" and rng.random() < 0.5
            text = heard(text, rng) if by_ear else misspelled(text, rng) if kind == "typos" else shouted(text, rng)
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
        chance *= 0.3 if self.phrases.pool in ("shared", "train") else 1
        layout = self.pick("layout") if self.rng.random() < chance else "{body}"
        return layout.replace("{body}", text)


def _range(match: re.Match[str]) -> tuple[int, int]:
    """The numbers that fit a {n}: counts are small, codes of orders and telephones long."""
    before, after = match.string[: match.start()], match.string[match.end() :]
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
        return rng.choice(
            (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + beside.get(word[at], word[at]) + word[at + 1 :],
            )
        )

    text = re.sub(r"[A-Za-z]+", slip, text)
    return text.lower() if rng.random() < 0.5 else text


def heard(text: str, rng: random.Random) -> str:
    """In small letters, about every second word spelled as it sounds."""

    def spelled(match: re.Match[str]) -> str:
        word = match.group()
        fitting = [(a, b) for a, b in SOUNDS if a in word[1:]]
        if len(word) < 4 or word in PRODUCTS or not fitting or rng.random() > 0.5:
            return word
        a, b = fitting[0] if rng.random() < 0.6 else rng.choice(fitting)
        return word[0] + word[1:].replace(a, b, 1)

    return re.sub(r"[A-Za-z']+", spelled, text).lower()


def shouted(text: str, rng: random.Random) -> str:
    """In capitals, with more marks at the ends of sentences."""
    text = re.sub(r"[.!](?= |$)", lambda m: rng.choice((".", "!", "!!", "!!!")), text.upper())
    return re.sub(r"\?(?= |$)", lambda m: rng.choice(("?", "??", "?!?!")), text)
