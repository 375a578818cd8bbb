"""When two values of one field are the same."""

from __future__ import annotations

from datetime import date
from typing import Any

from goldgate.task.form import text_form
from goldgate.task.task import FieldRule


def same(expected: Any, got: Any, rule: FieldRule) -> bool:
    """Compares two values under a rule.

    exact: the same JSON value (1 and 1.0 are the same number; true and 1 are different)
    text: case, runs of white space and the way letters are composed (NFC) are ignored
    number: within the tolerance; "12.50" in quotes is not a number
    date: ISO dates of the same day
    list, set: these say how lists are walked; a value that is not a list is compared as exact

    Args:
        expected: The expected value.
        got: The answer's value.
        rule: The rule.

    Returns:
        Whether they agree.
    """
    if rule.compare == "number":
        return _number(expected) and _number(got) and bool(abs(expected - got) <= rule.tolerance + 1e-9)
    if rule.compare == "text":
        return isinstance(expected, str) and isinstance(got, str) and _folded(expected) == _folded(got)
    if rule.compare == "date":
        return isinstance(got, str) and isinstance(expected, str) and _day(expected) == _day(got)
    return bool(canonical(expected) == canonical(got))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _folded(text: str) -> str:
    return text_form(text_form(text).casefold())


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return text


def canonical(value: Any) -> Any:
    """Returns a form in which == means the same JSON value: in Python True == 1, in JSON they differ."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return {k: canonical(v) for k, v in value.items()}
    if isinstance(value, list):
        return [canonical(v) for v in value]
    return value
