"""Reading CSV strictly, with true line numbers. A quote that is not closed costs its own line and no other."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.row import Place
from goldgate.data.sources.choices import Choices
from goldgate.data.sources.delimiters import Dialect, find_dialect
from goldgate.data.sources.encoding import UNREADABLE, find_encoding, text_lines
from goldgate.data.sources.header import SECOND_LINE, Header, name_columns
from goldgate.data.sources.record import LONGEST_CELL, Broken, Record, Source

OPEN_QUOTE = "a quote that is not closed"
_HEAD = 200  # lines that the delimiter is found from
_MANY = 6  # lines in one cell that all look like rows: prose does not have a delimiter in each of its lines
_LEARNT = 5_000  # rows from which the values of columns are learnt
_MOST_OPEN = 1_000  # quotes that are not closed; with more, '"' means something else in this file
_TOO_LONG = "\udcfe"  # stands for a line that was too long to keep


def read_delimited(source: Source, choices: Choices, account: Account) -> Iterator[Record | Broken]:
    """Reads a CSV file.

    Args:
        source: The file.
        choices: The user's decisions.
        account: Receives the decisions on encoding, delimiter and header.

    Yields:
        The rows in order, each with the line that it begins in.

    Raises:
        UserError: Columns that are needed have one name, or quotes are not what separates cells in this file.
    """
    encoding = find_encoding(source, choices.encoding, account)
    lines = _Lines(_TOO_LONG if line is None else line for line in text_lines(source.path, encoding))
    head = lines.peek(_HEAD)
    dialect = _dialect(source, choices, account, lines, head)
    csv.field_size_limit(LONGEST_CELL)
    rows = _rows(source, lines, dialect)
    for first in rows:
        if isinstance(first, Broken):
            raise UserError(
                f"the header cannot be read: {first.reason}",
                str(first.place),
                "the first line must name the columns; --delimiter and --encoding say how to read it",
            )
        if any(cell.strip() for cell in first[1]):
            break
    else:
        return
    header = name_columns(first[1], f"{source.name}, line {first[0]}", choices.names, account)
    lines.learn(header.width, dialect.delimiter)
    empty = 0
    for row in rows:
        if isinstance(row, Broken):
            yield row
        elif not row[1]:
            empty += 1
        else:
            yield _record(source, header, *row, encoding)
    if empty:
        account.remarks.append(f"{source.name}: {empty} blank lines, which are no rows")


def _dialect(source: Source, choices: Choices, account: Account, lines: _Lines, head: list[str]) -> Dialect:
    said = head[0].strip().strip('"') if head else ""
    if choices.delimiter is None and len(said) == 5 and said.lower().startswith("sep="):  # Excel's own first line
        next(lines)
        lines.held.clear()
        dialect = find_dialect(head[1:], source.suffix, choices.names, said[4])
        account.decide(f"delimiter of {source.name}", dialect.name, f'the first line says "{said}"', "--delimiter")
        return dialect
    dialect = find_dialect(head, source.suffix, choices.names, choices.delimiter)
    account.decide(f"delimiter of {source.name}", dialect.name, dialect.reason, "--delimiter")
    if dialect.backslash:
        account.decide(f"quotes of {source.name}", '\\"', "quotes inside quoted cells follow a backslash")
    return dialect


class _Lines:
    """The lines of a file, with those of the row that is being read, which can be put back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: list[str] = []  # in reverse order
        self.held: list[str] = []  # the lines of the current row
        self.number = 0  # of the last line
        self._width = 0
        self._known: list[Counter[str]] = []
        self._rows = 0
        self._learnt_to = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._lines)
        self.number += 1
        self.held.append(line)
        return line

    def peek(self, count: int) -> list[str]:
        """The next lines, which stay where they are."""
        found = self._back[: -count - 1 : -1]
        more = list(islice(self._lines, count - len(found)))
        self._back = [*reversed(more), *self._back]
        return [*found, *more]

    @property
    def first(self) -> int:
        """Number of the line that the current row begins in."""
        return self.number - len(self.held) + 1

    def back(self) -> list[str]:
        """Puts back all lines of the current row but its first, and returns them."""
        rest = self.held[1:]
        self._back += reversed(rest)
        self.number -= len(rest)
        self.held = []
        return rest

    def learn(self, width: int, delimiter: str) -> None:
        """Begins to learn the values of the columns, from the next lines that have no quotes."""
        self._width, self._known = width, [Counter() for _ in range(width)]
        ahead = self.peek(_HEAD)
        for line in ahead:
            if '"' not in line:
                self.seen(line.rstrip("\r\n").split(delimiter))
        self._learnt_to = self.number + len(ahead)

    def seen(self, cells: Sequence[str]) -> None:
        """Learns from a row on one line, once."""
        if self.number > self._learnt_to and self._rows < _LEARNT and len(cells) == self._width:
            self._rows += 1
            for known, cell in zip(self._known, cells, strict=True):
                known[cell.strip()] += 1

    def look_like_rows(self, delimiter: str) -> bool:
        """Whether the lines of the current row look like rows of their own: as many cells as the header has, and either
        many lines or values that rows of one line have in the same column.
        """
        cells = [line.rstrip("\r\n").split(delimiter) for line in self.held]
        fitting = [row for row in cells if len(row) == self._width]
        if self._width < 2 or len(fitting) < 0.9 * len(cells) or len(cells) < 2:
            return False
        if len(cells) >= _MANY:
            return True
        columns = zip(self._known, zip(*fitting, strict=True), strict=True)
        return any(all(known[cell.strip().strip('"').strip()] > 1 for cell in column) for known, column in columns)


def _rows(source: Source, lines: _Lines, dialect: Dialect) -> Iterator[tuple[int, list[str]] | Broken]:
    """The cells of each row with the number of its first line; [] for a blank line."""
    opened = 0
    suspects: set[int] = set()  # lines that may hold the other end of a quote that was not closed
    while True:
        reader = dialect.read(lines)
        fault = OPEN_QUOTE
        try:
            for cells in reader:
                number = lines.first
                if len(lines.held) == 1:
                    if number in suspects:
                        suspects.discard(number)
                        fault = OPEN_QUOTE
                        break
                    lines.seen(cells)
                elif lines.look_like_rows(dialect.delimiter):
                    break
                raw = lines.held[0]
                lines.held.clear()
                if raw == _TOO_LONG:
                    yield Broken(Place(source.name, number), "a line that is too long")
                else:
                    yield number, cells
            else:
                return
        except csv.Error as error:
            fault = _fault(error)
        number, raw = lines.first, lines.held[0].rstrip("\r\n")
        rest = lines.back()
        suspects |= {number + i for i, line in enumerate(rest, 1) if line.count('"') % 2}
        yield Broken(Place(source.name, number), fault, "", raw)
        opened += 1
        if opened > _MOST_OPEN:
            raise UserError(
                f"more than {_MOST_OPEN} rows have quotes that are not closed",
                source.name,
                'write a quote inside a cell as "", and put quotes around the whole cell',
            )


def _fault(error: csv.Error) -> str:
    text = str(error)
    if "field limit" in text:
        return f"a cell of more than {LONGEST_CELL} characters, or {OPEN_QUOTE}"
    return OPEN_QUOTE if "end of data" in text else "a quote inside a quoted cell that is not doubled, or not closed"


def _record(source: Source, header: Header, number: int, cells: list[str], encoding: str) -> Record | Broken:
    place = Place(source.name, number)
    width = header.width
    if len(cells) > width:
        while len(cells) > width and not cells[-1].strip():  # separators at the end of the line hold nothing
            cells.pop()
    if len(cells) < width and not any(header.named[len(cells) :]):
        cells += [""] * (width - len(cells))
    if len(cells) != width:
        return Broken(place, "another number of cells than the header", f"{len(cells)}, not {width}", cells)
    if UNREADABLE in "".join(cells):
        return Broken(place, f"bytes that are not {encoding}", "", cells)
    if header.is_repeated(cells):
        return Broken(place, "the header again", "", cells)
    if header.is_continued(cells):
        return Broken(place, SECOND_LINE, "", cells)
    return Record(place, header.values(cells))
