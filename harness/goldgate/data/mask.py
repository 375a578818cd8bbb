"""The forms in which texts are compared: with numbers or without, with punctuation or without."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_NUMBER = re.compile(r"\d+(?:[.,:/'\u2019-]\d+)*")
_SIGNS = re.compile(r"[\x00-/:-@\[-`{-\xbf\u2000-\u2bff\u3000-\u303f]+")  # after NFKC, which maps full-width forms
_SIGNS_COUNT = 10  # characters; in a shorter text punctuation is content: C++ is not C#
_BOILERPLATE = 10  # texts that must share a line, and more than half of them, for it to be boilerplate


def folded(text: str) -> str:
    """Folds a text. Two rows with the same folded input are the same question.

    Args:
        text: The text.

    Returns:
        The text in lower case (Unicode's NFKC form, case-folded) with runs of white space as one blank.
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def masked(text: str) -> str:
    """Masks a text. Two texts with the same masked form in different splits are a leak.

    Args:
        text: The text.

    Returns:
        The folded text with every run of digits and separators replaced by 0.
    """
    return _NUMBER.sub("0", folded(text))


def plain(text: str) -> str:
    """Leaves letters and digits of a text, whose 5-grams are then compared.

    Args:
        text: The text.

    Returns:
        The folded text with every run of punctuation and white space as one blank; with its punctuation if less than 10
        characters would be left.
    """
    whole = folded(text)
    bare = _SIGNS.sub(" ", whole).strip()
    return bare if len(bare) >= _SIGNS_COUNT else whole


def boilerplate(texts: Iterable[str]) -> frozenset[str]:
    """Finds the lines that most texts share, such as an instruction.

    Args:
        texts: The texts.

    Returns:
        The lines, folded, that stand in more than half of the texts, and in at least 10.
    """
    count, lines = 0, Counter[str]()
    for text in texts:
        count += 1
        if "\n" in text:
            lines.update({folded(line) for line in text.split("\n")})
    least = max(_BOILERPLATE, count // 2 + 1)
    return frozenset(line for line, found in lines.items() if found >= least)


def without_lines(text: str, lines: frozenset[str]) -> str:
    """Removes lines from a text.

    Args:
        text: The text.
        lines: The lines to remove, folded.

    Returns:
        The other lines; the whole text if there are none.
    """
    if not lines or "\n" not in text:
        return text
    kept = "\n".join(line for line in text.split("\n") if folded(line) not in lines)
    return kept if kept.strip() else text
