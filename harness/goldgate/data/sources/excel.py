"""Reading Excel files sheet by sheet. A formula that was never computed has no value, and its cell says so."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree import ElementTree

from goldgate.base.errors import UserError, near_names
from goldgate.base.extras import require
from goldgate.data.account import Account
from goldgate.data.row import Place
from goldgate.data.sources.archive import check_expanded
from goldgate.data.sources.choices import Choices
from goldgate.data.sources.header import SECOND_LINE, Header, name_columns
from goldgate.data.sources.record import Broken, NoValue, Record, Source

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_FAULTS = (ValueError, OSError, KeyError, EOFError, SyntaxError, zipfile.BadZipFile, RuntimeError, NotImplementedError)


def read_excel(source: Source, choices: Choices, account: Account) -> Iterator[Record | Broken]:
    """Reads the sheets of an Excel file that have the columns that are needed.

    Args:
        source: The file.
        choices: The user's decisions.
        account: Receives the decision on sheets.

    Yields:
        The rows in order, numbered as Excel numbers them.

    Raises:
        UserError: The file cannot be read, holds macros, or has no such sheet.
    """
    sheets = _sheets(source, choices)
    headers = [_header(source, sheet, choices, account) for sheet in sheets]
    tables = [(sheet, header) for sheet, header in zip(sheets, headers, strict=True) if header is not None]
    wanted = [(sheet, header) for sheet, header in tables if _has(header, choices)]
    if choices.sheet is None:
        tables = wanted or tables  # where none has the columns, the missing ones are told with all that there are
    _say_sheets(source, sheets, [sheet.name for sheet, _ in tables], choices, account)
    for sheet, header in tables:
        for number, cells in sheet.rows:
            if record := _record(Place(_place(source, sheet), number, "row"), cells, header, sheet):
                yield record


@dataclass(frozen=True)
class _Sheet:
    """A sheet.

    Attributes:
        name: Its name.
        rows: Its rows with their numbers, from 1. They are read once.
        left: Number of its first column that is not empty, from 0.
        missing: (row, column) → why that cell has no value of its own.
        others: The names of the sheets that are not looked at.
    """

    name: str
    rows: Iterator[tuple[int, list[Any]]]
    left: int
    missing: Mapping[tuple[int, int], str]
    others: tuple[str, ...]


def _sheets(source: Source, choices: Choices) -> list[_Sheet]:
    """The sheets of a file, or the one that the user named."""
    require("python_calamine")
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        check_expanded(source)
        _check_parts(source)
        book = CalamineWorkbook.from_path(source.path)
        names = list(book.sheet_names)
        found = []
        for name in _chosen(names, choices.sheet, source):
            sheet = book.get_sheet_by_name(name)
            left = sheet.start[1] if sheet.start else 0
            missing = _without_value(source, names.index(name))
            others = tuple(other for other in names if choices.sheet not in (None, other))
            found.append(_Sheet(name, iter(enumerate(map(list, sheet.iter_rows()), 1)), left, missing, others))
    except (*_FAULTS, CalamineError) as error:
        raise _unreadable(source, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how Rust's panics arrive; it is no Exception
            raise
        raise _unreadable(source, error) from error
    return found


def _unreadable(source: Source, error: BaseException) -> UserError:
    return UserError(
        f"cannot be read as xlsx ({str(error).strip()})",
        source.name,
        "check that the file is complete and has the right extension",
    )


def _check_parts(source: Source) -> None:
    with zipfile.ZipFile(source.path) as parts:
        if any(name.lower().endswith("vbaproject.bin") for name in parts.namelist()):
            raise UserError("the file holds macros, which are programs", source.name, "save it as .xlsx without macros")


def _chosen(names: Sequence[str], sheet: str | None, source: Source) -> list[str]:
    if sheet is None:
        return list(names)
    if sheet not in names:
        raise UserError(f'no sheet "{sheet}"', source.name, near_names(sheet, names))
    return [sheet]


def _place(source: Source, sheet: _Sheet) -> str:
    return f"{source.name}, sheet {sheet.name}"


def _header(source: Source, sheet: _Sheet, choices: Choices, account: Account) -> Header | None:
    """The first row that is not empty; None if there is none."""
    for number, cells in sheet.rows:
        written = [_text(cell) for cell in cells]
        if any(written):
            # In a sheet without the columns nobody looks at the others.
            needed = choices.names if set(choices.names) <= set(written) else ("",)
            return name_columns(written, f"{_place(source, sheet)}, row {number}", needed, account)
    return None


def _has(header: Header, choices: Choices) -> bool:
    return all(name in header.names or name.split(".")[0] in header.names for name in choices.names)


def _say_sheets(
    source: Source, sheets: Sequence[_Sheet], read: Sequence[str], choices: Choices, account: Account
) -> None:
    names = [*(sheet.name for sheet in sheets), *(sheets[0].others if sheets else ())]
    if choices.sheet is not None:
        reason = "as --sheet says"
    elif len(names) == 1:
        reason = "the only one"
    else:
        reason = "they have the columns" if len(read) > 1 else "it has the columns"
    others = [name for name in names if name not in read]
    rest = f"; not read: {', '.join(others)}" if others else ""
    account.decide(f"sheets of {source.name}", ", ".join(read) or "none", reason + rest, "--sheet")


def _record(place: Place, cells: list[Any], header: Header, sheet: _Sheet) -> Record | Broken | None:
    values: list[Any] = [_text(cell) for cell in cells]
    for column, value in enumerate(values):
        if not value and (reason := sheet.missing.get((place.number, sheet.left + column))):
            values[column] = NoValue(reason, f"cell {_letters(sheet.left + column)}{place.number}")
    if not any(values):
        return None
    if header.is_repeated([v if isinstance(v, str) else "" for v in values]):
        return Broken(place, "the header again", "", values)
    if header.is_continued(values):
        return Broken(place, SECOND_LINE, "", values)
    return Record(place, header.values(values))


def _text(cell: Any) -> str:
    """A cell as Excel shows it in its plainest format."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta | int) else ""


def _without_value(source: Source, index: int) -> dict[tuple[int, int], str]:
    """Row (from 1) and column (from 0) of the cells without a value of their own, with the reason."""
    found: dict[tuple[int, int], str] = {}
    with zipfile.ZipFile(source.path) as parts:
        name = _part(parts, index)
        with parts.open(name) as raw:
            if not any(b"<f" in chunk or b't="e"' in chunk for chunk in iter(lambda: raw.read(1 << 20), b"")):
                return found
        with parts.open(name) as raw:
            for _, cell in ElementTree.iterparse(raw):
                if cell.tag == f"{_MAIN}row":
                    cell.clear()  # the rows that were seen would fill the memory
                place = _CELL.fullmatch(cell.get("r", "")) if cell.tag == f"{_MAIN}c" else None
                if place is None:
                    continue
                at = int(place[2]), _column(place[1])
                if cell.get("t") == "e":
                    found[at] = "a cell with an error"
                elif cell.find(f"{_MAIN}f") is not None and not cell.findtext(f"{_MAIN}v"):
                    found[at] = "a formula without a computed value"
    return found


def _part(parts: zipfile.ZipFile, index: int) -> str:
    """The name of the part that holds a sheet."""
    sheets = ElementTree.fromstring(parts.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")
    relation = [sheet.get(_RELATION) for sheet in sheets][index]
    for one in ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels")):
        if one.get("Id") == relation:
            return posixpath.normpath(posixpath.join("/xl", one.get("Target", ""))).lstrip("/")
    raise KeyError(f"sheet {index + 1} is missing")


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _letters(column: int) -> str:
    text = ""
    while column >= 0:
        text = chr(ord("A") + column % 26) + text
        column = column // 26 - 1
    return text
