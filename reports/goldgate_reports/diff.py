"""How an answer differs from the expected output: field by field for JSON, word by word for text."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from goldgate.scorers.fields import FieldVerdict, compare, parse_json
from goldgate.task.task import FieldRule
from goldgate_reports.records import AnswerRow
from goldgate_reports.words import cut, plural

Part = Literal["same", "missed", "added"]
MOST_FIELDS = 60  # rows of one example's field table
LONGEST_VALUE = 200  # characters of one field's value
_MOST_WORDS = 600  # word diffs grow with the square of the length
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Cell:
    """One subject's value of one field; `outcome` is right, wrong, missed, invented, or (rightly) empty."""

    text: str
    outcome: str


@dataclass(frozen=True)
class FieldRow:
    """One field: what was expected, and what each subject answered."""

    path: str
    expected: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Piece:
    """A run of words that both texts share, or that only one of them has."""

    kind: Part
    text: str


@dataclass(frozen=True)
class Given:
    """One subject's answer; `note` says what is wrong with it as a whole, `pieces` is its word diff in text tasks."""

    name: str
    note: str
    text: str
    left_out: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Difference:
    """The answers to one example side by side; `fields` is empty for text tasks."""

    expected: str
    expected_left_out: int
    given: tuple[Given, ...]
    fields: tuple[FieldRow, ...]
    fields_left_out: int


def difference(answers: Sequence[tuple[str, AnswerRow | None]], rules: Mapping[str, FieldRule]) -> Difference:
    """Compares each subject's answer with the expected output.

    Args:
        answers: Each subject's name and answer; None where it has none. At least one answer must be there.
        rules: How the fields of an answer are compared.

    Returns:
        The differences. The expected output is taken from the first answer that is there.
    """
    stored = next(row.expected for _, row in answers if row is not None)
    expected = _loaded(stored)
    as_fields = not isinstance(expected, str)
    shown, left_out = cut(expected if isinstance(expected, str) else stored)
    values = [_parsed(row) if as_fields else None for _, row in answers]
    table = _fields(expected, values, rules) if as_fields else []
    given = tuple(
        _given(name, row, None if as_fields else str(expected), value)
        for (name, row), value in zip(answers, values, strict=True)
    )
    return Difference(shown, left_out, given, tuple(table[:MOST_FIELDS]), max(0, len(table) - MOST_FIELDS))


def _loaded(expected: str) -> Any:
    try:
        return json.loads(expected)
    except ValueError:
        return expected


def _parsed(row: AnswerRow | None) -> tuple[Any, str] | None:
    """The JSON value of an answer and an empty text, or None and why the answer has no JSON value."""
    if row is None or row.text is None:
        return None
    try:
        return parse_json(row.text), ""
    except ValueError as error:
        return None, f"not valid JSON ({error})"


def _given(name: str, row: AnswerRow | None, reference: str | None, value: tuple[Any, str] | None) -> Given:
    if row is None or row.text is None:
        return Given(name, "no answer", "", 0, ())
    notes = [value[1]] if value and value[1] else []
    if row.finish == "length":
        notes.append("cut off at the token limit")
    elif row.finish != "stop":
        notes.append(f"ended by {row.finish}")
    text, left_out = cut(row.text)
    pieces = () if reference is None else tuple(word_diff(reference, row.text))
    if not row.text.strip():
        notes.append("an empty answer")
    return Given(name, "; ".join(notes), text, left_out, pieces)


def _fields(expected: Any, values: Sequence[tuple[Any, str] | None], rules: Mapping[str, FieldRule]) -> list[FieldRow]:
    """One row per path, in the order of the expected output; fields that were not expected come last."""
    columns: list[dict[str, FieldVerdict]] = []
    for value in values:
        usable = value is not None and not value[1]
        verdicts = compare(expected, value[0], rules) if value is not None and usable else []
        columns.append({v.path: v for v in verdicts})
    paths = {v.path: _value(v.expected) for v in compare(expected, expected, rules)}
    for column in columns:
        for path, verdict in column.items():
            paths.setdefault(path, _value(verdict.expected))
    return [
        FieldRow(path or "(the whole)", text, tuple(_cell(column.get(path)) for column in columns))
        for path, text in paths.items()
    ]


def _cell(verdict: FieldVerdict | None) -> Cell | None:
    return None if verdict is None else Cell(_value(verdict.got), verdict.outcome)


def _value(value: Any) -> str:
    if value is None:
        return ""
    shown, left_out = cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LONGEST_VALUE)
    return f"{shown} … and {plural(left_out, 'character')} more" if left_out else shown


def word_diff(expected: str, got: str) -> list[Piece]:
    """Compares two texts word by word.

    Args:
        expected: The expected text.
        got: The answer.

    Returns:
        The runs of words that both share, that the answer lacks (missed) and that it adds (added). Only the first 600
        words and blanks are compared; a last piece says how many characters follow.
    """
    left, right = _WORDS.findall(expected), _WORDS.findall(got)
    matcher = difflib.SequenceMatcher(None, left[:_MOST_WORDS], right[:_MOST_WORDS], autojunk=False)
    pieces: list[Piece] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(left[a:b])))
            continue
        pieces += [Piece("missed", "".join(left[a:b]))] if b > a else []
        pieces += [Piece("added", "".join(right[c:d]))] if d > c else []
    if (rest := len("".join(right[_MOST_WORDS:]))) > 0:
        pieces.append(Piece("same", f" … and {plural(rest, 'character')} more, not compared"))
    return pieces
