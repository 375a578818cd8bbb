"""task.yaml with any settings: valid ones are kept, invalid ones name their line, missing ones get a default."""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

TEXT = {"task": "t", "kind": "text", "instructions": "Answer."}
KEYS = (
    "baselines",
    "chat_template",
    "decoding",
    "error",
    "fields",
    "gates",
    "golden",
    "incumbent",
    "instructions",
    "kind",
    "labels",
    "max_group",
    "model",
    "prices",
    "schema",
    "style",
    "task",
    "template",
    "thinking",
    "train",
)


def load(raw: dict[str, Any] | str, schema: object = None) -> Task:
    """Writes task.yaml (JSON is valid YAML) and schema.json, and loads the task."""
    with TemporaryDirectory() as folder:
        suite = Path(folder) / "suites" / "t"
        suite.mkdir(parents=True)
        text = raw if isinstance(raw, str) else json.dumps(raw, indent=1).replace("Infinity", ".inf")
        (suite / "task.yaml").write_text(text, encoding="utf-8")
        if schema is not None:
            (suite / "schema.json").write_text(schema if isinstance(schema, str) else json.dumps(schema))
        return load_task(Project(Path(folder), Path(folder)), "t")


def refused(raw: dict[str, Any] | str, schema: object = None) -> UserError:
    with pytest.raises(UserError) as caught:
        load(raw, schema)
    assert caught.value.where
    assert caught.value.hint
    return caught.value


def test_what_is_left_out_is_the_documented_default() -> None:
    task = load(TEXT)
    assert task.model == "smollm2-135m"
    assert task.baselines == ("zero_shot", "few_shot:4", "nearest:4")
    assert (task.gates, task.error, task.golden, task.max_group) == ("shown", 0.05, "closed", 1)
    assert (task.decoding.temperature, task.decoding.seed) == (0.0, 0)
    assert (task.schema, task.labels, task.prices, task.incumbent, task.style) == (None, (), None, None, None)


@given(
    tokens=st.integers(1, 8192),
    temperature=st.floats(0, 5),
    error=st.floats(0.001, 0.49),
    group=st.integers(1, 99),
    price=st.floats(0, 1e6),
    gates=st.sampled_from(["shown", "plausible", "observed"]),
    text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_kept(
    tokens: int, temperature: float, error: float, group: int, price: float, gates: str, text: str
) -> None:
    task = load(
        {
            **TEXT,
            "instructions": text,
            "decoding": {"max_new_tokens": tokens, "temperature": temperature},
            "error": error,
            "max_group": group,
            "prices": {"per_million_input": price},
            "gates": gates,
        }
    )
    assert task.instructions == text
    assert (task.decoding.max_new_tokens, task.decoding.temperature) == (tokens, temperature)
    assert (task.error, task.max_group, task.gates) == (error, group, gates)
    assert task.prices is not None
    assert (task.prices.per_million_input, task.prices.per_million_output) == (price, 0.0)


@given(st.sampled_from([k for k in KEYS if len(k) > 4]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_key_with_a_letter_lost_is_refused_with_the_one_that_was_meant(key: str, data: Any) -> None:
    at = data.draw(st.integers(0, len(key) - 1))
    lost = key[:at] + key[at + 1 :]
    error = refused({**TEXT, lost: 1})
    assert error.what == f'unknown key "{lost}"'
    assert error.where.endswith(f'task.yaml, line 5, field "{lost}"')
    assert f'"{key}"' in error.hint


@pytest.mark.parametrize(
    ("section", "key", "meant"),
    [
        ("decoding", "max_new_token", "max_new_tokens"),
        ("prices", "per_milion_input", "per_million_input"),
        ("style", "greetings", "greeting"),
    ],
)
def test_a_key_inside_a_section_is_named_with_its_line(section: str, key: str, meant: str) -> None:
    error = refused({**TEXT, section: {key: 1}})
    assert error.what == f'unknown key "{key}"'
    assert error.where.endswith(f'line 6, field "{section}.{key}"')
    assert f'"{meant}"' in error.hint


def test_a_key_of_one_fields_rule_is_named() -> None:
    raw = {**TEXT, "kind": "json", "schema": "schema.json", "fields": {"total": {"tolerence": 1}}}
    error = refused(raw, {"type": "object"})
    assert error.where.endswith('field "fields.total.tolerence"')
    assert '"tolerance"' in error.hint


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "table"}, "kind"),
        ({"instructions": ""}, "instructions"),
        ({"gates": "maybe"}, "gates"),
        ({"error": 0}, "error"),
        ({"error": 0.5}, "error"),
        ({"error": "5%"}, "error"),
        ({"max_group": 0}, "max_group"),
        ({"golden": "open"}, "golden"),
        ({"model": 7}, "model"),
        ({"labels": "a"}, "labels"),
        ({"baselines": [1]}, "baselines.0"),
        ({"decoding": {"max_new_tokens": 0}}, "decoding.max_new_tokens"),
        ({"decoding": {"max_new_tokens": 1.5}}, "decoding.max_new_tokens"),
        ({"decoding": {"temperature": -1}}, "decoding.temperature"),
        ({"decoding": []}, "decoding"),
        ({"prices": {"per_million_input": -1}}, "prices.per_million_input"),
        ({"style": {"max_sentences": 0}}, "style.max_sentences"),
        ({"baselines": []}, "baselines"),
        ({"prices": {"per_million_output": math.inf}}, "prices.per_million_output"),
        ({"fields": {"a": {"weight": 0}}}, "fields.a.weight"),
        ({"fields": {"a": {"tolerance": -1}}}, "fields.a.tolerance"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_at_its_key(change: dict[str, Any], field: str) -> None:
    error = refused({**TEXT, **change})
    assert error.where.endswith(f'field "{field}"')
    assert "task.yaml, line " in error.where


@pytest.mark.parametrize("key", ["task", "kind", "instructions"])
def test_what_every_task_needs_is_missed_by_name(key: str) -> None:
    assert refused({k: v for k, v in TEXT.items() if k != key}).what == f'"{key}" is missing'


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n", "3\n"])
def test_a_file_that_is_no_mapping_says_how_to_begin(text: str) -> None:
    error = refused(text)
    assert error.what == "must be a mapping of keys to values"
    assert error.hint == "start with `task: NAME`"


def test_a_key_that_stands_twice_names_its_second_line() -> None:
    error = refused("task: t\nkind: text\ninstructions: a\ninstructions: b\n")
    assert "duplicate key" in error.what
    assert error.where.endswith("line 4")


@pytest.mark.parametrize(
    "text", ["{{x}}: 1\n", "? [a]\n: b\n", "a: \x01\n", "template: {a: 2024-13-45}\n", "template: " + "[" * 1000]
)
def test_yaml_that_json_cannot_say_is_refused(text: str) -> None:
    assert "task.yaml" in refused("task: t\nkind: text\ninstructions: a\n" + text).where


# schema.json

JSON = {**TEXT, "kind": "json", "schema": "schema.json"}


def test_kind_json_without_a_schema_says_so() -> None:
    assert refused({**TEXT, "kind": "json"}).what == "kind json needs a schema"


def test_a_schema_that_is_not_there_is_named() -> None:
    error = refused(JSON)
    assert error.what == "no such file"
    assert error.where.endswith("schema.json")


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be an object"),
        ("true", "must be an object"),
        ("5", "must be an object"),
        ("null", "must be an object"),
        ({"$schema": []}, "does not name a dialect"),
        ({"$ref": "#/$defs/none"}, "does not refer to anything"),
        ({"$ref": "https://example.org/s"}, "does not refer to anything"),
        ({"prefixItems": [{"$ref": "other.json"}]}, "does not refer to anything"),
        ({"type": "objct"}, "not a valid JSON Schema"),
        ({"required": "n"}, "not a valid JSON Schema"),
        ({"properties": {"n": {"pattern": "("}}}, "not a valid JSON Schema"),
        ({"properties": {"n": {"minimum": "low"}}}, "not a valid JSON Schema"),
    ],
)
def test_a_broken_schema_is_named(schema: object, what: str) -> None:
    error = refused(JSON, schema)
    assert what in error.what
    assert "schema.json" in error.where


@pytest.mark.parametrize("place", ["../schema.json", "/etc/hostname", "sub/schema.json", ".", ""])
def test_a_schema_is_a_file_beside_task_yaml_and_nowhere_else(place: str) -> None:
    assert (
        refused({**JSON, "schema": place}, {"type": "object"}).what
        == "the schema must be in the same folder as task.yaml"
    )


def test_a_schema_is_kept_as_it_is() -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"enum": [1, None, "ü", {"$ref": "data"}]},
            "$ref": {"items": {}},
            "m": {"$ref": "#/$defs/a"},
        },
        "$defs": {"a": {}},
        "x-note": "mine",
    }
    assert load(JSON, schema).schema == schema


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "a"]])
def test_two_different_labels_are_the_least(labels: list[str]) -> None:
    error = refused({**TEXT, "kind": "label", "labels": labels})
    assert error.where.endswith('field "labels"')
    assert load({**TEXT, "kind": "label", "labels": ["a", "b"]}).labels == ("a", "b")


@pytest.mark.parametrize("other", ["billing ", "\tbilling", "billing\u00a0", "  billing  "])
def test_labels_that_no_metric_tells_apart_are_refused(other: str) -> None:
    error = refused({**TEXT, "kind": "label", "labels": ["billing", other, "other"]})
    assert "are the same label (character" in error.what
    assert error.where.endswith('field "labels"')
    assert "same label" in refused({**TEXT, "kind": "label", "labels": ["caf\u00e9", "cafe\u0301"]}).what
    assert "blank" in refused({**TEXT, "kind": "label", "labels": ["a", "b", " \u00a0"]}).what
    assert load({**TEXT, "kind": "label", "labels": ["billing ", "Billing", "bill ing"]}).label("billing") == "billing "
