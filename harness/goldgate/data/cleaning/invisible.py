"""Characters that are not drawn: control characters, zero-width characters, marks of the writing direction."""

from __future__ import annotations

import re
import unicodedata

import regex

from goldgate.task.form import text_form

_TERMINAL = r"\x1b\[[0-?]{0,20}[ -/]{0,5}[@-~]"  # colours of a terminal (ECMA-48)
_CONTROL = re.compile(rf"{_TERMINAL}|[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_SEPARATORS = re.compile(r"[\x1c-\x1f]")  # they part fields and records, so a blank takes their place

_JOINERS = "\u200c\u200d"
_ZERO_WIDTH = "\u200b\u2060\ufeff\u00ad"  # zero-width space, word joiner, byte order mark, soft hyphen
_DIRECTIONS = "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
OVERRIDES = re.compile("[\u202d\u202e]")
"""The two characters that turn the order in which the letters after them are drawn."""
_RUN = re.compile(f"[{_JOINERS}{_ZERO_WIDTH}{_DIRECTIONS}\U000e0000-\U000e007f]+")
# Where a joiner has no effect: next to these letters, or next to nothing.
_UNJOINED = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Nd}\p{P}\p{Z}\s\x00-\x7f]")
# Scripts without blanks between words, where a zero-width space is the end of a word.
_WORDS = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Javanese}\p{Balinese}\p{Tai_Tham}]")
_FLAG = "\U0001f3f4"  # the flags of England, Scotland and Wales are this one with invisible letters


def without_controls(text: str) -> str:
    """Removes control characters other than tabs and line or page breaks, and colours of a terminal.

    Nothing is drawn for them. The four separators 0x1C to 0x1F part words, so each becomes a blank.
    """
    return _SEPARATORS.sub(" ", _CONTROL.sub("", text))


def without_invisible(text: str) -> str:
    """Removes zero-width characters, invisible letters and marks of direction where they have no effect.

    They stay where they have one: joiners in emoji and in scripts that join letters, zero-width spaces in scripts that
    have no blanks, marks of direction in texts with letters that run from right to left or with an override.
    """
    if text.isascii():
        return text
    directed: bool | None = None

    def kept(match: re.Match[str]) -> str:
        nonlocal directed
        run, before, after = match[0], text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if any(c in _JOINERS for c in run) and not all(not c or _UNJOINED.match(c) for c in (before, after)):
            return run
        if before == _FLAG:
            return run
        if directed is None:
            directed = is_directed(text)
        ends_word = any(c and _WORDS.match(c) for c in (before, after))
        return "".join(c for c in run if (directed and _is_direction(c)) or (ends_word and c == "\u200b"))

    return _RUN.sub(kept, text)


def visible(text: str) -> str:
    """Returns the form of a label or a name that a reader sees. Labels of one such form are one label.

    Args:
        text: A label.

    Returns:
        The text as `text_form` compares it, without any character that is not drawn.
    """
    return text_form(text if text.isascii() and text.isprintable() else _RUN.sub("", without_controls(text)))


def is_directed(text: str) -> bool:
    """Returns whether marks of direction change how a text is drawn."""
    return OVERRIDES.search(text) is not None or any(
        unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in _RUN.sub("", text)
    )


def _is_direction(c: str) -> bool:
    return c in "\u200e\u200f\u061c" or "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069"
