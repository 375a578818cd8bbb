"""Facts of an invoice before it is written: names, numbers, sums, and the right answer that follows from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import invoice_words as words
import train_forms
import train_words

Day = tuple[int, int, int]  # year, month, day
Line = tuple[str, int | str | Day]  # a label with money in cents, a number or name that is no money, or a day
LISTED = 0.3  # share of train's items that come from the list which the other splits share
ASIDES = 0.25  # share of train's invoices with a line that names another company, number or day
KNOWN_NAMES = 0.25  # share of dev and golden vendors and items that train has too


@dataclass(frozen=True)
class Draft:
    """An invoice before it is written. Money in cents; None: the invoice does not say it."""

    lang: str
    features: frozenset[str]
    vendor: str | None
    number: str | None
    date: Day | None
    currency: str | None
    items: tuple[tuple[str, int], ...]
    total: int | None
    before: tuple[Line, ...] = ()
    after: tuple[Line, ...] = ()
    aside: Line | None = None  # a line with {} where its value goes, and the value; only train has it

    @property
    def answer(self) -> dict[str, Any]:
        sign = -1 if "credit_note" in self.features else 1
        return {
            "vendor": self.vendor,
            "number": self.number,
            "date": None if self.date is None else "{:04}-{:02}-{:02}".format(*self.date),
            "currency": self.currency,
            "total": None if self.total is None else _decimal(sign * self.total),
        }

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Goods and services with their amounts: on the page, not asked for."""
        return [{"name": name, "amount": _decimal(amount)} for name, amount in self.items]


def _decimal(cents: int) -> int | float:
    return cents // 100 if cents % 100 == 0 else cents / 100


def draft(split: str, features: frozenset[str], rng: Random) -> Draft:
    """An invoice with these features, its facts drawn from the split's own names."""
    lang = rng.choice(["de", "fr", "es"]) if "foreign_heading" in features else "en"
    currency = rng.choice(words.CURRENCIES[lang])
    if currency in ("JPY", "USD", "MXN") and "decimal_comma" in features:
        currency = "EUR"
    count = rng.choice([2, 2, 2, 3]) if "multi_item" in features else int(rng.random() > 0.12)
    whole = currency == "JPY" or ("decimal_comma" not in features and rng.random() < 0.5)
    names = _items(split, lang, rng, count)
    items = tuple((name, _price(rng, whole)) for name in names)
    made = Draft(
        lang,
        features,
        _vendor(split, lang, rng),
        _number(split, rng, "ocr_noise" in features),
        (rng.randint(2019, 2025), rng.randint(1, 12), rng.randint(1, 28)),
        currency,
        items,
        sum(a for _, a in items) if items else _price(rng, whole),
    )
    if "discount_tax" in features:
        made = _with_taxes(made, rng, whole)
    if "lookalike_total" in features:
        made = _with_lookalikes(made, rng, whole)
    if split == "train" and rng.random() < ASIDES:
        made = _with_aside(made, rng)
    return _without(made, rng) if "missing_field" in features else made


def _names(pool: dict[str, dict[str, str]], split: str, lang: str, rng: Random, between: str | None) -> list[str]:
    known = split == "train" or rng.random() < KNOWN_NAMES
    return pool["train" if known else split][lang].split(between)


def _items(split: str, lang: str, rng: Random, count: int) -> list[str]:
    known = _names(words.ITEMS, split, lang, rng, "|")
    return rng.sample(known if split != "train" or rng.random() < LISTED else train_words.ITEMS[lang], count)


def _vendor(split: str, lang: str, rng: Random) -> str:
    if split == "train":
        return train_words.vendor(lang, words.FAMILIES["train"][lang].split(), words.TRADES[lang], rng)
    family = rng.choice(_names(words.FAMILIES, split, lang, rng, None))
    trade = rng.choice(words.TRADES[lang])
    form = rng.random()
    if form < 0.15:
        return f"{family} & Co"
    return f"{trade} {family}" if form < 0.4 and lang in ("fr", "es") and len(trade) > 4 else f"{family} {trade}"


def _number(split: str, rng: Random, scanned: bool) -> str:
    """An invoice number; for a scan, without letters that a scanner confuses with digits."""
    if split == "train":
        return train_forms.number(rng, scanned)
    size = rng.choice([2, 3, 3, 3, 4])
    digits = str(rng.randint(10**size, 10 ** (size + 1) - 1))
    form = rng.random()
    if form < 0.55:
        return digits
    prefix = rng.choice(["RE-", "F", "A/", "R-", "N"] if scanned else ["INV-", "RE-", "F", "A/", "GR-", "R-", "K"])
    return prefix + digits[:4] if form < 0.9 else f"{prefix}{digits[:2]}-{digits[-2:]}"


def _price(rng: Random, whole: bool) -> int:
    size = rng.random()
    high = 99 if size < 0.45 else 999 if size < 0.85 else 4999
    cents = 0 if whole else rng.choice([0, 50, 25, 90, 95, 99, 40, rng.randint(1, 99)])
    return rng.randint(max(4, high // 12), high) * 100 + cents


def _with_taxes(made: Draft, rng: Random, whole: bool) -> Draft:
    """Lines between the items and the total, which is their sum: it is printed and never needs computing."""
    other, step = words.OTHERS[made.lang], 100 if whole else 1
    net = made.total or 0
    kinds = rng.choice([("subtotal", "tax"), ("tax",), ("discount",), ("shipping",), ("subtotal", "discount")])
    before: list[Line] = []
    total = net
    for kind in kinds:
        label = rng.choice(other[kind])
        percent = re.search(r"(\d+)%", label)
        part = round(net * (int(percent[1]) if percent else rng.choice([5, 8, 12])) / 100 / step) * step or step
        value = {"subtotal": net, "tax": part, "shipping": part, "discount": -part}[kind]
        total += 0 if kind == "subtotal" else value
        before.append((label, value))
    return replace(made, total=total, before=tuple(before))


def _with_lookalikes(made: Draft, rng: Random, whole: bool) -> Draft:
    """Sums and numbers beside the total that are neither the total nor the invoice's number."""
    other, total = words.OTHERS[made.lang], made.total or 0
    kind = rng.choice(["previous", "paid", "paid", "paid", "customer", "order", "due"])
    before, after = made.before, made.after
    if kind == "previous":
        line = (rng.choice(other["previous"]), _price(rng, whole))
        before, after = ((*before, line), after) if rng.random() < 0.5 else (before, (*after, line))
    elif kind == "paid":
        paid = max(100, total * rng.choice([20, 25, 40, 50, 75]) // 10000 * 100)
        after = (*after, (rng.choice(other["paid"]), paid))
        if rng.random() < 0.6:
            after = (*after, (rng.choice(other["open"]), total - paid))
    elif kind == "due":
        year, month, day = made.date or (2024, 1, 1)
        due = (year + month // 12, month % 12 + 1, day)
        after = (*after, (rng.choice(other["due"]), due))
    else:
        before = ((rng.choice(other[kind]), str(rng.randint(1000, 9999))), *before)
    return replace(made, before=before, after=after)


def _with_aside(made: Draft, rng: Random) -> Draft:
    """A line with a customer, a number or a day that is not the invoice's; a credit note may name its invoice."""
    kind = rng.choice(["party", "number", "number", "day"])
    kind = "invoice" if "credit_note" in made.features and rng.random() < 0.5 else kind
    value: str | Day
    if kind == "party":
        value = _vendor("train", made.lang, rng)
    elif kind == "day":
        value = (rng.randint(2019, 2025), rng.randint(1, 12), rng.randint(1, 28))
    else:
        value = train_forms.number(rng, scanned=True)
    return replace(made, aside=(train_forms.aside(made.lang, kind, rng), value))


def _without(made: Draft, rng: Random) -> Draft:
    """The draft without one field; a total is dropped only where no other sum could be meant."""
    kinds = ["number", "number", "date", "date", "currency", "vendor"]
    if made.items and not made.before and not made.after and "credit_note" not in made.features:
        kinds += ["total", "total"]
    gone: dict[str, Any] = {rng.choice(kinds): None}
    return replace(made, **gone)
