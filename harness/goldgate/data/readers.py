"""Reading rows from CSV, TSV, Excel, Parquet, JSON and JSONL files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.extras import require
from goldgate.base.files import check_json, parse_json, read_json, read_text
from goldgate.data.row import Place, Row

_TABLES = {".csv", ".tsv", ".parquet", ".xlsx"}
_LONGEST = 80  # characters of the name of a customer, a template or a layout
SUFFIXES = sorted([*_TABLES, ".json", ".jsonl"])


@dataclass(frozen=True)
class Pair:
    """One row of a file.

    Attributes:
        input: The input text.
        output: The expected output, text or a JSON value.
        where: Its place in the file ("orders.jsonl, line 41").
        more: Short values of the row's other columns.
    """

    input: str
    output: Any
    where: str
    more: Mapping[str, str] = field(default_factory=dict)

    def as_row(self) -> Row:
        """The row with its place."""
        file, _, place = self.where.rpartition(", ")
        unit, _, number = place.partition(" ")
        return Row(self.input, self.output, Place(file, int(number), unit), more=self.more)


def read_pairs(path: Path, input_column: str, output_column: str) -> list[Pair]:
    """Reads the input and output of every row of a file.

    Args:
        path: A CSV, TSV, Excel, Parquet, JSON or JSONL file.
        input_column: Name of the column of inputs.
        output_column: Name of the column of outputs.

    Returns:
        The rows in order.

    Raises:
        UserError: The file, a column or a value is missing or broken. The error names the file, line and column.
    """
    if not path.is_file():
        raise UserError("no such file", str(path), "check the path given with --from or --golden")
    rows = list(_rows(path))
    if not rows:
        raise UserError("the file has no rows", str(path), "give a file with one example per row")
    pairs = []
    for where, row in rows:
        for column in (input_column, output_column):
            if column not in row:
                raise UserError(f'no column "{column}"', where, near_names(column, row))
            check_json(row[column], f'{where}, column "{column}"')
        text, output = row[input_column], row[output_column]
        if not isinstance(text, str):
            raise UserError(
                f"the input must be text, not {text!r:.40}", f'{where}, column "{input_column}"', "make it text"
            )
        if output is None or output == "":
            raise UserError(
                "the output is empty", f'{where}, column "{output_column}"', "fill it in, or remove the row"
            )
        pairs.append(Pair(text, output, where, _more(row, {input_column, output_column})))
    return pairs


def _more(row: Mapping[str, Any], used: Collection[str]) -> dict[str, str]:
    """The other columns that may say where a row comes from, such as a customer; long texts do not."""
    short = {k: str(v) for k, v in row.items() if k not in used and isinstance(v, str | int) and v != ""}
    return {key: value for key, value in short.items() if len(value) <= _LONGEST}


def _rows(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return _json_lines(path)
    if suffix == ".json":
        return _json_list(path)
    if suffix in _TABLES:
        return _table(path, suffix)
    raise UserError(f'cannot read "{suffix or path.name}" files', str(path), f"known: {', '.join(SUFFIXES)}")


def _json_lines(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        row = parse_json(line, path.name, "fix the line", number)
        if not isinstance(row, dict):
            raise UserError(f"a line must be an object, not {type(row).__name__}", where, "write {..} on each line")
        yield where, row


def _json_list(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    rows = read_json(path)
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise UserError("must be a list of objects", str(path), "write [{..}, {..}]")
    return ((f"{path.name}, row {n}", row) for n, row in enumerate(rows, 1))


def _table(path: Path, suffix: str) -> Iterable[tuple[str, dict[str, Any]]]:
    try:
        rows = _parquet(path) if suffix == ".parquet" else _cells(path, suffix)
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 (byte {error.start} is 0x{error.object[error.start]:02x})", str(path), "save the file as UTF-8"
        ) from error
    except (ValueError, OSError, KeyError, EOFError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
        what = f"cannot be read as {suffix[1:]} ({str(error).strip()})"
        raise UserError(what, str(path), "check that the file is complete and has the right extension") from error
    for number, row in enumerate(rows, 1):
        yield f"{path.name}, row {number}", {str(k): v for k, v in row.items()}


def _parquet(path: Path) -> list[dict[str, Any]]:
    require("pyarrow")
    import pyarrow.parquet as pq

    return [_plain(row) for row in pq.read_table(path).to_pylist()]


def _plain(value: Any) -> Any:
    """Converts a Parquet value to JSON, recursively: dates become ISO text, NaN becomes null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and value != value else value


def _cells(path: Path, suffix: str) -> list[dict[Any, Any]]:
    """The rows of a CSV, TSV or Excel file; every cell is text, or None if it is missing."""
    require("pandas", *(["openpyxl"] if suffix == ".xlsx" else []))
    import pandas as pd

    if suffix == ".xlsx":
        frame = pd.read_excel(path, dtype=str, keep_default_na=False)
    else:
        separator = "\t" if suffix == ".tsv" else ","
        frame = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if not isinstance(frame.index, pd.RangeIndex):  # pandas took the first column for row names
            raise UserError(
                "rows have more fields than the header",
                str(path),
                f'name every column, and put double quotes around cells that contain "{separator}"',
            )
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
