"""The form of a text once what varies without changing its kind is masked: numbers, dates, names."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"\d+(?:[.,:/'\u2019-]\d+)*")
_SPACE = re.compile(r"\s+")


def masked(text: str) -> str:
    """Case folded, blanks collapsed, every run of digits with its separators one 0.

    Two texts with one masked form differ in numbers and dates alone: across splits that is a leak.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _SPACE.sub(" ", _NUMBER.sub("0", folded)).strip()
