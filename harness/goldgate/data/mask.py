"""The forms in which texts are compared: with numbers or without, with punctuation or without."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"\d+(?:[.,:/'\u2019-]\d+)*")
_SIGNS = re.compile(r"[\x00-/:-@\[-`{-\xbf\u2000-\u2bff\u3000-\u303f]+")  # after NFKC, which maps full-width forms
_SIGNS_COUNT = 10  # characters; in a shorter text punctuation is content: C++ is not C#
_BOILERPLATE = 10  # texts that must share something, and more than half of them, for it to be boilerplate
_SHORTEST_SHARED = 30  # characters of a beginning or an end, about five words: fewer may be what a text is about
_BLANK = re.compile(" ")
_LAST = "\U0010ffff"  # sorts behind every text that goes on


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


@dataclass(frozen=True)
class Boilerplate:
    """What most texts share, such as an instruction: it says nothing about how alike two of them are.

    Attributes:
        lines: Lines, folded.
        head: What the texts begin with, folded, apart from these lines; empty if they share no beginning.
        tail: What they end with.
    """

    lines: frozenset[str] = frozenset()
    head: str = ""
    tail: str = ""

    def __bool__(self) -> bool:
        return bool(self.lines or self.head or self.tail)

    def without(self, text: str) -> str:
        """Returns a text without them, folded if it has a head or a tail; whole if nothing would be left."""
        text = _without_lines(text, self.lines)
        if not self.head and not self.tail:
            return text
        whole = folded(text)
        return whole.removeprefix(self.head).removesuffix(self.tail).strip() or whole


def boilerplate(texts: Iterable[str]) -> Boilerplate:
    """Finds what most texts share.

    Args:
        texts: The texts.

    Returns:
        The lines that stand in more than half of the texts and in at least 10; and the longest beginning and end that
        so many texts share, if they have 30 characters or more.
    """
    texts = list(texts)
    least = max(_BOILERPLATE, len(texts) // 2 + 1)
    counts = Counter(line for text in texts if "\n" in text for line in {folded(one) for one in text.split("\n")})
    lines = frozenset(line for line, count in counts.items() if count >= least)
    rest = sorted(folded(_without_lines(text, lines)) for text in texts)
    head = _shared(rest, least)
    tail = _shared(sorted(text[::-1] for text in rest), least)[::-1]
    return Boilerplate(lines, head, tail)


def _without_lines(text: str, lines: frozenset[str]) -> str:
    if not lines or "\n" not in text:
        return text
    kept = "\n".join(line for line in text.split("\n") if folded(line) not in lines)
    return kept if kept.strip() else text


def _shared(ordered: Sequence[str], least: int) -> str:
    """The longest beginning, in whole words, that at least so many of the texts share; texts in alphabetical order.

    Texts with the same beginning stand side by side. If they are more than half, the middle one is among them.
    """
    if len(ordered) < least:
        return ""
    middle = ordered[len(ordered) // 2]
    ends = [match.end() for match in _BLANK.finditer(middle) if match.end() >= _SHORTEST_SHARED]

    def is_shared(end: int) -> bool:
        start = middle[:end]
        return bisect_right(ordered, start + _LAST) - bisect_left(ordered, start) >= least

    return middle[: ends[count - 1]] if (count := bisect_left(ends, True, key=lambda end: not is_shared(end))) else ""
