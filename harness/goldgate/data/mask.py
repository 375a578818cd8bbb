"""Masking the numbers and dates of a text, so that texts which differ only in them compare as equal."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"\d+(?:[.,:/'\u2019-]\d+)*")
_SPACE = re.compile(r"\s+")


def masked(text: str) -> str:
    """Masks a text. Two texts with the same masked form in different splits are a leak.

    Args:
        text: The text.

    Returns:
        The text in lower case with whitespace collapsed and every run of digits and separators replaced by 0.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _SPACE.sub(" ", _NUMBER.sub("0", folded)).strip()
