"""From facts to text: money, dates and labels in the forms of a language, and what a scanner makes of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

import invoice_layouts as layouts
import invoice_words as words
import train_words
from invoice_drafts import Day, Draft

LETTERS = {"0": "O", "1": "l", "5": "S", "8": "B"}  # what a scanner makes of a digit
PRINTED_SIGN = {"train": 0.35, "others": 0.5}  # share of credit notes whose total is printed with its minus
OWN_LABELS = 0.6  # share of train's invoices with labels that no other split has
SHOUTED = 0.2  # share of train's own headings in capitals
GAPS = ("n/a", "-", "?", "...")  # what stands where a value is missing, if not nothing


def write(made: Draft, split: str, unseen: bool, rng: Random) -> tuple[str, frozenset[str]]:
    """The invoice's text, and the tags that are true of it."""
    layout = rng.choice(layouts.UNSEEN[split] if unseen else layouts.SEEN)
    scan: Callable[[str], str] = (lambda text: _scan_digits(text, rng)) if "ocr_noise" in made.features else str
    money = _Money(made, rng)
    # Train's own labels stand in layouts that the other splits share, too; theirs only in those of their own.
    own = unseen if split != "train" else rng.random() < OWN_LABELS
    page = _labels(made, split if own else "seen", rng)

    def value(content: int | str | Day) -> str:
        if isinstance(content, int):
            return scan(money.text(content))
        return scan(content if isinstance(content, str) else _day(content, made, rng))

    gap = rng.choice(GAPS) if layout is not layouts.letter and rng.random() < 0.4 else None
    printed = PRINTED_SIGN["train" if split == "train" else "others"]
    sign = "-" if "credit_note" in made.features and rng.random() < printed else ""
    page = replace(
        page,
        vendor=made.vendor,
        no=gap if made.number is None else _scan_number(made.number, scan),
        day=gap if made.date is None else value(made.date),
        total=gap if made.total is None else scan(money.text(made.total, True, sign)),
        lines=tuple((_counted(n, a, money, rng), scan(money.text(a, made.total is None))) for n, a in made.items),
        before=tuple((label, value(content)) for label, content in made.before),
        after=tuple((label, value(content)) for label, content in made.after),
    )
    tags = made.features - {"decimal_comma"} | ({"decimal_comma"} if money.reversed else set())
    tags -= {"date_format"} if made.date is None else set()
    return layout(page, rng), tags | {"unseen_layout"} if unseen and split != "train" else tags


def _labels(made: Draft, phrasing: str, rng: Random) -> layouts.Page:
    """A page with its labels and sentences, and no values yet."""
    own = words.LABELS.get(phrasing, train_words.LABELS)[made.lang]
    sentences = words.SENTENCES.get(phrasing, train_words.SENTENCES)[made.lang]
    fixed = words.FIXED[made.lang]
    head = rng.choice(own["credit" if "credit_note" in made.features else "head"])
    head = head.upper() if phrasing == "train" and rng.random() < SHOUTED else head
    total = rng.choice(own["sum"])
    if "ocr_noise" in made.features:
        head, total = _scan_word(head, rng), _scan_word(total, rng)
    return layouts.Page(
        head=head, no_label=rng.choice(own["no"]), day_label=rng.choice(own["day"]), sum_label=total,
        note=rng.choice(words.NOTES[made.lang]) if rng.random() < 0.3 else "",
        vendor_label=fixed["vendor"], item_label=fixed["item"],
        sentence=tuple(rng.choice(sentences)),
    )


class _Money:
    """Writes the amounts of one invoice in one style.

    `reversed` tells whether an amount was written with a comma where English has a point, or the other way round.
    """

    def __init__(self, made: Draft, rng: Random) -> None:
        comma = "decimal_comma" in made.features or (made.lang != "en" and rng.random() < 0.5)
        styles = [(".", ","), (".", ","), (" ", ",")] if comma else [("", "."), ("", "."), (",", "."), ("'", ".")]
        self.thousands, self.point = rng.choice(styles)
        self.bare = rng.random() < 0.75
        self.form = "{}" if made.currency is None else rng.choice(words.CURRENCY[made.currency])
        self.everywhere = rng.random() < 0.2
        self.whole = made.currency == "JPY"
        self.reversed = False

    def text(self, cents: int, named: bool = False, sign: str = "") -> str:
        """The amount; with its currency where `named`, or where this invoice has it everywhere."""
        units, rest = divmod(abs(cents), 100)
        text = f"{units:,}".replace(",", self.thousands)
        if not (self.whole or (rest == 0 and self.bare)):
            text += f"{self.point}{rest:02}"
        self.reversed |= self.point == "," and ("," in text or "." in text)
        text = ("-" if cents < 0 else sign) + text
        return self.form.format(text) if named or self.everywhere else text


def _day(date: Day, made: Draft, rng: Random) -> str:
    year, month, day = date
    name = words.MONTHS[made.lang][month - 1]
    plain = {
        "en": [f"{year}-{month:02}-{day:02}", f"{day:02}/{month:02}/{year}", f"{day} {name} {year}"],
        "de": [f"{day:02}.{month:02}.{year}", f"{day}. {name} {year}"],
        "fr": [f"{day:02}/{month:02}/{year}", f"{day} {name} {year}"],
        "es": [f"{day:02}/{month:02}/{year}", f"{day} de {name} de {year}"],
    }
    short = f"{name[:3]}" if made.lang in ("en", "es") else f"{month:02}"
    odd = [
        f"{day:02}.{month:02}.{year % 100:02}", f"{day}/{month}/{year % 100:02}", f"{day:02}-{short}-{year}",
        f"{year}/{month:02}/{day:02}", f"{year}{month:02}{day:02}", f"{day}.{month}.{year}",
    ]
    if made.lang == "en":
        ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"
        odd += [f"{name} {day}, {year}", f"{name[:3]} {day}, {year}", f"{day}{ending} {name} {year}"]
    return rng.choice(odd if "date_format" in made.features else plain[made.lang])


def _counted(name: str, amount: int, money: _Money, rng: Random) -> str:
    """The name, at times with a quantity, and a price each where it divides; the line's amount comes after it."""
    if rng.random() > 0.15:
        return name
    count = rng.choice([2, 3, 4, 5, 10])
    each = f" (@ {money.text(amount // count)})" if amount % (100 * count) == 0 else ""
    return f"{count} x {name}{each}"


def _scan_digits(text: str, rng: Random) -> str:
    """Digits become letters that look like them; of every run of digits one stays, and a single digit always."""

    def scanned(run: re.Match[str]) -> str:
        chosen = [c in LETTERS and rng.random() < 0.5 for c in run[0]]
        if all(chosen):
            chosen[rng.randrange(len(chosen))] = False
        return "".join(LETTERS[c] if swap else c for c, swap in zip(run[0], chosen, strict=True))

    return re.sub(r"\d+", scanned, text)


def _scan_number(number: str, scan: Callable[[str], str]) -> str:
    """An invoice number after scanning; its first digit stays, or nobody could tell S720 from 5720."""
    first = re.search(r"\d", number)
    kept = first.end() if first else 0
    return number[:kept] + scan(number[kept:])


def _scan_word(word: str, rng: Random) -> str:
    """A label as a scanner breaks it: a blank inside, or a letter read as a digit."""
    kind = rng.random()
    if kind < 0.4 and len(word) > 3:
        cut = rng.randint(2, len(word) - 2)
        return f"{word[:cut]} {word[cut:]}"
    swaps = [(a, b) for a, b in (("o", "0"), ("l", "1"), ("O", "0"), ("I", "l"), ("t", "f")) if a in word]
    if kind < 0.8 and swaps:
        return word.replace(*rng.choice(swaps), 1)
    return word


