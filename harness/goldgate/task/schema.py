"""schema.json: read, checked, and asked which fields it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import beside, check_object, read_json

Schema = Mapping[str, Any]
_SAME_VALUE = ("allOf", "anyOf", "oneOf", "if", "then", "else")
_ITEMS = ("items", "prefixItems", "contains")


def load_schema(folder: Path, name: str) -> Schema:
    """A task's JSON Schema. Raises UserError unless it lies in the folder, is valid, and refers to itself alone."""
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    path = beside(folder, name, "schema", f'{folder / "task.yaml"}, field "schema"')
    schema = check_object(read_json(path), str(path), 'start with {"type": "object", ...}')
    if not isinstance(schema.get("$schema", ""), str):
        raise UserError("names no dialect of JSON Schema", f'{path}, field "$schema"', "write its address, or drop it")
    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        at = "/".join(str(p) for p in error.absolute_path) or "the top"
        raise UserError(f"not a valid JSON Schema: {error.message:.120}", f"{path}, at {at}", "mend it") from error
    _check_references(schema, path)
    return schema


def unknown_field(schema: Schema, field: str) -> str | None:
    """A hint with the near names if the schema has no such field (a path without indexes, "" for the whole), else None.

    An object that may have others than it names (`patternProperties`, an `additionalProperties` that is not false), or
    that names none, has every field.
    """
    here, path, rest = _parts([schema], schema), "", field
    while rest:
        known = {key for part in here for key in part.get("properties", {})}
        if rest in known:  # also one with a point in its name
            return None
        name, _, rest = rest.partition(".")
        if name not in known:
            is_open = any(
                "patternProperties" in part or part.get("additionalProperties", False) is not False for part in here
            )
            return near_names(path + name, [path + key for key in known]) if known and not is_open else None
        here = _parts([part["properties"][name] for part in here if name in part.get("properties", {})], schema)
        path += f"{name}."
    return None


def _parts(schemas: Sequence[Any], root: Schema) -> list[Schema]:
    """Schemas with all that describes the same value: references, branches, and the items of their lists."""
    found: dict[int, Schema] = {}
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop()
        if not isinstance(schema, dict) or id(schema) in found:
            continue
        found[id(schema)] = schema
        for key in (*_SAME_VALUE, *_ITEMS):
            inner = schema.get(key, [])
            waiting += inner if isinstance(inner, list) else [inner]
        if "$ref" in schema:
            waiting.append(_resolver(root).lookup(schema["$ref"]).contents)
    return list(found.values())


def _resolver(schema: Schema) -> Any:
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    whole = Resource.from_contents(schema, default_specification=DRAFT202012)
    name, inside = whole.id() or "", Registry[Any]()
    return inside.with_resource(name, whole).resolver(name)


def _check_references(schema: dict[str, Any], path: Path) -> None:
    """Raises UserError for a $ref that leads nowhere, or out of the schema: nothing is fetched from elsewhere."""
    from referencing.exceptions import Unresolvable

    resolver = _resolver(schema)
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise UserError(
                f'"$ref": "{reference}" leads to nothing in this schema',
                str(path),
                "put what it means into the schema, under $defs",
            ) from error


def _references(value: Any) -> Iterator[str]:
    """Every $ref within a schema, but for values that are data: const, enum, default, examples."""
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for key, inner in value.items():
            if key not in ("const", "enum", "default", "examples"):
                yield from _references(inner)
