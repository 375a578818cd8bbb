"""Why an answer is not right, in one line: what a scorer adds to its value, for the terminal and the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from goldgate.scorers.fields import FieldVerdict, compare, parse_json
from goldgate.scorers.json_format import broken_rules
from goldgate.scorers.style import rules_met
from goldgate.task.examples import Example, render_output
from goldgate.task.form import apart, first_difference
from goldgate.task.task import Task

_FIELDS = 3  # the most fields or rules that are spelled out; the rest are counted
_LONGEST = 60  # the most characters of one value
_BEFORE = 20  # the characters shown before a difference that lies deep in two long values
_LONGEST_RULE = 120  # the most characters of a broken rule, which includes place, value and rule


def differs(task: Task, example: Example, text: str) -> str:
    """Says where an answer differs from what was expected.

    Args:
        task: The task.
        example: The example. Of several accepted outputs, the closest is used.
        text: The answer.

    Returns:
        Text such as "total: expected 1204.50, got 1284.50": field by field for JSON, as a whole for any other kind.
    """
    if task.kind == "json":
        try:
            got = parse_json(text)
        except ValueError:
            return f"not JSON: {printable(text)}"
        closest = min((compare(a, got, task.fields) for a in example.answers), key=lambda v: sum(not f.ok for f in v))
        if wrong := [f for f in closest if not f.ok]:
            return _listed([_field(f) for f in wrong], "fields")
    accepted = [render_output(output) for output in example.answers]
    return _pair(next((a for a in accepted if apart(a, text)), render_output(example.output)), text)


def breaks_schema(task: Task, example: Example, text: str) -> str:
    """Says which rules of the task's JSON Schema an answer breaks, and where; empty if it breaks none."""
    return _listed([printable(rule, _LONGEST_RULE) for rule in broken_rules(task, text)], "rules")


def breaks_style(task: Task, example: Example, text: str) -> str:
    """Says which rules of the task's style an answer breaks; empty if it breaks none."""
    if task.style is None:
        return ""
    rules = [rule for rule, met in rules_met(text, task.style).items() if not met]
    return f"breaks {', '.join(rules)}; got {printable(text)}" if rules else ""


def printable(text: str, longest: int = _LONGEST) -> str:
    """Makes model output safe for a terminal: one line, shortened, without control characters."""
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _listed(parts: Sequence[str], what: str) -> str:
    more = f"; and {len(parts) - _FIELDS} more {what}" if len(parts) > _FIELDS else ""
    return "; ".join(parts[:_FIELDS]) + more


def _field(field: FieldVerdict) -> str:
    path = printable(field.path) or "the whole"
    return f"{path}: {_pair(_value(field.expected), _value(field.got))}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pair(expected: str, got: str) -> str:
    """Shows two texts that differ, from where they differ if it would be cut off, and how if it cannot be seen."""
    shown, seen = printable(expected), printable(got)
    if shown == seen and expected != got:
        start = max(0, first_difference(expected, got) - _BEFORE)
        shown, seen = (f"…{printable(text[start:], _LONGEST - 1)}" for text in (expected, got))
    how = apart(expected, got)
    return f"expected {shown}, got {seen}" + (f" ({how})" if how else "")
