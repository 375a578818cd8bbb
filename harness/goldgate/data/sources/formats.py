"""Finding what a file is by its content, and by its name where the content leaves it open."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.sources.archive import unpack_gzip, unpack_zip
from goldgate.data.sources.choices import Choices
from goldgate.data.sources.columnar import read_columnar
from goldgate.data.sources.delimited import read_delimited
from goldgate.data.sources.encoding import decoded, find_encoding
from goldgate.data.sources.excel import read_excel
from goldgate.data.sources.json_files import parse, read_json_file, read_json_lines
from goldgate.data.sources.record import Broken, Record, Source
from goldgate.data.sources.yaml_files import read_yaml_file

Reader = Callable[[Source, Choices, Account], Iterator[Record | Broken]]

_TABLES = {".csv", ".tsv", ".tab", ".psv", ".txt", ".dat"}
_JSON = {".json", ".jsonl", ".ndjson"}
SUFFIXES = sorted([".csv", ".tsv", ".xlsx", ".parquet", ".arrow", *_JSON, ".yaml", ".gz", ".zip"])
"""The ends of the names of the files that are read."""
_REFUSED = (
    (b"\xd0\xcf\x11\xe0", "an Excel file of the old format, or one with a password", "save it as .xlsx"),
    (b"SQLite format 3\0", "a SQLite database", "export the table as CSV"),
    (b"%PDF", "a PDF", "export the examples as CSV or JSONL"),
    (b"<!DOCTYPE", "a page of HTML, perhaps of an error", "export the examples as CSV or JSONL"),
    (b"<html", "a page of HTML, perhaps of an error", "export the examples as CSV or JSONL"),
    (b"version https://git-lfs", "what Git LFS keeps in the place of a file", "fetch the file itself: git lfs pull"),
    (b"FEA1", "a Feather file of the old format", "save it as Parquet"),
    (b"BZh", "packed with bzip2", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "packed with xz", "unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it, or pack it with gzip"),
)
_MOST_HEAD = 1 << 16  # bytes of a first line that may be an object of JSONL


@dataclass(frozen=True)
class Format:
    """What a file is.

    Attributes:
        name: The format.
        reason: What tells it.
        read: Its reader.
    """

    name: str
    reason: str
    read: Reader


def unpacked(source: Source, folder: Path) -> Source:
    """Unpacks a file if it is an archive.

    Args:
        source: The file.
        folder: A temporary folder.

    Returns:
        The file itself, or the one in it.

    Raises:
        UserError: The archive is broken, too large, or does not hold exactly one file that is no archive.
    """
    start = _start(source.path, 4)
    if start[:2] == b"\x1f\x8b":
        inner = unpack_gzip(source, folder)
    elif start == b"PK\3\4" and not _is_excel(source):
        inner = unpack_zip(source, folder)
    else:
        return source
    start = _start(inner.path, 265)
    if start[:2] == b"\x1f\x8b" or (start[:4] == b"PK\3\4" and inner.suffix != ".xlsx") or start[257:262] == b"ustar":
        raise UserError("an archive in an archive", source.name, "unpack it, and give the folder or one of its files")
    return inner


def find_format(source: Source, choices: Choices, account: Account) -> Format:
    """Finds the format of a file.

    Args:
        source: The file, unpacked.
        choices: The user's decisions.
        account: Receives the decision if the content says something else than the name.

    Returns:
        The format with its reader.

    Raises:
        UserError: The file is of a kind that is not read.
    """
    start = _start(source.path, _MOST_HEAD)
    for mark, what, hint in _REFUSED:
        if start.startswith(mark):
            raise UserError(f"this is {what}, which is not read", source.name, hint)
    if source.suffix in (".pkl", ".pickle", ".joblib", ".pt", ".bin") or start[:2] in (
        b"\x80\x03",
        b"\x80\x04",
        b"\x80\x05",
    ):
        raise UserError("pickles are not read: loading one runs what is in it", source.name, "save it as Parquet")
    found = _binary(source, start) or _text(source, start, choices)
    expected = {".tsv": "CSV", ".tab": "CSV", ".psv": "CSV", ".ndjson": "JSONL", ".feather": "ARROW", ".yml": "YAML"}
    said = expected.get(source.suffix, source.suffix[1:].upper())
    if found.name.upper() not in (said, "CSV" if source.suffix in _TABLES else said):
        account.decide(f"format of {source.name}", found.name, found.reason)
    return found


def _start(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _is_excel(source: Source) -> bool:
    try:
        with zipfile.ZipFile(source.path) as parts:
            return "[Content_Types].xml" in parts.namelist()
    except zipfile.BadZipFile:
        return source.suffix == ".xlsx"


def _binary(source: Source, start: bytes) -> Format | None:
    if start[:4] == b"PAR1" or source.suffix == ".parquet":
        return Format("Parquet", "its first bytes", read_columnar)
    if start[:6] == b"ARROW1" or source.suffix in (".arrow", ".feather"):
        return Format("Arrow", "its first bytes", read_columnar)
    if start[:2] == b"PK" or source.suffix in (".xlsx", ".xlsm"):
        return Format("xlsx", "its first bytes", read_excel)
    return None


def _text(source: Source, start: bytes, choices: Choices) -> Format:
    """The format of a text, by its first sign and its first line."""
    if source.suffix in (".yaml", ".yml"):
        return Format("YAML", "its name", read_yaml_file)
    encoding = find_encoding(source, choices.encoding, Account())
    text = decoded(start, encoding).lstrip("\ufeff \t\r\n")
    table = Format("CSV", "its name", read_delimited)
    if text[:1] in ("{", "["):
        found = _json(text, source)
        if source.suffix not in _TABLES or found.name == "JSONL":
            return found
        return found if _parses(text, source) else table
    if source.suffix in _TABLES and (source.suffix != ".txt" or any(c in text.split("\n")[0] for c in ",;\t|")):
        return table
    if source.suffix in _JSON:
        reader = read_json_file if source.suffix == ".json" else read_json_lines
        return Format(source.suffix[1:].upper(), "its name", reader)
    raise UserError(f'cannot read "{source.suffix or source.name}" files', source.name, f"known: {', '.join(SUFFIXES)}")


def _json(text: str, source: Source) -> Format:
    first, end, rest = text.partition("\n")
    if text[0] == "{":
        if _is_object(first) and (end or source.suffix != ".json"):
            return Format("JSONL", "each line is an object", read_json_lines)
        # An object over several lines; in a file of one line, or with a broken first line, the name decides.
        by_name = source.suffix in (".jsonl", ".ndjson") and (first.strip() != "{" or not rest.strip())
        if by_name or (len(text) >= _MOST_HEAD // 4 and "\n" not in text) or _is_object(rest.partition("\n")[0]):
            return Format("JSONL", "its name", read_json_lines)
    elif source.suffix in (".jsonl", ".ndjson") and _parses(first, source):
        return Format("JSONL", "its name", read_json_lines)
    return Format("JSON", "its first sign", read_json_file)


def _is_object(line: str) -> bool:
    try:
        return isinstance(parse(line), dict)
    except (ValueError, RecursionError):
        return False


def _parses(text: str, source: Source) -> bool:
    """Whether a text is JSON, as far as it was read."""
    try:
        parse(text)
    except RecursionError:
        return True  # which its reader tells by its line
    except ValueError:
        return source.path.stat().st_size > _MOST_HEAD
    return True
