"""Content digests: they identify data by what it contains, not by its name or location."""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def digest(value: Any) -> str:
    """Computes the digest of a JSON value.

    Args:
        value: A JSON value.

    Returns:
        SHA-256 (64 hex digits) of its canonical JSON: sorted keys, no whitespace, UTF-8.

    Raises:
        TypeError: The value is not JSON, so that nothing is digested by its repr.
        ValueError: The value contains NaN or an infinity.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # Data read from JSON escapes can contain lone surrogates; they must not make a digest impossible.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_digest(path: Path) -> str:
    """Computes the digest of a file.

    Args:
        path: The file.

    Returns:
        SHA-256 (64 hex digits) of its bytes.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(path: Path) -> str:
    """Computes the digest of a file that may be text, so that every checkout of the same text has the same digest.

    Args:
        path: The file.

    Returns:
        SHA-256 (64 hex digits) of its text with line ends as "\\n" and without a byte order mark; of its bytes if it is
        not UTF-8 text.
    """
    raw = path.read_bytes()
    return hashlib.sha256(as_text(raw) if _is_text(raw) else raw).hexdigest()


def as_text(raw: bytes) -> bytes:
    """Returns the bytes of a text with line ends as "\\n" and without a byte order mark."""
    return raw.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw


def files_digest(paths: Iterable[Path], folder: Path | None = None) -> str:
    """Computes one digest of several files of a folder.

    Args:
        paths: The files, in any order.
        folder: The folder, if some of them are in folders inside it.

    Returns:
        Digest (64 hex digits) of their names, without the path of the folder, and their contents.
    """
    named = ((path.name if folder is None else path.relative_to(folder).as_posix(), path) for path in paths)
    return digest(sorted([name, file_digest(path)] for name, path in named))


def short(value: str) -> str:
    """Shortens a digest for display.

    Args:
        value: A digest.

    Returns:
        Its first 12 hex digits.
    """
    return value[:12]
