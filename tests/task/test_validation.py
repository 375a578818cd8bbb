"""JSON Schema where floats and Python's `re` would decide otherwise than the schema's own words."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import SchemaError
from jsonschema.validators import validator_for

from goldgate.task import pattern
from goldgate.task.validation import check_schema, schema_errors


def errors(schema: dict[str, Any], value: object) -> list[str]:
    check_schema(schema)
    return [error.message for error in schema_errors(validator_for(schema)(schema), value)]


@pytest.mark.parametrize(
    ("step", "value"),
    [
        *[(0.01, 9.54), (0.01, 1.13), (0.01, -19.99), (0.1, 0.3), (0.0001, 4.35), (0.01, 1e308), (1e-7, 3e-7)],
        *[(0.01, 0), (2, 4.0), (5, 10), (0.5, 1e15 + 0.5), (1, -0.0), (0.01, 1.1), (1, 10**400), (2.5, 10**30)],
    ],
)
def test_multiples_are_those_of_the_decimals_as_written(step: float, value: float) -> None:
    assert errors({"type": "number", "multipleOf": step}, value) == []


@pytest.mark.parametrize(
    ("step", "value"), [(0.01, 9.545), (0.1, 0.35), (2, 3), (2, 3.5), (1, 1e-300), (0.01, 1e-3), (3, 10**30)]
)
def test_what_is_no_multiple_is_named(step: float, value: float) -> None:
    assert "is not a multiple of" in errors({"multipleOf": step}, value)[0]


def test_a_multiple_is_asked_of_numbers_alone() -> None:
    assert errors({"multipleOf": 2}, "3") == errors({"multipleOf": 2}, True) == errors({"multipleOf": 2}, None) == []


OBJECT = {
    "type": "object",
    "properties": {"a": {"type": "string", "pattern": "^[A-Z]{2}$"}},
    "additionalProperties": False,
}


def test_patterns_are_anchored_as_written() -> None:
    assert errors(OBJECT, {"a": "AB"}) == []
    assert "does not match" in errors(OBJECT, {"a": "AB\n"})[0]


@pytest.mark.parametrize(
    "dialect", ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"]
)
def test_a_schema_within_itself_keeps_its_words(dialect: str) -> None:
    """jsonschema picks the dialect again wherever a reference leads back to the root."""
    tree = {"$schema": dialect, "properties": {"n": {"multipleOf": 0.01}, "next": {"$ref": "#"}}}
    assert errors(tree, {"n": 9.54, "next": {"n": 1.13, "next": {"n": 19.99}}}) == []
    assert len(errors(tree, {"n": 9.54, "next": {"n": 1.131}})) == 1


def test_names_of_properties_are_matched_in_the_same_way() -> None:
    schema = {"patternProperties": {"^[a-z]+$": {"type": "number"}}, "additionalProperties": False}
    assert errors(schema, {"ab": 1}) == []
    assert "unexpected" in errors(schema, {"ab\n": 1})[0]
    assert "is not of type" in errors(schema, {"ab": "1"})[0]
    assert (
        errors({"patternProperties": {"^x": {}}, "additionalProperties": {"type": "number"}}, {"x": "1", "y": 1}) == []
    )
    assert "does not match" in errors({"propertyNames": {"pattern": r"^\w$"}}, {"é": 1})[0]


SLOW = {"pattern": "^(a|aa|a?)+$"}
LETTERS = "a" * 60 + "!"


@pytest.mark.parametrize(
    "schema", [SLOW, {"not": SLOW}, {"anyOf": [SLOW, {}]}, {"if": SLOW, "then": {}, "else": {}}, {"oneOf": [SLOW, {}]}]
)
def test_a_value_that_cannot_be_decided_is_not_valid(monkeypatch: pytest.MonkeyPatch, schema: dict[str, Any]) -> None:
    monkeypatch.setattr(pattern, "LONGEST_MATCH", 0.02)
    pattern._found.cache_clear()
    assert any("takes longer than" in message for message in errors(schema, LETTERS))
    pattern._found.cache_clear()


@pytest.mark.parametrize(
    "schema",
    [{"pattern": "("}, {"pattern": r"a\Z"}, {"patternProperties": {"[": {}}}, {"properties": {"a": {"pattern": "*"}}}],
)
def test_a_pattern_that_is_none_breaks_the_schema(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        check_schema(schema)


def test_patterns_of_ecma_262_alone_are_patterns() -> None:
    check_schema({"pattern": r"^\p{L}+\u{20}\cA$"})


UNEVALUATED = {"type": "object", "patternProperties": {"^a\\d$": {"type": "integer"}}, "unevaluatedProperties": False}


@pytest.mark.parametrize(
    ("schema", "value", "wrong"),
    [
        (UNEVALUATED, {"a1": 1}, 0),
        (UNEVALUATED, {"a1": "x"}, 1),
        (UNEVALUATED, {"a١": 1}, 1),  # a digit to Python's `re`, not to ECMA-262
        (UNEVALUATED, {"a1\n": 1}, 1),  # `$` of Python's `re` matches before the line break
        (UNEVALUATED, {"b": 1}, 1),
        ({"$ref": "#/$defs/it", "$defs": {"it": UNEVALUATED}}, {"a1\n": 1}, 1),
        ({"allOf": [{"patternProperties": {"^a$": True}}], "unevaluatedProperties": False}, {"a": 1, "b": 2}, 1),
        ({"properties": {"a": {"minimum": 3}}, "patternProperties": {"a": {"maximum": 5}}}, {"a": 4, "xax": 9}, 1),
        ({**UNEVALUATED, "properties": {"a1": {"minimum": 3}}}, {"a1": 2}, 1),
        ({**UNEVALUATED, "properties": {"patternProperties": {"type": "string"}}}, {"patternProperties": "x"}, 0),
        ({"properties": {"in": UNEVALUATED}, "const": {"in": {"a1\n": 1}}}, {"in": {"a1\n": 1}}, 1),
        ({**UNEVALUATED, "$schema": "https://json-schema.org/draft/2019-09/schema"}, {"a1\n": 1}, 1),
    ],
)
def test_unevaluated_properties_follow_the_patterns_of_ecma(schema: dict[str, Any], value: Any, wrong: int) -> None:
    assert len(errors(schema, value)) == wrong


def test_unevaluated_properties_beside_a_pattern_without_an_end_are_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern, "LONGEST_MATCH", 0.02)
    schema = {"patternProperties": {SLOW["pattern"]: True}, "unevaluatedProperties": False}
    pattern._found.cache_clear()
    assert "so the value counts as invalid" in errors(schema, {LETTERS: 1})[0]
    pattern._found.cache_clear()
