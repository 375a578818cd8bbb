"""Reading files, and writing them atomically: a killed process leaves the old file or the new one, never a mixture."""

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
from goldgate.base.fingerprint import as_text

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RUST_ERROR = re.compile(r"\(os error (\d+)\)")
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux's renameat2
_SURROGATE = re.compile("[\ud800-\udfff]")
_DEEPEST = 50  # nesting levels of a JSON value: schemas and digests are computed recursively


def check_name(name: str, what: str) -> str:
    """Checks that a name is safe to use as a single folder name.

    Args:
        name: The name to check.
        what: What it names ("task", "run"), for the message.

    Returns:
        The name unchanged.

    Raises:
        UserError: The name is empty, is a path, or contains dots or spaces.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{what} {name!r} is not a valid name",
            hint="use letters, digits, - and _ (at most 64, starting with a letter or digit), not a path",
        )
    return name


def beside(folder: Path, name: str, what: str, where: str) -> Path:
    """Resolves a file that must be directly in a task's folder.

    Args:
        folder: The task's folder.
        name: The file name from task.yaml.
        what: What the file is ("schema"), for the message.
        where: The place that names it, for the message.

    Returns:
        The path of the file.

    Raises:
        UserError: The path leads outside the folder, directly or through a symbolic link.
    """
    path = folder / name
    if "\0" in name or path.resolve().parent != folder.resolve():
        raise UserError(f"the {what} must be in the same folder as task.yaml", where, "give a file name, not a path")
    return path


def in_home(path: str) -> Path:
    """Replaces a leading ~ with the home directory.

    Args:
        path: The path as it was written.

    Returns:
        The path.

    Raises:
        UserError: It begins with ~ and there is no such home directory, as in a container that sets no HOME.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UserError(
            "there is no such home directory on this machine", path, "write the whole path, or set HOME"
        ) from error


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Context manager that turns a full or read-only disk into a UserError.

    Args:
        path: The path that is being written, for the message.

    Raises:
        UserError: The disk is full, or the path cannot be written to.
    """
    try:
        yield
    except Exception as error:
        number = _errno(error)
        if number in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                "no space left on the disk; no half-written file is left behind",
                str(path),
                "free some space and run the same command again",
            ) from error
        if number in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
            raise UserError(
                f"cannot be written ({os.strerror(number)})", str(path), "choose a folder that you can write to"
            ) from error
        raise


def _errno(error: Exception) -> int | None:
    """Returns the errno of an error. Libraries written in Rust, such as safetensors, put it only in the message."""
    if isinstance(error, OSError):
        return error.errno
    found = _RUST_ERROR.search(str(error))
    return int(found[1]) if found else None


def write_whole(path: Path, data: str | bytes) -> None:
    """Writes a file under a temporary name, flushes it to disk, and renames it into place.

    Args:
        path: Where to write it; missing parent folders are created.
        data: Text (written as UTF-8) or bytes.

    Raises:
        UserError: The disk is full, or the path cannot be written to.
    """
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
    """Writes a folder atomically.

    An existing folder at `path` is replaced only at the end: in one step on Linux and in two steps elsewhere. A process
    killed between the two leaves the old folder next to where it was.

    Args:
        path: The folder to create or replace.

    Yields:
        A temporary folder next to `path`. It is renamed to `path` if the block succeeds and removed if it fails.

    Raises:
        UserError: The disk is full, or the path cannot be written to.
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
    """Swaps two folders in one step if the system and file system support it, and returns whether it did."""
    import ctypes

    swap = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    return swap is not None and swap(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _flush(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())


def write_json(path: Path, value: Any) -> None:
    """Writes a value as indented JSON, atomically.

    Args:
        path: Where to write it.
        value: A JSON value.

    Raises:
        ValueError: The value contains NaN or an infinity, which JSON does not have.
        UserError: The disk is full, or the path cannot be written to.
    """
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Reads a JSON file.

    Args:
        path: The file.

    Returns:
        Its value.

    Raises:
        UserError: The file is missing or is not valid JSON. The error names the file, line and column.
    """
    return parse_json(read_text(path), path.name, f"fix {path}, or restore it from version control")


def parse_json(text: str, name: str, hint: str, line: int = 1) -> Any:
    """Parses a piece of a file as JSON.

    Args:
        text: The JSON text.
        name: Name of the file it comes from, for the message.
        hint: What to do if it is broken.
        line: The line of the file on which the text starts, counted from 1.

    Returns:
        Its value.

    Raises:
        UserError: The text is not valid JSON. The error names the file, line and column.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"not valid JSON ({error.msg} at column {error.colno})", f"{name}, line {line + error.lineno - 1}", hint
        ) from error
    except RecursionError as error:
        raise UserError("nested too deeply to be read", f"{name}, line {line}", hint) from error
    except ValueError as error:  # an integer with thousands of digits
        raise UserError(f"not valid JSON ({error})", f"{name}, line {line}", hint) from error


def check_json(value: Any, where: str, depth: int = 0) -> None:
    """Checks that a value can be written as JSON and is not nested too deeply.

    Args:
        value: The value to check.
        where: Where it comes from, for the message.
        depth: How many levels enclose it.

    Raises:
        UserError: The value contains NaN, an infinity, an unpaired surrogate or a type that JSON does not have, or has
            more than _DEEPEST levels.
    """
    if depth > _DEEPEST:
        raise UserError(f"nested more than {_DEEPEST} levels deep", where, "make it flatter")
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{json.dumps(value)} is not JSON", where, "write a finite number or null")
    if isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
        raise UserError(
            f"half a character, {value!r:.40}: a surrogate without its other half",
            where,
            "write the character itself instead of its escapes",
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
    """Checks that a value is a JSON object with certain fields.

    Args:
        value: The value to check.
        where: Where it comes from, for the message.
        hint: What to do if it is wrong.
        fields: Name → type of every required field; other fields may occur too.

    Returns:
        The value unchanged.

    Raises:
        UserError: The value is not an object, or a field is missing or of another type. The error names the field.
    """
    if not isinstance(value, dict):
        raise UserError(f"must be an object, not {value!r:.40}", where, hint)
    for name, kind in fields.items():
        if name not in value:
            raise UserError(f'"{name}" is missing', f'{where}, field "{name}"', hint)
        if not isinstance(value[name], kind):
            raise UserError(f"cannot be {value[name]!r:.40}", f'{where}, field "{name}"', hint)
    return value


def read_text(path: Path) -> str:
    """Reads a text file.

    Args:
        path: The file.

    Returns:
        Its text without a byte order mark, with line ends as "\\n": the same for every checkout.

    Raises:
        UserError: The file is missing, is a folder, or is not UTF-8.
    """
    try:
        return as_text(path.read_bytes()).decode("utf-8")
    except FileNotFoundError as error:
        raise UserError("no such file", str(path), "check the path") from error
    except IsADirectoryError as error:
        raise UserError("is a folder, not a file", str(path), "give the path of a file inside it") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 (byte {error.start} is 0x{error.object[error.start]:02x})", str(path), "save the file as UTF-8"
        ) from error
