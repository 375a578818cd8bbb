"""The one form in which labels and texts are compared, and what tells two texts apart that look alike."""

from __future__ import annotations

import unicodedata

_SHOWN = 4
"""The most characters of one text whose code points are shown."""


def text_form(text: str) -> str:
    """Returns the form in which labels and answers are compared.

    Letters are composed (NFC: "e" with a combining accent is "é"), runs of white space count as one blank, and both
    ends are stripped. Case, punctuation and invisible characters that are no white space still count.

    Args:
        text: A label or an answer.

    Returns:
        The text in that form.
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def apart(one: str, other: str) -> str:
    """Says where two different texts differ, if a reader could not see it.

    Args:
        one: A text.
        other: Another text.

    Returns:
        The code points from the first difference on, such as "character 4 is U+00E9, not U+0065 U+0301"; empty if the
        texts are equal or visibly different.
    """
    if one == other or not _alike(one, other):
        return ""
    start, end = first_difference(one, other), 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    expected, got = (_points(text[start : len(text) - end]) for text in (one, other))
    return f"character {start + 1} is {got}, not {expected}"


def first_difference(one: str, other: str) -> int:
    """Returns the position of the first character in which two texts differ."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _points(text: str) -> str:
    if not text:
        return "absent"
    return " ".join(f"U+{ord(c):04X}" for c in text[:_SHOWN]) + (" …" if len(text) > _SHOWN else "")


def _alike(one: str, other: str) -> bool:
    """Returns whether two texts are drawn alike: they differ in blanks, in characters that are not drawn, in how a
    letter is composed, or only in places where one has an ASCII character and the other has not.
    """
    drawn = [_drawn(text) for text in (one, other)]
    if drawn[0] == drawn[1]:
        return True
    pairs = zip(*drawn, strict=False)
    return len(drawn[0]) == len(drawn[1]) and all(a == b or a.isascii() != b.isascii() for a, b in pairs)


def _drawn(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Mn"))
