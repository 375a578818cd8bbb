"""Regular expressions, matched with a bound on their time: those of JSON Schema (ECMA-262), and Python's own.

The package `regex` does the matching, because it can be stopped. Where it, like Python's `re`, gives a construct
another meaning than ECMA-262 does, it is rewritten: `$`, `.`, `\\d`, `\\w`, `\\s`, `\\b` and their complements, `{`
that repeats nothing, and empty classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

LONGEST_MATCH = 1.0
"""Seconds that one pattern may take on one text: ordinary patterns take microseconds, and those that backtrack without
an end take years, so the verdict does not depend on the machine.
"""

_DIGIT, _WORD = "0-9", "0-9A-Z_a-z"
_SPACES = (
    *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_LAST = 0x10FFFF


def _ranges(pairs: Iterable[tuple[int, int]]) -> str:
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in pairs)


def _others(pairs: Iterable[tuple[int, int]]) -> str:
    """Returns the ranges of every character that is in none of these, which are in order."""
    start = 0
    found: list[tuple[int, int]] = []
    for low, high in pairs:
        found += [(start, low - 1)] if start < low else []
        start = high + 1
    return _ranges([*found, (start, _LAST)])


# What a class escape stands for, as the inside of a character class.
_CLASSES = {
    "d": _DIGIT,
    "D": _others([(0x30, 0x39)]),
    "w": _WORD,
    "W": _others([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]),
    "s": _ranges(_SPACES),
    "S": _others(_SPACES),
}
_BOUNDARY = f"(?:(?<![{_WORD}])(?=[{_WORD}])|(?<=[{_WORD}])(?![{_WORD}]))"
_NO_BOUNDARY = f"(?:(?<![{_WORD}])(?![{_WORD}])|(?<=[{_WORD}])(?=[{_WORD}]))"
_REPEAT = re.compile(r"\{[0-9]+(,[0-9]*)?\}")
_ANY_BUT_LINE_ENDS = r"[^\n\r\u2028\u2029]"


class Undecided(Exception):
    """A pattern took longer than LONGEST_MATCH on a text."""


def compile_pattern(pattern: str) -> Any:
    """Compiles a pattern of JSON Schema.

    Args:
        pattern: The pattern, in the dialect of ECMA-262.

    Returns:
        A compiled pattern of the package `regex`.

    Raises:
        ValueError: It is not a valid regular expression.
    """
    return _compiled(as_python(pattern), pattern)


@lru_cache(maxsize=256)
def _compiled(python: str, pattern: str) -> Any:
    import regex

    try:
        return regex.compile(python, regex.VERSION0)
    except (regex.error, OverflowError, RecursionError, IndexError) as error:
        raise ValueError(f"{pattern!r:.60} is not a valid regular expression ({error})") from error


def found_in(pattern: str, text: str) -> bool:
    """Searches a text for a pattern, as the keyword `pattern` does: only its own anchors anchor it.

    Args:
        pattern: The pattern, in the dialect of ECMA-262.
        text: The text.

    Returns:
        Whether it is found.

    Raises:
        Undecided: That is not known after LONGEST_MATCH seconds.
        ValueError: The pattern is not a valid regular expression.
    """
    return _decided(_found(as_python(pattern), text), pattern)


def found_by_python(pattern: str, text: str) -> bool:
    """Searches a text for a pattern in Python's dialect, as `re.search` does.

    Args:
        pattern: The pattern.
        text: The text.

    Returns:
        Whether it is found.

    Raises:
        Undecided: That is not known after LONGEST_MATCH seconds.
        ValueError: The pattern is not a valid regular expression.
    """
    return _decided(_found(pattern, text), pattern)


def _decided(found: bool | None, pattern: str) -> bool:
    if found is None:
        raise Undecided(f"the pattern {pattern!r:.60} takes longer than {LONGEST_MATCH:g} s")
    return found


@lru_cache(maxsize=4096)
def _found(python: str, text: str) -> bool | None:
    """Returns None if it takes too long: remembered like the rest, because several metrics ask for the same text."""
    try:
        return _compiled(python, python).search(text, timeout=LONGEST_MATCH) is not None
    except (TimeoutError, MemoryError):
        return None


@lru_cache(maxsize=256)
def as_python(pattern: str) -> str:
    """Rewrites a pattern of ECMA-262 so that the package `regex` understands it in the same way.

    Args:
        pattern: The pattern.

    Returns:
        The rewritten pattern. Whether it is valid is left to the compiler.
    """
    written: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            piece, at = _escape(pattern, at, inside=False)
        elif char == "[":
            piece, at = _class(pattern, at)
        elif char == "{" and not _REPEAT.match(pattern, at):
            piece, at = r"\{", at + 1
        else:
            piece, at = {"$": r"\Z", ".": _ANY_BUT_LINE_ENDS}.get(char, char), at + 1
        written.append(piece)
    return "".join(written)


def _class(pattern: str, at: int) -> tuple[str, int]:
    """Rewrites the character class that begins at a position. Returns it, and the position after it."""
    negated = pattern.startswith("^", at + 1)
    at += 2 if negated else 1
    written: list[str] = []
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at] == "\\":
            piece, at = _escape(pattern, at, inside=True)
        else:
            # Doubled, these would be set operations in later versions of Python; alone, "[" opens nothing in ECMA-262.
            piece, at = f"\\{pattern[at]}" if pattern[at] in "[&~|" else pattern[at], at + 1
        written.append(piece)
    if at == len(pattern):
        return "[", at  # not closed: the compiler says so
    if not written:
        return (r"[\s\S]" if negated else "(?!)"), at + 1
    return f"[{'^' if negated else ''}{''.join(written)}]", at + 1


def _escape(pattern: str, at: int, inside: bool) -> tuple[str, int]:
    """Rewrites the escape at a position, inside or outside of a class. Returns it, and the position after it."""
    name, after = pattern[at + 1 : at + 2], at + 2
    if name in _CLASSES:
        return (_CLASSES[name] if inside else f"[{_CLASSES[name]}]"), after
    if name in ("b", "B") and not inside:
        return (_BOUNDARY if name == "b" else _NO_BOUNDARY), after
    if name == "u" and pattern.startswith("{", after) and (end := pattern.find("}", after)) > 0:
        digits = pattern[after + 1 : end]
        return (f"\\U{digits:0>8}" if digits.isalnum() else "\\u{"), end + 1
    if name == "c" and pattern[after : after + 1].isalpha() and pattern[after : after + 1].isascii():
        return f"\\x{ord(pattern[after]) % 32:02x}", after + 1
    if name == "k" and pattern.startswith("<", after) and (end := pattern.find(">", after)) > 0:
        return f"(?P={pattern[after + 1 : end]})", end + 1
    if name in ("p", "P") and pattern.startswith("{", after) and (end := pattern.find("}", after)) > 0:
        return pattern[at : end + 1], end + 1
    if name in ("A", "Z", "z") and not inside:
        raise ValueError(f'"\\{name}" is not ECMA-262: write ^ and $, which match only at the ends of the text')
    return pattern[at:after], after
