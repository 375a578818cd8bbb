"""One canonical form for JSON outputs: the order of keys, numbers, dates, and the spelling of closed sets."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.data.cleaning.dates import DateField, date_field, undecided
from goldgate.data.cleaning.invisible import visible
from goldgate.data.cleaning.texts import clean_text

Path = tuple[str, ...]
ITEM = "[]"
"""Stands in a path for every item of a list."""
MOST = 0.9
"""The share of a field's values that must be numbers, or texts, before the others are written like them."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_EXACT = 2**53  # whole floats below this are exact

KEYS = "keys in the schema's order"
WHOLE = "whole numbers without a decimal point"
TO_NUMBER = "numbers in quotes made numbers"
TO_TEXT = "numbers made text"
DATES = "dates in the field's form"
SPELLING = "labels as the schema spells them"


@dataclass(frozen=True)
class Plan:
    """What the outputs of a task agree on.

    Attributes:
        order: Path of an object → its keys in order.
        kinds: Path → "number" or "text", where nearly all values are of that kind.
        dates: Path → how its dates are written.
        spellings: Path → visible form → the schema's spelling.
        undecided: Paths of dates of which none says whether day or month comes first.
    """

    order: Mapping[Path, Sequence[str]]
    kinds: Mapping[Path, str]
    dates: Mapping[Path, DateField]
    spellings: Mapping[Path, Mapping[str, str]]
    undecided: tuple[Path, ...]


def plan_outputs(outputs: Iterable[Any], schema: Mapping[str, Any] | None = None) -> Plan:
    """Finds what the outputs agree on.

    Args:
        outputs: All outputs of a task.
        schema: Its JSON Schema; without one, keys go in the order in which they first occur.

    Returns:
        The plan for `canonical`.
    """
    order: dict[Path, dict[str, None]] = defaultdict(dict)
    kinds: dict[Path, Counter[str]] = defaultdict(Counter)
    texts: dict[Path, list[str]] = defaultdict(list)
    parts = dict(_schemas(schema or {}))
    for path, part in parts.items():
        order[path].update(dict.fromkeys(part.get("properties", {})))
    for output in outputs:
        for path, value in _values(output):
            if isinstance(value, dict):
                order[path].update(dict.fromkeys(value))
            elif isinstance(value, str):
                kinds[path]["text"] += 1
                texts[path].append(clean_text(value)[0])
            elif isinstance(value, int | float) and not isinstance(value, bool):
                kinds[path]["number"] += 1
    dates = {path: found for path, values in texts.items() if (found := date_field(values)) is not None}
    return Plan(
        {path: tuple(keys) for path, keys in order.items()},
        {path: kind for path, counts in kinds.items() if (kind := _kind(counts, parts.get(path, {})))},
        dates,
        {path: _spellings(part["enum"]) for path, part in parts.items() if isinstance(part.get("enum"), list)},
        tuple(path for path, values in texts.items() if path not in dates and undecided(values)),
    )


def _kind(counts: Counter[str], schema: Mapping[str, Any]) -> str:
    """The kind that the schema states or else nearly all values have; empty where values of both kinds are meant."""
    stated = {"number": "number", "integer": "number", "string": "text"}.get(str(schema.get("type")), "")
    (kind, most), *_ = counts.most_common()
    return stated or (kind if most >= MOST * counts.total() and most < counts.total() else "")


def _spellings(choices: Sequence[Any]) -> dict[str, str]:
    """Visible form → choice; without forms that two choices share, and without those that are a choice themselves."""
    forms = Counter(visible(c) for c in choices if isinstance(c, str))
    return {visible(c): c for c in choices if isinstance(c, str) and forms[visible(c)] == 1}


def _schemas(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    if isinstance(schema, Mapping):
        yield path, schema
        for key, inner in schema.get("properties", {}).items():
            yield from _schemas(inner, (*path, key))
        yield from _schemas(schema.get("items"), (*path, ITEM))


def _values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, (*path, ITEM))


def canonical(output: Any, plan: Plan) -> tuple[Any, tuple[str, ...]]:
    """Writes an output in the canonical form.

    Args:
        output: A JSON value.
        plan: What the outputs agree on.

    Returns:
        The output, and the names of the rules that changed it. It is the same value to a reader who knows the field:
        nothing is added, left out or rounded.
    """
    applied: dict[str, None] = {}
    return _canonical(output, plan, (), applied), tuple(applied)


def _canonical(value: Any, plan: Plan, path: Path, applied: dict[str, None]) -> Any:
    if isinstance(value, dict):
        keys = [key for key in plan.order.get(path, ()) if key in value]
        keys += [key for key in value if key not in keys]
        if keys != list(value):
            applied[KEYS] = None
        return {key: _canonical(value[key], plan, (*path, key), applied) for key in keys}
    if isinstance(value, list):
        return [_canonical(inner, plan, (*path, ITEM), applied) for inner in value]
    if isinstance(value, str):
        return _text(value, plan, path, applied)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, plan, path, applied)
    return value


def _text(value: str, plan: Plan, path: Path, applied: dict[str, None]) -> Any:
    value, rules = clean_text(value)
    applied.update(dict.fromkeys(rules))
    if plan.kinds.get(path) == "number" and _NUMBER.fullmatch(value):
        applied[TO_NUMBER] = None
        return _number(json.loads(value), plan, path, applied)
    new = plan.spellings.get(path, {}).get(visible(value), value)
    if new != value:
        applied[SPELLING] = None
    elif path in plan.dates and (new := plan.dates[path].canonical(value)) != value:
        applied[DATES] = None
    return new


def _number(value: int | float, plan: Plan, path: Path, applied: dict[str, None]) -> int | float | str:
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
        applied[WHOLE] = None
    if plan.kinds.get(path) == "text":
        applied[TO_TEXT] = None
        return json.dumps(value)
    return value
