"""Scores of JSON answers: valid JSON, valid under the schema (and which rules are broken), field by field, exact
match.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from goldgate.scorers.fields import FieldCounts, compare, field_counts, field_score, parse_json
from goldgate.task.examples import Example
from goldgate.task.task import Task
from goldgate.task.validation import schema_errors

_PARSED = 2**15
"""Answers whose parsed value is kept: every metric of a split asks for it, and two subjects' answers are compared."""


def json_valid(task: Task, example: Example, text: str) -> float:
    """Whether the answer is one JSON value, and no object in it repeats a key.

    White space, or one Markdown code fence around the whole value, is ignored; any other text makes the answer invalid.

    Range: 0 or 1; higher is better.
    Source: RFC 8259.
    """
    return 0.0 if _parsed(text) is None else 1.0


def schema_valid(task: Task, example: Example, text: str) -> float:
    """Whether the answer is JSON and valid under the task's JSON Schema. `format` keywords are not asserted.

    Numbers are compared as the decimals that are written, and patterns are those of ECMA-262. An answer on which a
    pattern takes longer than a second is not valid.

    Range: 0 or 1; higher is better.
    Source: JSON Schema, checked by the package jsonschema.
    """
    value = _parsed(text)
    return 1.0 if value is not None and next(schema_errors(task.validator, value[0]), None) is None else 0.0


def broken_rules(task: Task, text: str) -> list[str]:
    """Lists which rules of the task's JSON Schema an answer breaks, and where.

    Args:
        task: The task.
        text: The answer.

    Returns:
        Texts such as "total: -3 is less than the minimum of 0", ordered by place, which quote the answer. For a choice
        (anyOf, oneOf) it is the closest alternative that counts. Empty for a valid answer.
    """
    from jsonschema.exceptions import best_match

    try:
        value = parse_json(text)
    except ValueError as error:
        return [f"not JSON: {error}"]
    found = [best_match([error]) for error in schema_errors(task.validator, value)]
    return [f"{place or 'the whole'}: {message}" for place, message in sorted((_path(e), e.message) for e in found)]


def _path(error: Any) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    return "".join(parts).removeprefix(".")


def field_accuracy(task: Task, example: Example, text: str) -> float:
    """Weighted share of fields that are right, or empty where nothing was expected.

    The best accepted output counts. An answer that is not JSON scores 0.

    Range: 0 to 1; higher is better.
    """
    value = _parsed(text)
    if value is None:
        return 0.0
    return max(field_score(expected, value[0], task.fields) for expected in example.answers)


def field_precision(task: Task, example: Example, text: str) -> float:
    """Of the fields that the answer fills, the weighted share that is right.

    That is right / (right + wrong + invented), per example; the metric is the mean over examples. The best accepted
    output counts. An answer that is not JSON scores 0, and so does one that fills nothing where something was expected.

    Range: 0 to 1; higher is better.
    Source: slot filling (MUC-5; Makhoul et al. 1999).
    """
    return _best(task, example, text, lambda counts: counts.precision)


def field_recall(task: Task, example: Example, text: str) -> float:
    """Of the fields that the expected output fills, the weighted share that is right.

    That is right / (right + wrong + missed), per example; the metric is the mean over examples. The best accepted
    output counts. An answer that is not JSON scores 0, and so does one that fills something where nothing was expected.

    Range: 0 to 1; higher is better.
    Source: slot filling (MUC-5; Makhoul et al. 1999).
    """
    return _best(task, example, text, lambda counts: counts.recall)


def field_f1(task: Task, example: Example, text: str) -> float:
    """Harmonic mean of `field_precision` and `field_recall` of one answer.

    The metric is the mean of the per-example values (scikit-learn's `average="samples"`), not the F1 of pooled counts.
    A mean of bounded values has an interval without a bootstrap. The best accepted output counts. An answer that is not
    JSON scores 0.

    Range: 0 to 1; higher is better.
    Source: van Rijsbergen 1979.
    """
    return _best(task, example, text, lambda counts: counts.f1)


def _best(task: Task, example: Example, text: str, share: Callable[[FieldCounts], float]) -> float:
    value = _parsed(text)
    if value is None:
        return 0.0
    return max(share(field_counts(expected, value[0], task.fields)) for expected in example.answers)


def exact_json(task: Task, example: Example, text: str) -> float:
    """Whether every field is right, or empty where nothing was expected, and no field is invented.

    Any accepted output counts. An answer that is not JSON scores 0.

    Range: 0 or 1; higher is better.
    """
    value = _parsed(text)
    if value is None:
        return 0.0
    return float(any(all(v.ok for v in compare(e, value[0], task.fields)) for e in example.answers))


@lru_cache(maxsize=_PARSED)
def _parsed(text: str) -> tuple[Any] | None:
    """Returns the parsed value in a 1-tuple, to tell null from an answer that is not JSON, which gives None."""
    try:
        return (parse_json(text),)
    except ValueError:
        return None
