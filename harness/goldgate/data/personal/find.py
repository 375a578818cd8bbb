"""Everything that is found in one text, and where a row has texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from goldgate.data.personal.accounts import cards, ibans
from goldgate.data.personal.found import Found, apart
from goldgate.data.personal.national import national_numbers
from goldgate.data.personal.reachable import emails, network_addresses, phones
from goldgate.data.personal.secrets import secrets
from goldgate.data.row import Row
from goldgate.task.examples import Example

Rows = TypeVar("Rows", Row, Example)
_FIELDS = ("input", "output", "accept", "tags", "group", "more", "meta")
_DIGITS = re.compile(r"\d(?:\D{0,3}\d){5}")  # the shortest number that is found has six digits


def find(text: str) -> list[Found]:
    """Finds personal data and secrets.

    Args:
        text: Any text.

    Returns:
        What was found, in order; no two overlap.
    """
    found = [*secrets(text), *emails(text), *network_addresses(text)]
    if _DIGITS.search(text):
        numbers = (*ibans(text), *cards(text), *national_numbers(text), *phones(text))
        found += [one for one in numbers if not _stands_in(text[one.start : one.end])]
    return apart(found)


def _stands_in(said: str) -> bool:
    """Returns whether a number begins as those do that were put in place of others; no other number does."""
    return "".join(c for c in said if c.isdigit()).startswith("0000")


def texts_of(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Walks through the texts of a value. Whole numbers are texts too, because phone numbers are often kept as such.

    Args:
        value: A JSON value, in which tuples count as lists.
        name: The key that the value belongs to.

    Yields:
        What stands before a text, which is its key with a colon, and the text itself.
    """
    if isinstance(value, str):
        yield (f"{name}: " if name else ""), value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield (f"{name}: " if name else ""), str(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield "", str(key)
            yield from texts_of(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_of(inner, name)


def changed(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:
    """Replaces the texts of a value.

    Args:
        value: As `texts_of` takes it.
        change: Takes what stands before a text, and the text; returns the new text.
        name: The key that the value belongs to.

    Returns:
        The value with the new texts; a whole number stays one where its new text is one.
    """
    lead = f"{name}: " if name else ""
    if isinstance(value, str):
        return change(lead, value)
    if isinstance(value, int) and not isinstance(value, bool):
        new = change(lead, str(value))
        return value if new == str(value) else int(new) if new.isdigit() else new
    if isinstance(value, Mapping):
        return {change("", str(key)): changed(inner, change, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(changed(inner, change, name) for inner in value)
    return value


def found_in(lead: str, text: str) -> list[Found]:
    """Finds in a text what a reader who sees its key would; the positions are those in the text."""
    at = len(lead)
    inside = [one for one in find(lead.replace("_", " ") + text) if one.end > at]
    return [Found(one.kind, max(0, one.start - at), one.end - at, one.secret) for one in inside]


def parts_of(row: Row | Example) -> Iterator[tuple[str, Any]]:
    """Yields the name and the value of each field of a row or an example that may hold texts of people."""
    for field in fields(row):
        if field.name in _FIELDS and getattr(row, field.name):
            yield field.name, getattr(row, field.name)


def with_texts(row: Rows, change: Callable[[str, str], str]) -> Rows:
    """Returns a row or an example in which `change`, as `changed` takes it, has replaced the texts."""
    new = {name: changed(value, change) for name, value in parts_of(row)}
    return row if all(new[name] == value for name, value in parts_of(row)) else replace(row, **new)
