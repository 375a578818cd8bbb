"""The rules for texts. Each says what it changes, and why that cannot change what the text means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from goldgate.data.cleaning.invisible import OVERRIDES, without_controls, without_invisible
from goldgate.data.cleaning.mojibake import doubt, repair

_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")  # blanks of other widths, and those that break no line
_FIRST_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        name: What it did, as it is told with the number of rows.
        why: Why the text still means the same.
        change: The rule itself; applied twice, it changes no more than once.
    """

    name: str
    why: str
    change: Callable[[str], str]


def _outer(text: str) -> str:
    text = _FIRST_LINES.sub("", text.rstrip())
    return text if "\n" in text else text.lstrip()


RULES = (
    Rule(
        "letters composed (NFC)",
        "Unicode defines the two spellings of a letter as the same text",
        lambda text: unicodedata.normalize("NFC", text),
    ),
    Rule(
        "broken encoding repaired",
        "the text was UTF-8 that had been read in another encoding; writing it back gives the broken text again",
        repair,
    ),
    Rule(
        "control characters removed",
        "nothing is drawn for them; tabs, line breaks and page breaks stay, and separators become blanks",
        without_controls,
    ),
    Rule(
        "invisible characters removed",
        "nothing is drawn for them; they stay where they join letters or emoji, end words or turn the direction",
        without_invisible,
    ),
    Rule(
        "odd blanks made plain",
        "a no-break space or a blank of another width is a blank; each becomes one, so columns stay in place",
        lambda text: _BLANKS.sub(" ", text),
    ),
    Rule(
        "outer blanks removed",
        "nothing stands there; blanks and line breaks within the text, and the first line's indentation, stay",
        _outer,
    ),
)
"""The rules in their order. Blanks and line breaks within a text are never changed otherwise, so code and tables keep
their form.
"""


def clean_text(text: str) -> tuple[str, tuple[str, ...]]:
    """Applies the rules until none changes anything, because one may make room for another.

    Args:
        text: A text.

    Returns:
        The clean text, and the names of the rules that changed it.
    """
    if text.isascii() and text.isprintable() and text == text.strip():
        return text, ()
    applied: dict[str, None] = {}
    before = None
    while before != text:
        before = text
        for rule in RULES:
            if (new := rule.change(text)) != text:
                applied[rule.name], text = None, new
    return text, tuple(applied)


def left(text: str) -> str:
    """Says what looks wrong with a clean text and is left as it is; empty if nothing does."""
    if OVERRIDES.search(text):
        return "characters that turn the order in which letters are drawn (U+202D, U+202E)"
    return doubt(text)
