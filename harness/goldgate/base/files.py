"""Files are written whole or not at all: a killed process leaves the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import UnionType
from typing import Any

from goldgate.base.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RUST_ERROR = re.compile(r"\(os error (\d+)\)")
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux's renameat2
_DEEPEST = 50  # levels of a JSON value: schemas and digests are worked out by recursion


def check_name(name: str, what: str) -> str:
    """The name itself, if it is safe as one folder name; UserError for a path, dots, blanks or nothing."""
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{what} {name!r} is not a name",
            hint="use letters, digits, - and _ (at most 64, the first a letter or digit), not a path",
        )
    return name


def beside(folder: Path, name: str, what: str, where: str) -> Path:
    """The file of that name in a task's folder. Raises UserError for a path that leads elsewhere, by link too."""
    path = folder / name
    if "\0" in name or path.resolve().parent != folder.resolve():
        raise UserError(f"the {what} must lie beside task.yaml", where, "name a file, not a path")
    return path


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """A full or read-only disk inside the block becomes a UserError that names the path."""
    try:
        yield
    except Exception as error:
        number = _errno(error)
        if number in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                "no space left on the disk; nothing half-written stays behind",
                str(path),
                "free some space and run the same command again",
            ) from error
        if number in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
            raise UserError(
                f"cannot be written ({os.strerror(number)})", str(path), "choose a folder that you may write to"
            ) from error
        raise


def _errno(error: Exception) -> int | None:
    """The system's number of an error. Libraries in Rust, as safetensors, tell it in words alone."""
    if isinstance(error, OSError):
        return error.errno
    found = _RUST_ERROR.search(str(error))
    return int(found[1]) if found else None


def write_whole(path: Path, data: str | bytes) -> None:
    """Writes a file under a temporary name, flushes it to disk, and renames it into place."""
    raw = data.encode("utf-8") if isinstance(data, str) else data
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `path`; renamed to `path` when the block succeeds, removed when it fails.

    An existing folder at `path` is replaced only at the end: in one step on Linux, elsewhere in two, between which a
    killed process leaves the old folder beside its place.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
        try:
            yield part
            _flush(part)
            os.chmod(part, 0o755)
            if path.exists() and _exchanged(part, path):
                shutil.rmtree(part, ignore_errors=True)
            elif path.exists():
                old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".old"))
                os.replace(path, old / "gone")
                os.replace(part, path)
                shutil.rmtree(old)
            else:
                os.replace(part, path)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise


def _exchanged(one: Path, other: Path) -> bool:
    """Swaps two folders in one step, where system and disk can; whether they did."""
    import ctypes

    swap = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    return swap is not None and swap(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _flush(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())


def write_json(path: Path, value: Any) -> None:
    """Writes indented JSON, whole or not at all; NaN is refused (it is not JSON)."""
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Reads a JSON file; UserError naming file, line and column where it is missing or broken."""
    return parse_json(read_text(path), path.name, f"mend {path}, or restore it from version control")


def parse_json(text: str, name: str, hint: str, line: int = 1) -> Any:
    """The JSON value of a text that begins on this line of the file of that name. Raises UserError."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"not valid JSON ({error.msg} at column {error.colno})", f"{name}, line {line + error.lineno - 1}", hint
        ) from error
    except RecursionError as error:
        raise UserError("brackets within brackets, too deep to be read", f"{name}, line {line}", hint) from error
    except ValueError as error:  # a whole number of thousands of digits
        raise UserError(f"not valid JSON ({error})", f"{name}, line {line}", hint) from error


def check_json(value: Any, where: str, depth: int = 0) -> None:
    """Raises UserError for what no JSON file can hold: NaN, infinite numbers, half a surrogate pair, other types; and
    for a value of more than _DEEPEST levels.
    """
    if depth > _DEEPEST:
        raise UserError(f"brackets within brackets, more than {_DEEPEST} levels deep", where, "make it flatter")
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{json.dumps(value)} is not JSON", where, "write a finite number or null")
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        raise UserError(
            f"half a character, {value!r:.40}: a surrogate without its other half", where, "write the character itself"
        )
    if isinstance(value, dict):
        for key, inner in value.items():
            check_json(key, where, depth + 1)
            check_json(inner, where, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check_json(inner, where, depth + 1)
    elif not isinstance(value, str | int | float | None):
        raise UserError(f"{type(value).__name__} is neither text nor JSON: {value!r:.40}", where, "make it text")


def check_object(value: Any, where: str, hint: str, /, **fields: type | UnionType) -> dict[str, Any]:
    """The value, if it is a JSON object with these fields of these types. Raises UserError naming the field."""
    if not isinstance(value, dict):
        raise UserError(f"must be an object, not {value!r:.40}", where, hint)
    for name, kind in fields.items():
        if name not in value:
            raise UserError(f'"{name}" is missing', f'{where}, field "{name}"', hint)
        if not isinstance(value[name], kind):
            raise UserError(f"cannot be {value[name]!r:.40}", f'{where}, field "{name}"', hint)
    return value


def read_text(path: Path) -> str:
    """Reads UTF-8 text (a byte order mark is dropped); UserError where it is missing or not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError("no such file", str(path), "check the path") from error
    except IsADirectoryError as error:
        raise UserError("is a folder, not a file", str(path), "name the file inside it") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 (byte {error.start} is 0x{error.object[error.start]:02x})", str(path), "save the file as UTF-8"
        ) from error
