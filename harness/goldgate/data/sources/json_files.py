"""Reading JSON and JSONL. A key that occurs twice in one object is a fault, because one of its values would be lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.row import Place
from goldgate.data.sources.choices import Choices
from goldgate.data.sources.encoding import UNREADABLE, find_encoding, read_text, text_lines
from goldgate.data.sources.record import Broken, Record, Source

LARGEST_JSON = 256 * 2**20
"""Bytes of a JSON file, which is read whole and takes several times its size in memory. JSONL has no such limit."""

_USUAL = ("data", "rows", "records", "examples", "items", "tests")  # how a list of examples is called


class _Twice(ValueError):
    """A key occurs twice."""


def read_json_lines(source: Source, choices: Choices, account: Account) -> Iterator[Record | Broken]:
    """Reads JSONL, one object a line.

    Args:
        source: The file.
        choices: The user's decisions.
        account: Receives the decision on the encoding.

    Yields:
        The rows in order; a line that is no object is broken.
    """
    encoding = find_encoding(source, choices.encoding, account)
    empty = 0
    for number, line in enumerate(text_lines(source.path, encoding), 1):
        place = Place(source.name, number)
        if line is None:
            yield Broken(place, "a line that is too long")
        elif not line.strip():
            empty += 1
        elif UNREADABLE in line:
            yield Broken(place, f"bytes that are not {encoding}", "", line.rstrip("\r\n"))
        else:
            yield _object(line, place)
    if empty:
        account.remarks.append(f"{source.name}: {empty} blank lines, which are no rows")


def _object(line: str, place: Place) -> Record | Broken:
    raw = line.rstrip("\r\n")
    try:
        value = parse(line)
    except ValueError as error:
        return Broken(place, *_fault(error), raw)
    except RecursionError:
        return Broken(place, "nested too deeply", "", raw)
    if not isinstance(value, dict):
        return Broken(place, "a line that is not an object", f"it is {_named(value)}", raw)
    return Record(place, value)


def parse(text: str) -> Any:
    """Parses JSON.

    Args:
        text: The JSON text.

    Returns:
        Its value.

    Raises:
        ValueError: It is not valid JSON, or a key occurs twice in an object.
        RecursionError: It is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Twice(next(key for key in keys if keys.count(key) > 1))
    return found


def _fault(error: ValueError) -> tuple[str, str]:
    if isinstance(error, _Twice):
        return "a key that occurs twice", f'"{error}"'
    if isinstance(error, json.JSONDecodeError):
        return "not valid JSON", f"{error.msg} at column {error.colno}"
    return "not valid JSON", str(error)  # an integer with thousands of digits


def _named(value: Any) -> str:
    names = {list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def read_json_file(source: Source, choices: Choices, account: Account) -> Iterator[Record | Broken]:
    """Reads a JSON file that is a list of objects, or an object that holds one.

    Args:
        source: The file.
        choices: The user's decisions.
        account: Receives the decisions on the encoding and on which list was taken.

    Yields:
        The rows in order.

    Raises:
        UserError: The file is too large, is not valid JSON, or holds no list of objects. The error names the line.
    """
    if source.path.stat().st_size > LARGEST_JSON:
        raise UserError(
            f"a JSON file of more than {LARGEST_JSON >> 20} MiB", source.name, "save it as JSONL, one object a line"
        )
    encoding = find_encoding(source, choices.encoding, account)
    yield from records_of(parse_whole(read_text(source, encoding), source.name), source, account)


def records_of(value: Any, source: Source, account: Account) -> Iterator[Record | Broken]:
    """Yields the rows of a parsed file that is a list of objects, or an object that holds one.

    Args:
        value: The parsed file.
        source: The file.
        account: Receives the decision which list was taken.

    Yields:
        The rows in order.

    Raises:
        UserError: There is no list of objects.
    """
    for number, row in enumerate(object_rows(value, source, account), 1):
        place = Place(source.name, number, "row")
        if isinstance(row, dict):
            yield Record(place, row)
        else:
            yield Broken(place, "a row that is not an object", f"it is {_named(row)}", row)


def parse_whole(text: str, name: str) -> Any:
    """Parses a whole file.

    Args:
        text: Its text.
        name: Its name, for the message.

    Returns:
        Its value.

    Raises:
        UserError: It is not valid JSON, or a key occurs twice in an object.
    """
    try:
        return parse(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"not valid JSON ({error.msg} at column {error.colno})",
            f"{name}, line {error.lineno}",
            "check that the file is complete, or save it as JSONL, where a broken line costs that line only",
        ) from error
    except ValueError as error:
        raise UserError(" ".join(_fault(error)), name, "give every key of an object a name of its own") from error
    except RecursionError as error:
        raise UserError("nested too deeply to be read", name, "make it flatter") from error


def object_rows(value: Any, source: Source, account: Account) -> list[Any]:
    """Finds the rows of a document.

    Args:
        value: The document.
        source: The file that it stands in.
        account: Receives the decision which list was taken.

    Returns:
        The document if it is a list, the only list of objects in it, or the document itself as the only row.

    Raises:
        UserError: There is no list of objects, or several.
    """
    if isinstance(value, list):
        return value
    lists = list(_lists(value, "", 2)) if isinstance(value, dict) else []
    usual = [found for found in lists if found[0] in _USUAL]
    if len(lists) == 1 or len(usual) == 1:
        path, rows = (usual or lists)[0]
        others = ", ".join(other for other, _ in lists if other != path)
        reason = f"by its name; not read: {others}" if others else "the only list of objects in the file"
        account.decide(f"rows of {source.name}", path, reason)
        return rows
    if isinstance(value, dict) and not lists:
        return [value]  # one line of JSONL
    found = f"it holds several: {', '.join(path for path, _ in lists)}" if lists else f"it is {_named(value)}"
    raise UserError(f"must be a list of objects; {found}", source.name, "write [{..}, {..}], or one object a line")


def _lists(value: dict[str, Any], above: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """The lists of objects in an object, down to a depth, with their paths."""
    for key, inner in value.items():
        path = f"{above}.{key}" if above else key
        if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner):
            yield path, inner
        elif isinstance(inner, dict) and depth > 1:
            yield from _lists(inner, path, depth - 1)
