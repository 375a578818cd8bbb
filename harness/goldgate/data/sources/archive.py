"""Unpacking gz, and zip with one file in it, within limits."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from goldgate.base.errors import UserError
from goldgate.data.sources.record import Source

LARGEST = 4 * 2**30
"""Bytes that an archive may hold."""
_FREE = 64 * 2**20  # bytes below which the ratio does not matter
_RATIO = 200  # unpacked to packed: text packs to a tenth, a bomb to a thousandth
_CHUNK = 1 << 20


def unpack_gzip(source: Source, folder: Path) -> Source:
    """Unpacks a gz file.

    Args:
        source: The file.
        folder: Where to write what is in it.

    Returns:
        The unpacked file.

    Raises:
        UserError: The file is broken, or what is in it is too large.
    """
    inner = source.name[: -len(".gz")] if source.name.lower().endswith(".gz") else source.name
    try:
        with gzip.open(source.path) as packed:
            path = _write(packed, source, folder)
    except (OSError, EOFError, zlib.error) as error:
        raise _broken(source, error) from error
    return Source(path, source.name, PurePosixPath(inner).suffix.lower())


def unpack_zip(source: Source, folder: Path) -> Source:
    """Unpacks a zip file that holds one file.

    Args:
        source: The file.
        folder: Where to write what is in it.

    Returns:
        The unpacked file. Its name in the archive is only a name: nothing is written to a path that an archive gives.

    Raises:
        UserError: The file is broken or encrypted, holds no file or several, or what is in it is too large.
    """
    try:
        with zipfile.ZipFile(source.path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
            if len(members) != 1:
                named = ", ".join(PurePosixPath(m.filename).name for m in members[:8]) or "none"
                raise UserError(
                    f"the archive holds {len(members)} files ({named}), not one",
                    source.name,
                    "unpack it, and give the folder or one of its files",
                )
            with archive.open(members[0]) as packed:
                path = _write(packed, source, folder)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise _broken(source, error) from error
    member = PurePosixPath(members[0].filename)
    return Source(path, f"{source.name}, {member.name}", member.suffix.lower())


def check_expanded(source: Source) -> None:
    """Checks that a file which is a zip archive inside, such as an Excel file, is not too large when it is unpacked.

    Args:
        source: The file.

    Raises:
        UserError: It is too large.
        zipfile.BadZipFile: It is no whole archive.
    """
    total = 0
    with zipfile.ZipFile(source.path) as archive:
        for member in archive.infolist():
            with archive.open(member) as packed:
                for chunk in _chunks(packed):
                    total += len(chunk)
                    _check(total, source, LARGEST // 8)  # it is held in memory


def _write(packed: IO[bytes] | gzip.GzipFile, source: Source, folder: Path) -> Path:
    path, total = folder / f"unpacked{len(list(folder.iterdir()))}", 0
    with path.open("wb") as file:
        for chunk in _chunks(packed):
            total += len(chunk)
            _check(total, source, LARGEST)
            file.write(chunk)
    return path


def _chunks(packed: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    chunks: Iterable[bytes] = iter(lambda: packed.read(_CHUNK), b"")
    yield from chunks


def _check(total: int, source: Source, most: int) -> None:
    if total > most:
        raise UserError(f"holds more than {most >> 20} MiB", source.name, "split it into smaller files")
    if total > _FREE and total > _RATIO * source.path.stat().st_size:
        raise UserError(
            f"unpacks to more than {_RATIO} times its size, as archives do that are meant to fill a disk",
            source.name,
            "unpack it yourself if you know what is in it",
        )


def _broken(source: Source, error: Exception) -> UserError:
    return UserError(
        f"cannot be unpacked ({str(error).strip()})", source.name, "check that the file is complete, and not encrypted"
    )
