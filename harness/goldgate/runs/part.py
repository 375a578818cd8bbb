"""Typed values from a run folder's files: strict types, null for what was not recorded, errors that name the field."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import read_json

VERSION = 1
"""The version of the run folder's files, raised when a file gets a key that an older Goldgate cannot read."""
_T = TypeVar("_T")
_M = TypeVar("_M", bound="Part")


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A finite number. Like null, NaN and infinity mean that nothing was recorded."""
Count = Annotated[int | None, BeforeValidator(_finite)]
"""A whole number. NaN and infinity mean that nothing was recorded."""


def known(value: float | None) -> float:
    """Returns the number, or NaN if it was not recorded, for writing it as text or comparing it."""
    return math.nan if value is None else value


Many = Annotated[tuple[_T, ...], Field(strict=False)]
"""A JSON list."""
Facts = dict[str, Any]
"""A JSON object with keys that we do not define, such as what a machine says about itself."""


class Part(BaseModel):
    """A JSON object in a run folder. An absent key and null both mean that nothing was recorded; unknown keys are
    errors.

    Attributes:
        counted: Fields in which null is an error too, because what they list must never be lost.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    counted: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        fields, counted = cls.model_fields, cls.counted
        return {
            k: v
            for k, v in value.items()
            if v is not None or k in counted or (k in fields and fields[k].default is None)
        }

    def to_json(self) -> dict[str, Any]:
        """Returns the fields that were given as plain JSON values, with null for None."""
        return self.model_dump(mode="json", exclude_unset=True)


def read_part(kind: type[_M], path: Path, hint: str) -> _M:
    """Reads a file of a run folder that holds one object.

    Args:
        kind: The model of the file.
        path: The file.
        hint: What to do about a file that is broken.

    Returns:
        The checked record.

    Raises:
        UserError: The file is missing or not JSON, it was written by a newer Goldgate, or a field is missing, unknown
            or of the wrong type. It names the file and the field.
    """
    return check_part(kind, read_json(path), str(path), hint)


def check_part(kind: type[_M], value: Any, where: str, hint: str) -> _M:
    """Checks that a JSON value is such a record.

    Args:
        kind: The model of the record.
        value: The parsed JSON.
        where: The file that holds it, for messages.
        hint: What to do about a broken record.

    Returns:
        The checked record.

    Raises:
        UserError: The value is not such a record. It names `where` and the field.
    """
    if not isinstance(value, dict):
        raise UserError(f"must be an object, not {value!r:.40}", where, hint)
    _check_version(value, where, hint)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise _complaint(error, kind, value, where, hint) from error


def read_parts(kind: type[_M], path: Path, hint: str) -> tuple[_M, ...]:
    """Reads a file of a run folder that holds a list of objects, such as attempts/1/log.json.

    Args:
        kind: The model of one object.
        path: The file.
        hint: What to do about a file that is broken.

    Returns:
        The checked objects in order. Empty if there is no such file: an attempt that was interrupted has none.

    Raises:
        UserError: The file contains anything else. It names the file and the field.
    """
    if not path.is_file():
        return ()
    value = read_json(path)
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise UserError("must be a list of objects", str(path), hint)
    try:
        return TypeAdapter(Many[kind]).validate_python(value)  # type: ignore[valid-type]
    except ValidationError as error:
        raise _complaint(error, kind, value, str(path), hint) from error


def needed(value: _T | None, field: str, where: str, hint: str) -> _T:
    """Insists on a field that a record may lack, for example because the run is still in progress.

    Args:
        value: What the record says; None if it says nothing.
        field: The field's name.
        where: The file that holds the record.
        hint: What to do about it.

    Returns:
        The value.

    Raises:
        UserError: The record lacks the field.
    """
    if value is None:
        raise UserError(f'"{field}" is missing', f'{where}, field "{field}"', hint)
    return value


def _check_version(value: dict[str, Any], where: str, hint: str) -> None:
    version = value.get("version", 1)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise UserError(
            f"a version must be a whole number of at least 1, not {version!r:.40}", f'{where}, field "version"', hint
        )
    if version > VERSION:
        raise UserError(
            f"this record has version {version}, but this Goldgate reads versions up to {VERSION}",
            f'{where}, field "version"',
            "it was written by a newer Goldgate: upgrade with `pip install --upgrade goldgate`",
        )


def _complaint(error: ValidationError, kind: type[Part], value: Any, where: str, hint: str) -> UserError:
    """Reports the first error, by its gate if it is in one, and by its field."""
    first = error.errors()[0]
    names = [str(p) for p in first["loc"] if isinstance(p, str) and not re.fullmatch(r"function-.*|tuple\[.*", p)]
    gate = _gate(value, first["loc"])
    field = ".".join(n for n in names if not gate or n not in ("verdicts", "records"))
    place = f'{where}, gate "{gate}", field "{field}"' if gate else f'{where}, field "{field}"'
    if first["type"] == "extra_forbidden":
        return UserError(f'unknown key "{names[-1]}"', place, near_names(names[-1], _fields(kind, names[:-1])))
    if first["type"] == "missing":
        return UserError(f'"{names[-1]}" is missing', place, hint)
    if first["type"] == "value_error":  # a rule of our own, in our own words
        return UserError(str(first["ctx"]["error"])[:200], place, hint)
    if first["type"] in ("tuple_type", "list_type"):
        return UserError("must be a list of objects", place, hint)
    said = first["msg"].removeprefix("Input should be ")
    return UserError(f"must be {said}, not {first['input']!r:.40}", place, hint)


def _gate(value: Any, loc: tuple[int | str, ...]) -> str:
    """Returns the name of the gate that an error is in: gates' records are lists of objects with an `item`."""
    at = value
    for step in loc:
        if not isinstance(at, dict | list) or (isinstance(at, dict) and step not in at):
            break
        at = at[step]  # type: ignore[index]
        if isinstance(at, dict) and isinstance(item := at.get("item"), str) and item:
            return item
    return ""


def _fields(kind: type[Part], names: list[str]) -> list[str]:
    """Returns the fields of the model that a path of names leads to; the outermost model's if it leads elsewhere."""
    for name in names:
        for field in (f for n, f in kind.model_fields.items() if n == name):
            for inner in re.findall(r"\w+", str(field.annotation)):
                known = {c.__name__: c for c in Part.__subclasses__()}
                kind = known.get(inner, kind)
    return list(kind.model_fields)
