"""Field rules that are inconsistent or unknown to the schema are errors with their line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.task.project import Project
from goldgate.task.schema import unknown_field
from goldgate.task.task import FieldRule, Task

MakeTask = Callable[..., tuple[Project, Task]]
ITEM = {"type": "object", "properties": {"name": {"type": "string"}, "amount": {"type": "number"}}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "total": {"type": "number"},
        "vendor": {"type": ["string", "null"]},
        "open": {"type": "object"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "free": {"additionalProperties": {}, "properties": {"x": {}}},
        "with.point": {"type": "object"},
        "with": {"type": "object"},
        "buyer": {"anyOf": [{"type": "null"}, {"properties": {"city": {"type": "string"}}}]},
    },
    "$defs": {"item": ITEM, "loop": {"properties": {"next": {"$ref": "#/$defs/loop"}}}},
}


@pytest.mark.parametrize(
    "field",
    [
        "total",
        "items",
        "items.amount",
        "buyer.city",
        "open.anything",
        "free.thing",
        "",
        "with.point",
        "with.point.inner",
    ],
)
def test_a_field_that_the_schema_has_or_allows_is_known(field: str) -> None:
    assert unknown_field(SCHEMA, field) is None


@pytest.mark.parametrize(
    ("field", "near"),
    [("totl", '"total"'), ("items.amont", '"items.amount"'), ("buyer.town", '"buyer.city"|known: buyer.city')],
)
def test_a_field_that_it_has_not_gets_the_near_names(field: str, near: str) -> None:
    hint = unknown_field(SCHEMA, field)
    assert hint is not None
    assert any(name in hint for name in near.split("|"))


def test_a_schema_that_refers_to_itself_ends() -> None:
    loop = {"$ref": "#/$defs/loop", "$defs": SCHEMA["$defs"]}
    assert unknown_field(loop, "next.next.next") is None
    assert unknown_field(loop, "next.prev") is not None
    assert unknown_field({"$ref": "#"}, "a") is None


def test_a_schema_of_many_shared_branches_is_read_once_each() -> None:
    shared: dict[str, Any] = {f"s{i}": {"anyOf": [{"$ref": f"#/$defs/s{i + 1}"}] * 2} for i in range(60)}
    shared["s60"] = {"properties": {"a": {}}, "additionalProperties": False}
    assert unknown_field({"$ref": "#/$defs/s0", "$defs": shared}, "b") is not None


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"total": {"compare": "text", "tolerance": 0.1}}, r'line 1, field "fields.total": a tolerance is for numbers'),
        ({"total": {"tolerance": 0.1}}, r'field "fields.total": a tolerance is for numbers'),
        ({"total": {"compare": "number", "align": True}}, r'field "fields.total": align is for lists'),
        ({"items": {"compare": "set", "align": True}}, r'field "fields.items": align is for lists'),
        (
            {"items.amount": {"weight": 2}},
            r'field "fields.items.amount.weight": only a top-level field can have a weight',
        ),
        (
            {"totals": {"compare": "number"}},
            r'line 1, field "fields.totals": the schema has no field "totals"\n.*"total"',
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(make_task: MakeTask, rule: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_task({"kind": "json", "fields": rule}, SCHEMA)


def test_rules_that_make_sense_are_dumped_as_before(make_task: MakeTask) -> None:
    fields = {
        "items": {"compare": "list", "align": True},
        "total": {"compare": "number", "tolerance": 0.1},
        "open": {"align": True},
    }
    _, task = make_task({"kind": "json", "fields": fields}, SCHEMA)
    assert task.fields["items"].model_dump() == {"compare": "list", "tolerance": 0.0, "weight": 1.0, "align": True}
    assert FieldRule().model_dump() == {"compare": "exact", "tolerance": 0.0, "weight": 1.0, "align": False}
