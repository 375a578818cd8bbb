"""Whether a value of an output stands in the input, and which facts of a text do not."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from goldgate.task.examples import Example

COMMON = 0.05
"""Share of the outputs from which on a fact is house style, such as the company's own name, and can be learned."""
_FEW = 5  # outputs; fewer may share a fact by chance
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d[\d.,'’]*")
_SPACED = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?(?!\d)")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NAME = re.compile(r"(?<=[^\s.!?:;] )[^\W\d_][\w&-]+\b(?!['’])")  # no contraction, such as It'll
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SHORT = 4  # characters; a shorter value must be whole words, because "art" stands in "party" by chance


@dataclass(frozen=True)
class Form:
    """A text in the forms that values are sought in. Case, punctuation and the way of writing a number do not matter.

    Attributes:
        text: The text.
    """

    text: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(_WORD.findall(_folded(self.text)))

    @cached_property
    def spaced(self) -> str:
        return f" {' '.join(self.words)} "

    @cached_property
    def compact(self) -> str:
        return "".join(self.words)

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Every number of the text, in each way that its separators can be read."""
        return frozenset(n for token in _numbers(self.text) for n in readings(token))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _numbers(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text)
    return [*_NUMBER.findall(plain), *_SPACED.findall(plain)]


def readings(token: str) -> set[float]:
    """Reads a written number in each way that its separators allow: 1.204 is 1204 or 1.204.

    Args:
        token: Digits with separators.

    Returns:
        The numbers, at least 0.
    """
    parts = re.findall(r"\d+", token)
    found = {float("".join(parts))}
    if len(parts) > 1:
        found.add(round(float("".join(parts[:-1]) + "." + parts[-1]), 6))
    return found


def stands(value: Any, form: Form) -> bool | None:
    """Decides whether a value stands in a text.

    Args:
        value: A leaf of a JSON output.
        form: The text.

    Returns:
        Whether it does; None for null, true, false and empty text, which stand nowhere.
    """
    if value is None or isinstance(value, bool) or value == "":
        return None
    if isinstance(value, int | float):
        return abs(value if isinstance(value, int) else round(value, 6)) in form.numbers
    if (date := _DATE.fullmatch(str(value).strip())) is not None:
        return _date_stands(int(date[1]), int(date[2]), int(date[3]), form)
    sought = Form(str(value))
    if not sought.words:
        return _folded(sought.text).strip() in _folded(form.text)
    if sought.spaced in form.spaced:
        return True
    long = len(sought.compact) >= _SHORT or _UNSPACED.search(sought.compact) is not None
    return long and sought.compact in form.compact


def _date_stands(year: int, month: int, day: int, form: Form) -> bool:
    """Whether a text has the parts of a date in any order; the month as a number or by its English name."""
    if f"{year:04}{month:02}{day:02}" in form.compact:
        return True
    whole = {int(n) for token in _numbers(form.text) for n in re.findall(r"\d+", token) if len(n) <= 4}
    days = {int(found[0]) for word in form.words if (found := re.match(r"\d{1,2}", word))}  # 3rd, 14th
    named = 1 <= month <= 12 and any(word.startswith(_MONTHS[month - 1]) for word in form.words)
    return day in whole | days and (month in whole or named) and bool({year, year % 100} & whole)


def leaves(output: Any, path: str = "") -> list[tuple[str, Any]]:
    """Lists the leaves of a JSON value.

    Args:
        output: The value.
        path: Where it stands.

    Returns:
        (path without indexes, value) of each leaf.
    """
    if isinstance(output, Mapping):
        return [leaf for k, v in output.items() for leaf in leaves(v, f"{path}.{k}" if path else str(k))]
    if isinstance(output, list):
        return [leaf for v in output for leaf in leaves(v, path)]
    return [(path, output)]


def facts(text: str) -> list[str]:
    """Finds the numbers of a text, and its words with a capital letter inside of a sentence, which are mostly names.

    Args:
        text: The text.

    Returns:
        Each once, in their order.
    """
    names = [word for word in _NAME.findall(text) if word[0].isupper()]
    return list(dict.fromkeys([*(n.rstrip(".,'’") for n in _NUMBER.findall(text)), *names]))


def common_facts(examples: Sequence[Example], instructions: str) -> frozenset[str]:
    """Finds the facts that belong to the house style: those of the instructions, and those of many outputs.

    Args:
        examples: The examples, whose outputs are text.
        instructions: The task's instructions.

    Returns:
        The facts.
    """
    count = Counter(fact for e in examples for fact in facts(str(e.output)))
    least = max(_FEW, COMMON * len(examples))
    return frozenset([*facts(instructions), *(fact for fact, times in count.items() if times >= least)])


def facts_not_in_input(example: Example, common: Iterable[str]) -> list[str]:
    """Finds the facts of an output that its input does not hold.

    Args:
        example: The example, whose output is text.
        common: Facts of the house style.

    Returns:
        The facts, in the order of the output.
    """
    form, known = Form(example.text), frozenset(common)
    return [fact for fact in facts(str(example.output)) if fact not in known and not _holds(form, fact)]


def _holds(form: Form, fact: str) -> bool:
    return bool(readings(fact) & form.numbers) if fact[0].isdigit() else Form(fact).compact in form.compact
