"""Writing questions as a spreadsheet, and reading it back as people's programs have left it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, joined
from goldgate.base.extras import require
from goldgate.base.files import write_whole
from goldgate.data.account import Account
from goldgate.data.review.items import ACCEPT, CHANGE, DECISIONS, Item
from goldgate.data.row import Place
from goldgate.data.sources import Choices
from goldgate.data.sources.read import read_records

COLUMNS = ("key", "kind", "split", "id", "input", "output", "reason", "decision", "new_output", "note")
KINDS = (".xlsx", ".csv", ".html")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 32_000  # characters of a cell; Excel refuses more than 32,767


@dataclass(frozen=True)
class Decision:
    """A decision as it stands in a table.

    Attributes:
        place: Where it stands.
        key: The question's key.
        decision: One of DECISIONS.
        new_output: The other output as text; empty if none is given.
        note: What the person wrote about it.
    """

    place: Place
    key: str
    decision: str
    new_output: str
    note: str


def write_table(path: Path, items: Sequence[Item]) -> None:
    """Writes questions with empty columns for the decisions.

    What a spreadsheet would take for a formula begins with a blank. Only keys and decisions are read back.

    Args:
        path: The file, .csv or .xlsx.
        items: The questions.

    Raises:
        UserError: The file is there already, has another end, or cannot be written.
    """
    check_new(path)
    rows = [[_cell(value) for value in (*_values(item), "", "", "")] for item in items]
    write_whole(path, _csv(rows) if path.suffix == ".csv" else _xlsx(rows))


def check_new(path: Path) -> None:
    """Raises UserError if questions cannot be written to a file because it exists or is of another kind."""
    if path.suffix not in KINDS:
        raise UserError(f"is none of {', '.join(KINDS)}", str(path), "name the file by its kind")
    if path.exists():
        raise UserError("is there already", str(path), "name a new file: decisions in it would be lost")


def _values(item: Item) -> tuple[str, ...]:
    return item.key, item.kind, item.split, item.id, item.input, item.output, item.reason


def _cell(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} .. ({len(text):,} characters)"
    return f" {shown}" if shown.startswith(_FORMULA) else shown


def _csv(rows: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([COLUMNS, *rows])
    return "\ufeff" + file.getvalue()  # without the mark, Excel reads UTF-8 as Windows-1252


def _xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    require("openpyxl")
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    sheet.title = "review"
    for number, row in enumerate([COLUMNS, *rows], 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
            cell.data_type = "s"
            cell.font = Font(bold=number == 1)
    choice = DataValidation("list", formula1=f'"{",".join(DECISIONS)}"', allow_blank=True)
    sheet.add_data_validation(choice)
    choice.add(f"H2:H{max(2, len(rows) + 1)}")
    for letter, width in zip("ABCDEFGHIJ", (16, 16, 8, 18, 60, 30, 50, 12, 30, 30), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read_decisions(path: Path) -> list[Decision]:
    """Reads the decisions of a table, whatever order its columns and rows have now.

    Args:
        path: The file, .csv or .xlsx, with any delimiter.

    Returns:
        The decisions that were made, in the order of the rows.

    Raises:
        UserError: The file or columns are missing, or decisions are unknown, incomplete or made twice; all at once.
    """
    account, found, faults = Account(), dict[str, Decision](), list[UserError]()
    for record in read_records(path, Choices(), account):
        if missing := [name for name in ("key", "decision", "new_output") if name not in record.values]:
            raise UserError(f"no column {', '.join(missing)}", str(record.place), "keep the columns of the table")
        if (one := _decision(record.place, record.values, faults)) is None:
            continue
        if one.key in found:
            faults.append(
                UserError(f"{one.key} is decided on at {found[one.key].place} too", str(one.place), "keep one")
            )
        found[one.key] = one
    faults += [UserError(row.reason, str(row.place), "mend the row, or take it out") for row in account.aside]
    if faults:
        raise joined(faults)
    return list(found.values())


def _decision(place: Place, values: Mapping[str, Any], faults: list[UserError]) -> Decision | None:
    key, said, new, note = (_text(values.get(name)) for name in ("key", "decision", "new_output", "note"))
    if not said and new:
        faults.append(UserError("has a new output and no decision", str(place), f"write {CHANGE} or {ACCEPT}"))
    if not said:
        return None
    if (decision := said.casefold()) not in DECISIONS:
        known = "; ".join(f"{name}: {meaning}" for name, meaning in DECISIONS.items())
        faults.append(UserError(f'unknown decision "{said:.40}"', f"{place}, column decision", known))
        return None
    if (decision in (CHANGE, ACCEPT)) != bool(new):
        what = f"{decision} needs a new_output" if not new else f"{decision} goes without a new_output"
        faults.append(UserError(what, f"{place}, column new_output", "fill it in or empty it"))
        return None
    return Decision(place, key, decision, new, note)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
