"""From facts to text: money, dates and labels in the forms of a language, and what a scanner makes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

import invoice_layouts as layouts
import invoice_words as words
import train_forms
import train_layouts
import train_words
from invoice_drafts import Day, Draft

LETTERS = {"0": "O", "1": "l", "5": "S", "8": "B"}  # what a scanner makes of a digit
PRINTED_SIGN = {"train": 0.35, "others": 0.5}  # share of credit notes whose total is printed with its minus
OWN_LABELS = 0.6  # share of train's invoices with labels that no other split has
CREDIT_SENTENCES = 0.5  # share of train's own credit notes whose sentences say that money comes back
OWN_FORMS = 0.3  # share of train's dates, and of its currencies, in forms that no other split has
SHOUTED = 0.2  # share of train's own headings in capitals
GAPS = ("n/a", "-", "?", "...")  # what stands where a value is missing, if not nothing


def write(made: Draft, split: str, unseen: bool, rng: Random) -> tuple[str, frozenset[str], str]:
    """The invoice's text, the tags that are true of it, and its layout; an unseen one has labels of its own too."""
    own_layouts = train_layouts.LAYOUTS if split == "train" else layouts.UNSEEN[split]
    layout = rng.choice(own_layouts if unseen else layouts.SEEN)
    scan: Callable[[str], str] = (lambda text: _scan_digits(text, rng)) if "ocr_noise" in made.features else str
    money = _Money(made, rng, train_forms.MONEY if split == "train" else {})
    # Train's own labels stand in layouts that the other splits share, too; theirs only in those of their own.
    own = unseen if split != "train" else rng.random() < OWN_LABELS
    page = _labels(made, split if own else "seen", rng)

    def value(content: int | str | Day) -> str:
        if isinstance(content, int):
            return scan(money.text(content))
        return scan(content if isinstance(content, str) else _day(content, made, rng, split == "train"))

    gap = rng.choice(GAPS) if layout is not layouts.letter and rng.random() < 0.4 else None
    printed = PRINTED_SIGN["train" if split == "train" else "others"]
    negative = "credit_note" in made.features and rng.random() < printed
    minus = (rng.choice(train_forms.MINUS) if split == "train" else "-{}") if negative else "{}"
    page = replace(
        page,
        vendor=made.vendor,
        no=gap if made.number is None else _scan_number(made.number, scan),
        day=gap if made.date is None else value(made.date),
        total=gap if made.total is None else scan(money.text(made.total, True, minus)),
        lines=tuple((_counted(n, a, money, rng), scan(money.text(a, made.total is None))) for n, a in made.items),
        before=tuple((label, value(content)) for label, content in made.before),
        after=tuple((label, value(content)) for label, content in made.after),
    )
    tags = made.features - {"decimal_comma"} | ({"decimal_comma"} if money.reversed else set())
    tags -= {"date_format"} if made.date is None else set()
    text = layout(page, rng)
    if made.aside is not None:
        text = train_forms.with_aside(text, made.aside[0].format(value(made.aside[1])), rng)
        tags |= {"lookalike_total"}
    named = layout.__name__ + (", unseen" if unseen else "")
    return text, tags | {"unseen_layout"} if unseen and split != "train" else tags, named


def _labels(made: Draft, phrasing: str, rng: Random) -> layouts.Page:
    """A page with its labels and sentences, and no values yet."""
    own = words.LABELS.get(phrasing, train_words.LABELS)[made.lang]
    sentences = words.SENTENCES.get(phrasing, train_words.SENTENCES)[made.lang]
    notes = words.NOTES[made.lang]
    if phrasing == "train":
        notes = notes + train_words.NOTES[made.lang]
        said = made.total is not None and made.vendor is not None
        if said and "credit_note" in made.features and rng.random() < CREDIT_SENTENCES:
            sentences = train_words.CREDIT_SENTENCES[made.lang]
    fixed = words.FIXED[made.lang]
    vendor = rng.choice(train_words.SELLERS[made.lang]) if phrasing == "train" else fixed["vendor"]
    head = rng.choice(own["credit" if "credit_note" in made.features else "head"])
    head = head.upper() if phrasing == "train" and rng.random() < SHOUTED else head
    total = rng.choice(own["sum"])
    if "ocr_noise" in made.features:
        head, total = _scan_word(head, rng), _scan_word(total, rng)
    return layouts.Page(
        head=head,
        no_label=rng.choice(own["no"]),
        day_label=rng.choice(own["day"]),
        sum_label=total,
        note=rng.choice(notes) if rng.random() < 0.3 else "",
        vendor_label=vendor,
        item_label=fixed["item"],
        sentence=tuple(rng.choice(sentences)),
    )


class _Money:
    """Writes the amounts of one invoice in one style.

    `reversed` tells whether an amount was written with a comma where English has a point, or the other way round.
    """

    def __init__(self, made: Draft, rng: Random, more: Mapping[str, list[str]]) -> None:
        comma = "decimal_comma" in made.features or (made.lang != "en" and rng.random() < 0.5)
        styles = [(".", ","), (".", ","), (" ", ",")] if comma else [("", "."), ("", "."), (",", "."), ("'", ".")]
        self.thousands, self.point = rng.choice(styles)
        self.bare = rng.random() < 0.75
        self.form = "{}" if made.currency is None else rng.choice(words.CURRENCY[made.currency])
        if made.currency in more and rng.random() < OWN_FORMS:
            self.form = rng.choice(more[made.currency])
        self.everywhere = rng.random() < 0.2
        self.whole = made.currency == "JPY"
        self.reversed = False

    def text(self, cents: int, named: bool = False, minus: str = "{}") -> str:
        """The amount; with its currency where `named`, or where this invoice has it everywhere."""
        units, rest = divmod(abs(cents), 100)
        text = f"{units:,}".replace(",", self.thousands)
        if not (self.whole or (rest == 0 and self.bare)):
            text += f"{self.point}{rest:02}"
        self.reversed |= self.point == "," and ("," in text or "." in text)
        text = f"-{text}" if cents < 0 else minus.format(text)
        return self.form.format(text) if named or self.everywhere else text


def _day(date: Day, made: Draft, rng: Random, train: bool) -> str:
    year, month, day = date
    name = words.MONTHS[made.lang][month - 1]
    if train and rng.random() < OWN_FORMS:
        return rng.choice(train_forms.days(made.lang, year, month, day, name))
    plain = {
        "en": [f"{year}-{month:02}-{day:02}", f"{day:02}/{month:02}/{year}", f"{day} {name} {year}"],
        "de": [f"{day:02}.{month:02}.{year}", f"{day}. {name} {year}"],
        "fr": [f"{day:02}/{month:02}/{year}", f"{day} {name} {year}"],
        "es": [f"{day:02}/{month:02}/{year}", f"{day} de {name} de {year}"],
    }
    short = f"{name[:3]}" if made.lang in ("en", "es") else f"{month:02}"
    odd = [
        f"{day:02}.{month:02}.{year % 100:02}",
        f"{day}/{month}/{year % 100:02}",
        f"{day:02}-{short}-{year}",
        f"{year}/{month:02}/{day:02}",
        f"{year}{month:02}{day:02}",
        f"{day}.{month}.{year}",
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
