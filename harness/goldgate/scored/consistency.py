"""Whether a subject answers consistently: to the same input again, or to the same question in another form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, Protocol

from goldgate.measures import Measure
from goldgate.scorers.fields import compare, parse_json
from goldgate.subjects.subject import Answer
from goldgate.task.form import text_form
from goldgate.task.task import Task

VERSION = 1
"""Raised when the same answers may agree differently, or have other formats."""

_LINE_KINDS = (
    ("blank", re.compile(r"\s*")),
    ("fence", re.compile(r"\s*```.*")),
    ("heading", re.compile(r"\s*#{1,6} .*")),
    ("bullet", re.compile(r"\s*[-*•+] .*")),
    ("number", re.compile(r"\s*\d+[.)] .*")),
    ("table", re.compile(r"\s*\|.*")),
)


class Make(Protocol):
    """Makes a measure with one value per example; None for a missing value."""

    def __call__(
        self,
        metric: str,
        values: Sequence[float | None],
        bounds: tuple[float, float],
        better: Literal["high", "low"],
        /,
    ) -> Measure: ...


@dataclass(frozen=True)
class Consistency:
    """Several answers to each of some examples.

    Consistency says nothing about whether the answers are right, so gate that as well. An example with a missing answer
    is missing in every measure.

    Attributes:
        task: The task.
        _answers: Two or more answers for each example; hidden from suites, because they may be on a sealed golden.
        make: Makes the measures.
    """

    task: Task
    _answers: Sequence[Sequence[Answer]]
    make: Make

    @property
    def agreement(self) -> Measure:
        """The share of an example's pairs of answers that agree (see `agree`), in [0, 1]; averaged over the
        examples.
        """
        return self.make("agreement", [self._agreeing(row) for row in self._answers], (0.0, 1.0), "high")

    @property
    def unanimous(self) -> Measure:
        """1 if all answers to an example agree, otherwise 0: the share of examples with a stable answer."""
        shares = (self._agreeing(row) for row in self._answers)
        return self.make("unanimous", [None if s is None else float(s == 1.0) for s in shares], (0.0, 1.0), "high")

    @property
    def formats(self) -> Measure:
        """The number of distinct formats among an example's answers (see `format_of`), 1 to the number of answers.

        Fewer is better.
        """
        most = float(max(len(row) for row in self._answers))
        counts = [None if _lacks(row) else float(len({format_of(a.text or "") for a in row})) for row in self._answers]
        return self.make("formats", counts, (1.0, most), "low")

    def _agreeing(self, row: Sequence[Answer]) -> float | None:
        if _lacks(row):
            return None
        pairs = list(combinations(row, 2))
        return sum(agree(self.task, one, other) for one, other in pairs) / len(pairs)


def _lacks(row: Sequence[Answer]) -> bool:
    return any(answer.text is None for answer in row)


def agree(task: Task, one: Answer, other: Answer) -> bool:
    """Returns whether two answers agree, as exact match would have it.

    JSON is compared by the task's rules for fields. Anything else (including text that is not JSON) is compared in the
    form of `goldgate.task.form`. An answer that was cut off agrees with none.
    """
    if one.text is None or other.text is None or "length" in (one.finish, other.finish):
        return False
    if task.kind == "json":
        values = _parsed(one.text), _parsed(other.text)
        if values[0] is not None and values[1] is not None:
            return all(v.ok for v in compare(values[0][0], values[1][0], task.fields))
    return text_form(one.text) == text_form(other.text)


def format_of(text: str) -> str:
    """Describes the format of an answer without its content.

    For a JSON object or list: its keys in order, the types of its values, and whether it is in a code fence. For
    anything else: the kinds of its lines (text, bullet, number, heading, table, fence, blank), with runs of one kind as
    one; whether its letters are all upper case, all lower case or mixed; and the punctuation at its end, if any.
    """
    value = _parsed(text)
    if value is not None and isinstance(value[0], (dict, list)):
        return ("fenced " if text.strip().startswith("```") else "") + _structure(value[0])
    kinds = [next((k for k, form in _LINE_KINDS if form.fullmatch(line)), "text") for line in text.strip().split("\n")]
    runs = [kind for i, kind in enumerate(kinds) if i == 0 or kinds[i - 1] != kind]
    case = "capitals" if text.isupper() else "small" if text.islower() else "mixed"
    end = text.strip()[-1:]
    return f"{' '.join(runs)} / {case} / {'' if end.isalnum() else end}"


def _structure(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_structure(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + " | ".join(sorted({_structure(inner) for inner in value})) + "]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true or false"
    return "text" if isinstance(value, str) else "number"


def _parsed(text: str) -> tuple[Any] | None:
    try:
        return (parse_json(text),)
    except ValueError:
        return None
