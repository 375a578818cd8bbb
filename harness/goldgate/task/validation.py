"""Checks values against a JSON Schema: numbers as the decimals that are written, patterns as ECMA-262 in bounded time.

The package jsonschema does the rest. What it leaves to floats and to Python's `re` is replaced here. Under
`unevaluatedProperties`, jsonschema itself searches names for patterns; there, each pattern gives way to those names of
the value that it is found in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from goldgate.task.pattern import Undecided, compile_pattern, found_in


def check_schema(schema: Mapping[str, Any]) -> None:
    """Checks that a schema is valid in the dialect that it names, 2020-12 by default.

    Raises:
        jsonschema.SchemaError: It is not, or one of its patterns is not a regular expression of ECMA-262.
    """
    from jsonschema import FormatChecker
    from jsonschema.validators import validator_for

    checker = FormatChecker(formats=())
    checker.checks("regex", raises=ValueError)(lambda text: not isinstance(text, str) or bool(compile_pattern(text)))
    dialect: Any = validator_for(schema)
    dialect.check_schema(schema, format_checker=checker)


def schema_errors(validator: Any, value: Any) -> Iterator[Any]:
    """Yields what in a value breaks a schema.

    Args:
        validator: A jsonschema validator of the schema. Its keywords on numbers and patterns are replaced by ours.
        value: The value, as parsed from JSON.

    Yields:
        Errors of jsonschema (`message`, `absolute_path`). If a pattern cannot be decided in time, that is the last
        error: nobody knows whether the value keeps the schema, so it does not count as valid.
    """
    from jsonschema import ValidationError

    try:
        yield from _errors(validator, value)
    except Undecided as error:
        yield ValidationError(f"{error}, so the value counts as invalid")


def _errors(validator: Any, value: Any) -> Iterator[Any]:
    # Without "$schema", because jsonschema would return to its own keywords wherever "$ref": "#" leads to it again.
    schema = {key: part for key, part in validator.schema.items() if key != "$schema"}
    text = repr(schema)
    if "unevaluatedProperties" in text and "/patternProperties/" not in text:  # a reference into one keeps it in place
        schema = _by_name(schema, sorted(_names(value)))
    dialect: Any = type(validator)
    yield from _ours(dialect)(schema).iter_errors(value)


_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose value has schemas under names of the schema's author."""
_VALUES = frozenset({"const", "enum", "default", "examples"})


def _names(value: Any) -> set[str]:
    """The names of all properties in a value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(_names, value.values()))
    return set[str]().union(*map(_names, value)) if isinstance(value, list) else set()


def _by_name(schema: Any, names: Sequence[str]) -> Any:
    """Returns a schema with `properties` in place of `patternProperties`, for values that have only these names."""
    if isinstance(schema, list):
        return [_by_name(part, names) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, part in schema.items():
        if key in _MAPS and isinstance(part, dict):
            made[key] = {name: _by_name(inner, names) for name, inner in part.items()}
        else:
            made[key] = part if key in _VALUES else _by_name(part, names)
    if isinstance(patterns := made.get("patternProperties"), dict):
        del made["patternProperties"]
        known = made.setdefault("properties", {})
        for name in names:
            found = [inner for pattern, inner in patterns.items() if found_in(pattern, name)]
            if found:
                known[name] = {"allOf": [*([known[name]] if name in known else []), *found]}
    return made


@cache
def _ours(dialect: Any) -> Any:
    """Returns a dialect of jsonschema with our keywords."""
    from jsonschema import validators

    extend: Any = validators.extend
    theirs = dialect.VALIDATORS
    keywords = {
        "multipleOf": _multiple_of,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    return extend(dialect, {name: keyword for name, keyword in keywords.items() if name in theirs})


def _multiple_of(validator: Any, step: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if validator.is_type(value, "number") and (_decimal(value) / _decimal(step)).denominator != 1:
        yield ValidationError(f"{value!r} is not a multiple of {step}")


def _decimal(number: Any) -> Fraction:
    """Returns the decimal that a number is written as: 0.01 is one hundredth, not the float next to it."""
    return Fraction(repr(number))


def _pattern(validator: Any, pattern: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if validator.is_type(value, "string") and not found_in(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for pattern, inner in patterns.items():
            for key, item in value.items():
                if found_in(pattern, key):
                    yield from validator.descend(item, inner, path=key, schema_path=pattern)


def _additional_properties(validator: Any, rule: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not validator.is_type(value, "object"):
        return
    known: Iterable[str] = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    more = [key for key in value if key not in known and not any(found_in(p, key) for p in patterns)]
    if validator.is_type(rule, "object"):
        for key in more:
            yield from validator.descend(value[key], rule, path=key)
    elif not rule and more:
        named = ", ".join(repr(key) for key in sorted(more))
        yield ValidationError(
            f"Additional properties are not allowed ({named} {'was' if len(more) == 1 else 'were'} unexpected)"
        )
