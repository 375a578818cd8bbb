"""Content digests: what a thing is, never what it is called or where it lies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def digest(value: Any) -> str:
    """SHA-256 (64 hex digits) of the value's canonical JSON: sorted keys, no blanks, UTF-8.

    Raises TypeError for what is not JSON and ValueError for NaN, so that nothing is digested by its repr.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # Lone surrogates can stand in data read from JSON escapes; they must not make a digest impossible.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 (64 hex digits) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_digest(paths: Iterable[Path]) -> str:
    """One digest for several files of one folder: their names (not their folders) and contents, in any order."""
    return digest(sorted([path.name, file_digest(path)] for path in paths))


def short(value: str) -> str:
    """The first 12 hex digits, for people."""
    return value[:12]
