"""Reading and checking schema.json, and looking up its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import beside, check_object, read_json
from goldgate.task.validation import check_schema

Schema = Mapping[str, Any]
_SAME_VALUE = ("allOf", "anyOf", "oneOf", "if", "then", "else")
_ITEMS = ("items", "prefixItems", "contains")


def load_schema(folder: Path, name: str) -> Schema:
    """Reads a task's JSON Schema.

    Args:
        folder: suites/<task>.
        name: The schema's file name in that folder.

    Returns:
        The schema.

    Raises:
        UserError: The file is not in the folder, is not a valid JSON Schema, or contains a reference that cannot be
            resolved within it.
    """
    from jsonschema import SchemaError

    path = beside(folder, name, "schema", f'{folder / "task.yaml"}, field "schema"')
    schema = check_object(read_json(path), str(path), 'start with {"type": "object", ...}')
    if not isinstance(schema.get("$schema", ""), str):
        raise UserError(
            "does not name a dialect of JSON Schema", f'{path}, field "$schema"', "write its URI, or remove the field"
        )
    try:
        check_schema(schema)
    except SchemaError as error:
        at = "/".join(str(p) for p in error.absolute_path) or "the top"
        why = error.cause or error.message  # the cause is why a pattern is none
        raise UserError(f"not a valid JSON Schema: {why!s:.160}", f"{path}, at {at}", "fix it") from error
    _check_references(schema, path)
    return schema


def unknown_field(schema: Schema, field: str) -> str | None:
    """Checks whether a schema has a field.

    An object that allows properties it does not name (`patternProperties`, or an `additionalProperties` that is not
    false), or that names none, counts as having every field.

    Args:
        schema: The schema.
        field: A path without indexes, such as `items.amount`; "" for the whole value.

    Returns:
        None if the schema has the field, otherwise a hint with similar names.
    """
    here, path, rest = _parts([schema], schema), "", field
    while rest:
        known = {key for part in here for key in part.get("properties", {})}
        if rest in known:  # including a name that contains a dot
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
    """Expands schemas to every subschema of the same value: references, branches, and the items of lists."""
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
    """Raises UserError for a $ref that cannot be resolved within the schema; nothing is ever fetched."""
    from referencing.exceptions import Unresolvable

    resolver = _resolver(schema)
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise UserError(
                f'"$ref": "{reference}" does not refer to anything in this schema',
                str(path),
                "copy the definition into the schema, under $defs",
            ) from error


def _references(value: Any) -> Iterator[str]:
    """Yields every $ref within a schema, skipping keywords whose values are data (const, enum, default, examples)."""
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for key, inner in value.items():
            if key not in ("const", "enum", "default", "examples"):
                yield from _references(inner)
