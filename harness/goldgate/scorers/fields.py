"""Compares JSON answers field by field: each field is right, wrong, missed, invented or empty.

right: both have a value, and the two agree by the field's rule
wrong: both have a value, and the two differ
missed: a value was expected, but the answer has null, an empty list or nothing
invented: the other way round
empty: nothing was expected, and nothing was given

A wrong field is both a false positive and a false negative, a missed field a false negative, an invented one a false
positive, as is usual for slot filling (MUC-5; Makhoul et al. 1999, "Performance measures for information extraction").
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from goldgate.scorers.pairing import best_pairs
from goldgate.scorers.values import canonical, same
from goldgate.task.task import FieldRule

Outcome = Literal["right", "wrong", "missed", "invented", "empty"]
_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*[\w.+-]*[ \t]*(?:\r\n|\r|\n)(.*)", re.DOTALL)
_MISSING = object()
_DEFAULT = FieldRule()
_DEPTH = 40  # deeper nesting is not an answer, and would exhaust the stack


@dataclass(frozen=True)
class FieldVerdict:
    """One leaf of an answer.

    Attributes:
        path: Where it is, such as "items[0].amount".
        outcome: How the two values compare.
        expected: The expected value; None if absent.
        got: The answer's value; None if absent.
    """

    path: str
    outcome: Outcome
    expected: Any
    got: Any

    @property
    def ok(self) -> bool:
        return self.outcome in ("right", "empty")


def parse_json(text: str) -> Any:
    """Parses an answer as JSON.

    White space and one Markdown code fence around the whole value are dropped, as any caller of a prompted model would
    do; any other text before or after it is not. A fence is three or more backticks or tildes, with at most one word
    after the first (`json`, in any case) and at least as many at the end; the line ends are of any kind.

    Args:
        text: The answer.

    Returns:
        The JSON value.

    Raises:
        ValueError: It is not JSON, or has NaN, a number beyond 64-bit floats, a key that is repeated in one object, or
            nesting deeper than 40.
    """
    try:
        value = json.loads(
            _without_fence(text.strip()),
            parse_constant=_refuse,
            parse_int=_whole,
            parse_float=_real,
            object_pairs_hook=_unique,
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if _depth(value) > _DEPTH:
        raise ValueError("nested too deeply")
    return value


def _without_fence(text: str) -> str:
    if (fenced := _FENCE.fullmatch(text)) is None:
        return text
    mark, rest = fenced.groups()
    inside = rest.rstrip(mark[0])
    return inside if len(rest) - len(inside) >= len(mark) else text


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _whole(digits: str) -> int:
    _real(digits)
    return int(digits)


def _real(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise ValueError("a number is too large")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is repeated")
    return value


def _depth(value: Any) -> int:
    level, row = 0, [value]
    while row and level <= _DEPTH:
        level += 1
        row = [
            child
            for item in row
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return level


def compare(expected: Any, got: Any, rules: Mapping[str, FieldRule]) -> list[FieldVerdict]:
    """Compares every leaf of the expected value and the answer.

    Args:
        expected: The expected value.
        got: The answer's value.
        rules: Path without indexes → how to compare it.

    Returns:
        One verdict for each leaf.
    """
    return list(_compare(expected, got, rules, "", ""))


def field_score(expected: Any, got: Any, rules: Mapping[str, FieldRule]) -> float:
    """Computes the weighted share of fields that are right or empty.

    A top-level field counts with its weight times the share of its leaves. A field that was not asked for counts as
    wrong.

    Args:
        expected: The expected value.
        got: The answer's value.
        rules: Path without indexes → how to compare it.

    Returns:
        A number in [0, 1]; 0 for a value that is not an object although one is expected.
    """
    total = reached = 0.0
    for weight, leaves in _by_field(expected, got, rules):
        total += weight
        reached += weight * sum(v.ok for v in leaves) / len(leaves)
    return reached / total if total else 1.0


@dataclass(frozen=True)
class FieldCounts:
    """The weights of one answer's fields that have a value, by outcome; each at least 0."""

    right: float
    wrong: float
    missed: float
    invented: float

    @property
    def precision(self) -> float:
        """right / (right + wrong + invented), in [0, 1]."""
        return self._share(self.right, self.right + self.wrong + self.invented)

    @property
    def recall(self) -> float:
        """right / (right + wrong + missed), in [0, 1]."""
        return self._share(self.right, self.right + self.wrong + self.missed)

    @property
    def f1(self) -> float:
        """2 right / (2 right + 2 wrong + missed + invented), in [0, 1]: the harmonic mean of precision and recall."""
        return self._share(2 * self.right, 2 * (self.right + self.wrong) + self.missed + self.invented)

    def _share(self, part: float, whole: float) -> float:
        """0 / 0 is 1 only if nothing was to be found and nothing was given: an answer with no values has no
        precision.
        """
        if whole:
            return part / whole
        return 0.0 if self.missed or self.invented else 1.0


def field_counts(expected: Any, got: Any, rules: Mapping[str, FieldRule]) -> FieldCounts:
    """Sums the weights of an answer's fields by outcome. Empty fields do not count.

    A top-level field's weight is split evenly over those of its leaves that are not empty.

    Args:
        expected: The expected value.
        got: The answer's value.
        rules: Path without indexes → how to compare it.

    Returns:
        The weights by outcome.
    """
    sums: dict[Outcome, float] = dict.fromkeys(("right", "wrong", "missed", "invented"), 0.0)
    for weight, leaves in _by_field(expected, got, rules):
        filled = [v.outcome for v in leaves if v.outcome != "empty"]
        for outcome in filled:
            sums[outcome] += weight / len(filled)
    return FieldCounts(sums["right"], sums["wrong"], sums["missed"], sums["invented"])


def _by_field(
    expected: Any, got: Any, rules: Mapping[str, FieldRule]
) -> Iterator[tuple[float, Sequence[FieldVerdict]]]:
    """Yields weight and leaves of each top-level field, or of the whole unless both values are objects."""
    if not isinstance(expected, dict):
        yield 1.0, compare(expected, got, rules)
    elif not isinstance(got, dict):
        yield 1.0, [FieldVerdict("", "wrong", expected, got)]
    else:
        for key in [*expected, *(k for k in got if k not in expected)]:
            leaves = _compare(expected.get(key, _MISSING), got.get(key, _MISSING), rules, key, key)
            yield rules.get(key, _DEFAULT).weight, leaves


def _compare(expected: Any, got: Any, rules: Mapping[str, FieldRule], path: str, rule_path: str) -> list[FieldVerdict]:
    if isinstance(expected, dict) and expected and isinstance(got, dict):
        verdicts: list[FieldVerdict] = []
        for key in [*expected, *(k for k in got if k not in expected)]:
            verdicts += _compare(
                expected.get(key, _MISSING),
                got.get(key, _MISSING),
                rules,
                f"{path}.{key}" if path else key,
                f"{rule_path}.{key}" if rule_path else key,
            )
        return verdicts
    if isinstance(expected, list) and isinstance(got, list) and (expected or got):
        if rules.get(rule_path, _DEFAULT).compare == "set":
            return _compare_sets(expected, got, path)
        return _compare_lists(expected, got, rules, path, rule_path)
    return [_leaf(expected, got, rules.get(rule_path, _DEFAULT), path)]


def _compare_lists(
    expected: Sequence[Any], got: Sequence[Any], rules: Mapping[str, FieldRule], path: str, rule_path: str
) -> list[FieldVerdict]:
    pairs = _pairs(expected, got, rules, rule_path)
    verdicts: list[FieldVerdict] = []
    for row, (e, g) in enumerate(pairs):
        want = _MISSING if e is None else expected[e]
        have = _MISSING if g is None else got[g]
        verdicts += _compare(want, have, rules, f"{path}[{row}]", rule_path)
    return verdicts


def _compare_sets(expected: Sequence[Any], got: Sequence[Any], path: str) -> list[FieldVerdict]:
    """Compares lists as multisets: items in any order, each as often as it is expected."""
    left = [(canonical(item), item) for item in got]
    verdicts: list[FieldVerdict] = []
    for item in expected:
        wanted = canonical(item)
        at = next((i for i, (form, _) in enumerate(left) if form == wanted), None)
        found = None if at is None else left.pop(at)[1]
        verdicts.append(FieldVerdict(f"{path}[{len(verdicts)}]", "missed" if at is None else "right", item, found))
    for _, item in left:
        verdicts.append(FieldVerdict(f"{path}[{len(verdicts)}]", "invented", None, item))
    return verdicts


def _pairs(
    expected: Sequence[Any], got: Sequence[Any], rules: Mapping[str, FieldRule], rule_path: str
) -> list[tuple[int | None, int | None]]:
    """Pairs rows in order, or for `align` by the assignment with the most leaves right (each row has at most one
    partner).
    """
    width = max(len(expected), len(got))
    in_order = [(i if i < len(expected) else None, i if i < len(got) else None) for i in range(width)]
    if not rules.get(rule_path, _DEFAULT).align or not expected or not got:
        return in_order
    right = [[sum(v.ok for v in _compare(e, g, rules, "", rule_path)) for g in got] for e in expected]
    matched = best_pairs(right)
    pairs: list[tuple[int | None, int | None]] = [(e, matched.get(e)) for e in range(len(expected))]
    return pairs + [(None, g) for g in range(len(got)) if g not in matched.values()]


def _leaf(expected: Any, got: Any, rule: FieldRule, path: str) -> FieldVerdict:
    nothing_expected = expected is _MISSING or expected is None or expected == []
    nothing_given = got is _MISSING or got is None or got == []
    shown_expected = None if expected is _MISSING else expected
    shown_got = None if got is _MISSING else got
    if nothing_expected and nothing_given:
        outcome: Outcome = "empty"
        if (expected is _MISSING) != (got is _MISSING):  # the key itself is absent, or was not asked for
            outcome = "invented" if expected is _MISSING else "missed"
    elif nothing_expected:
        outcome = "invented"
    elif nothing_given:
        outcome = "missed"
    else:
        outcome = "right" if same(expected, got, rule) else "wrong"
    return FieldVerdict(path, outcome, shown_expected, shown_got)
