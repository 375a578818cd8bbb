"""Perturbations that change the answer in a known way: one value is replaced in the input and in the expected output.

They apply only if the old value occurs exactly once in the input and once in every accepted output. They are not safe
if another value depends on it (a sum, a weekday, a due date), or if the match is a coincidence (a count of 22 next to
an amount of 22). An example whose new expected output the task's schema does not allow is not asked (see
`Scored.under`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from goldgate.perturb.perturbation import Edit, Perturbation, body, leaves, same_leaf
from goldgate.task.examples import Example

_AMOUNT = re.compile(r"(?<![\w.,/:#-])(\d{1,3}(?:,\d{3})+|\d{2,7})([.,]\d{2})?(?![\w/:-]|[.,]\d)")
_YEARS = range(1900, 2100)
_NAME = re.compile(r"[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,}){0,2}")
_NEW_WORDS = ("Tolvane", "Merrick", "Oskarby", "Haldren", "Quillon", "Vessley", "Brantmere", "Ilworth")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _once(example: Example, old: Any) -> bool:
    """Returns whether a value occurs exactly once in every accepted output; for text outputs, within the text."""

    def count(output: Any) -> int:
        if isinstance(output, str) and isinstance(old, str):
            return output.count(old)
        return sum(same_leaf(leaf, old) for leaf in leaves(output))

    return all(count(output) == 1 for output in example.answers)


def _swap(example: Example, old: str, new: str, answer: tuple[Any, Any]) -> list[Edit]:
    """Returns one edit if the old text occurs exactly once and the new one nowhere; otherwise none."""
    text = body(example)
    if text.count(old) != 1 or new in text or not _once(example, answer[0]):
        return []
    at = text.index(old)
    return [Edit(at, at + len(old), new, answer)]


def _changed_amount(example: Example, rng: Random) -> list[Edit]:
    found = list(_AMOUNT.finditer(body(example)))
    rng.shuffle(found)
    for token in found:
        value = _value(token)
        if sum(_value(other) == value for other in found) > 1 or _misread(body(example)).count(token.group()) > 1:
            continue
        new, turned = _other_digits(token, rng)
        if isinstance(example.output, str):
            if value in _YEARS:
                continue
            answer: tuple[Any, Any] = (token.group(), new)
        else:
            old = next((x for x in leaves(example.output) if not isinstance(x, str) and same_leaf(x, value)), None)
            answer = (old, type(old)(turned)) if old is not None else (value, turned)
        if edits := _swap(example, token.group(), new, answer):
            return edits
    return []


def _misread(text: str) -> str:
    """Reads the text as OCR errors would be read: the same amount, misprinted, would still state the old value."""
    return text.translate(str.maketrans("OolISB", "001158"))


def _value(token: re.Match[str]) -> float:
    whole, cents = token.groups()
    return float(whole.replace(",", "") + (cents or "").replace(",", "."))


def _other_digits(token: re.Match[str], rng: Random) -> tuple[str, float]:
    """Replaces the digits before the decimal mark with as many others. Returns the new text and its value."""
    whole, cents = token.group(1), token.group(2) or ""
    new = whole
    while new == whole:
        new = "".join(
            rng.choice("123456789" if i == 0 else "0123456789") if c.isdigit() else c for i, c in enumerate(whole)
        )
    return new + cents, float(new.replace(",", "") + cents.replace(",", "."))


def _changed_date(example: Example, rng: Random) -> list[Edit]:
    for old in _dates(example):
        days = [d for d in range(1, 29) if d != old.day and (d < 10) == (old.day < 10)]
        new = old.replace(day=rng.choice(days))
        written = [pair for pair in zip(_forms(old), _forms(new), strict=True) if pair[0] in body(example)]
        if len(written) != 1:
            continue
        as_text = isinstance(example.output, str)
        if edits := _swap(example, *written[0], written[0] if as_text else (old.isoformat(), new.isoformat())):
            return edits
    return []


def _dates(example: Example) -> Iterator[date]:
    """Yields the ISO dates among the output's values; for text outputs, those within the text."""
    texts = [leaf for leaf in leaves(example.output) if isinstance(leaf, str)]
    source = "\n".join(texts) if not isinstance(example.output, str) else body(example)
    for found in re.findall(r"\b\d{4}-\d{2}-\d{2}\b", source):
        try:
            yield date.fromisoformat(found)
        except ValueError:
            continue


def _forms(day: date) -> tuple[str, ...]:
    """Returns the ways to write a date that leave no doubt about which number is the day."""
    month = _MONTHS[day.month - 1]
    return day.isoformat(), f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}"


def _changed_name(example: Example, rng: Random) -> list[Edit]:
    if isinstance(example.output, str):
        return []
    names = [leaf for leaf in leaves(example.output) if isinstance(leaf, str) and _NAME.fullmatch(leaf)]
    rng.shuffle(names)
    for old in names:
        new = " ".join(rng.sample(_NEW_WORDS, len(old.split())))
        apart = re.findall(rf"(?<!\w){re.escape(old)}(?!\w)", body(example), re.IGNORECASE)
        if apart == [old] and (edits := _swap(example, old, new, (old, new))):
            return edits
    return []


changed_amount = Perturbation("changed_amount", "must_change", _changed_amount)
"""Gives one amount other digits, equally many, with the same decimals. In a JSON output it must be a number; in a text,
a number that is not a year. It must be written unambiguously (685, 174.00, 174,00, 1,204.50, but not 1.204).
"""

changed_date = Perturbation("changed_date", "must_change", _changed_date)
"""Moves one date to another day of its month. The output must write it as ISO; the input as ISO, 11 April 2025 or
April 11, 2025, but not as 04/05/2025.
"""

changed_name = Perturbation("changed_name", "must_change", _changed_name)
"""Replaces one value of a JSON output that looks like a name (one to three capitalised words) by a made-up name. Not
safe where the value is from a closed list that the schema does not state.
"""

MUST_CHANGE = (changed_amount, changed_date, changed_name)
