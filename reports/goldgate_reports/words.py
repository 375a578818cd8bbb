"""How numbers and untrusted text are written: percentages, points, durations, and visible control characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

Scale = Literal["rate", "points", "plain"]

NOT_RECORDED = "not recorded"
LONGEST_TEXT = 1200  # characters of an answer or input before it is truncated: about one screen

# Joiners hold scripts and emoji together, and soft hyphens are invisible by design. Everything else that readers cannot
# see, or that changes the order of what they see, is spelled out.
_HARMLESS = frozenset("\n\t\u200c\u200d\u00ad")
_SUSPECT = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_MARKDOWN = re.compile(r"([\\`*_\[\]#|~])")
# Parts of metric names whose values are not shares of 1, for records without bounds.
_PLAIN = ("tokens", "cost", "similarity", "seconds", "latency")


def visible(text: str) -> str:
    """Spells out every control, bidirectional, format and surrogate character, as in ⟨U+202E⟩."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in _HARMLESS else _shown(c) for c in text.replace("\r\n", "\n"))


def _shown(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩" if unicodedata.category(character) in _SUSPECT else character


def for_html(value: Any) -> Any:
    """Makes text visible before a template escapes it. Markup, such as a macro's output, stays as it is."""
    return visible(value) if type(value) is str else value


def for_markdown(value: Any) -> Any:
    """Prepares text for a Markdown document: one line, control characters visible, Markdown and HTML escaped."""
    if type(value) is not str:
        return value
    flat = " ".join(visible(value).split())
    return _MARKDOWN.sub(r"\\\1", flat).replace("<", "&lt;")


def cut(text: str, limit: int = LONGEST_TEXT) -> tuple[str, int]:
    """Truncates a long text.

    Args:
        text: The text.
        limit: The most characters to keep.

    Returns:
        The kept text, and the number of characters left out.
    """
    return (text, 0) if len(text) <= limit else (text[:limit], len(text) - limit)


def scale_of(metric: str, bounds: tuple[float, float] | None) -> Scale:
    """Decides how a metric is written: as a percentage, in percentage points, or as a plain number.

    Args:
        metric: Its name.
        bounds: The lowest and the highest value it can have; None where they were not recorded.

    Returns:
        The scale: "rate" for a share, "points" for a difference between shares, otherwise "plain".
    """
    if any(word in metric for word in _PLAIN):
        return "plain"
    if bounds is None:
        return "points" if " - " in metric else "rate"
    if bounds == (0.0, 1.0):
        return "rate"
    return "points" if bounds == (-1.0, 1.0) and " - " in metric else "plain"


def number(value: float | None, scale: Scale, *, signed: bool = False, unit: bool = True) -> str:
    """Writes a value in its scale, as in 92.3%, +84.5 points or 0.0123.

    Args:
        value: The value; None is "not recorded".
        scale: How to write it.
        signed: Whether to write the plus sign. Points always have one.
        unit: Whether to write the unit.

    Returns:
        The text.
    """
    if value is None:
        return NOT_RECORDED
    if scale == "plain":
        text = _plain(value)
    else:
        text = f"{100 * value:.1f}"
        if scale == "rate" and value < 1 and text == "100.0":
            text = "99.9"  # an estimate must not look better than it is
        text = text.removeprefix("-") if float(text) == 0 else text
        if unit:
            text += "%" if scale == "rate" else " points"
    positive = not text.startswith("-") and any(d in text for d in "123456789")
    return ("+" if positive and (signed or scale == "points") else "") + text.replace("-", "\u2212", 1)


def _plain(value: float) -> str:
    """Writes three significant digits without an exponent, as in 1,230, 12.3 or 0.0123."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1
    while digits < 9 and abs(value) < 100 / 10**digits:
        digits += 1
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def span(low: float | None, high: float | None, scale: Scale, *, signed: bool = False) -> str:
    """Writes an interval, as in "88.1% to 95.4%"."""
    if low is None or high is None:
        return NOT_RECORDED
    return f"{number(low, scale, signed=signed, unit=scale == 'rate')} to {number(high, scale, signed=signed)}"


def probability(p: float | None) -> str:
    """Writes a p-value or a level with up to four decimals; a smaller one is "below 0.0001"."""
    if p is None:
        return NOT_RECORDED
    return "below 0.0001" if p < 0.0001 else f"{p:.4f}".rstrip("0").rstrip(".")


def duration(seconds: float | None) -> str:
    """Writes seconds in suitable units, as in 0.8 s, 42 s, 7 min 05 s or 1 h 12 min."""
    if seconds is None:
        return NOT_RECORDED
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def plural(count: int, noun: str) -> str:
    """Writes a count with its noun, as in "1 gate" or "1,200 examples"."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def label(metric: str) -> str:
    """Returns a metric's name for reading: exact_match becomes "exact match"."""
    return metric.replace("_", " ")
