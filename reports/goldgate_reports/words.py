"""How numbers and other people's text are written: percentages, points, durations; control characters made visible."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

Scale = Literal["rate", "points", "plain"]

NOT_RECORDED = "not recorded"
LONGEST_TEXT = 1200  # characters of one answer or input before it is cut: about a screen

# Joiners hold scripts and emoji together, soft hyphens are invisible by design; everything else that a reader cannot
# see, or that reorders what is seen, is written out.
_HARMLESS = frozenset("\n\t\u200c\u200d\u00ad")
_SUSPECT = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_MARKDOWN = re.compile(r"([\\`*_\[\]#|~])")
# Metrics whose values are no shares of 1, for records that give no bounds.
_PLAIN = ("tokens", "cost", "similarity", "seconds", "latency")


def visible(text: str) -> str:
    """The text with every control, bidirectional, format and surrogate character written out, like ⟨U+202E⟩."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in _HARMLESS else _shown(c) for c in text.replace("\r\n", "\n"))


def _shown(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩" if unicodedata.category(character) in _SUSPECT else character


def for_html(value: Any) -> Any:
    """What every expression of a template passes through before it is escaped. Markup (a macro's output) stays."""
    return visible(value) if type(value) is str else value


def for_markdown(value: Any) -> Any:
    """Text for a Markdown document: control characters visible, one line, no markup and no HTML of its own."""
    if type(value) is not str:
        return value
    flat = " ".join(visible(value).split())
    return _MARKDOWN.sub(r"\\\1", flat).replace("<", "&lt;")


def cut(text: str, limit: int = LONGEST_TEXT) -> tuple[str, int]:
    """The head of a long text and how many characters are left out (0 where it is short enough)."""
    return (text, 0) if len(text) <= limit else (text[:limit], len(text) - limit)


def scale_of(metric: str, bounds: tuple[float, float] | None) -> Scale:
    """How a metric is written: as a percentage, as percentage points (a difference of shares), or as it is."""
    if any(word in metric for word in _PLAIN):
        return "plain"
    if bounds is None:
        return "points" if " - " in metric else "rate"
    if bounds == (0.0, 1.0):
        return "rate"
    return "points" if bounds == (-1.0, 1.0) and " - " in metric else "plain"


def number(value: float | None, scale: Scale, *, signed: bool = False, unit: bool = True) -> str:
    """A value in its scale: 0.923 as 92.3%, 0.845 as +84.5 points, 0.01234 as 0.0123."""
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
    """Three significant digits, never an exponent: 1,230; 12.3; 0.0123."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1
    while digits < 9 and abs(value) < 100 / 10**digits:
        digits += 1
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def span(low: float | None, high: float | None, scale: Scale, *, signed: bool = False) -> str:
    """An interval in words: "88.1% to 95.4%"."""
    if low is None or high is None:
        return NOT_RECORDED
    return f"{number(low, scale, signed=signed, unit=scale == 'rate')} to {number(high, scale, signed=signed)}"


def probability(p: float | None) -> str:
    """A p-value or a level: up to four decimals, "below 0.0001" where it is smaller."""
    if p is None:
        return NOT_RECORDED
    return "below 0.0001" if p < 0.0001 else f"{p:.4f}".rstrip("0").rstrip(".")


def duration(seconds: float | None) -> str:
    """Seconds as people say them: 0.8 s, 42 s, 7 min 05 s, 1 h 12 min."""
    if seconds is None:
        return NOT_RECORDED
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def plural(count: int, noun: str) -> str:
    """ "1 gate", "9 gates", "1,200 examples"."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def label(metric: str) -> str:
    """A metric's name for reading: exact_match is "exact match"."""
    return metric.replace("_", " ")
