"""The names of a table's columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.base.errors import UserError
from goldgate.data.account import Account

_MOST_COLUMNS = 16_384  # as Excel has; a line of millions of separators would fill the memory with names
SECOND_LINE = "the second line of the header"
_OF_ONE_COLUMN = ("Response", "Open-Ended Response")


@dataclass(frozen=True)
class Header:
    """The header of a table.

    Attributes:
        names: The name of every column, each once.
        written: The header's cells as they stand in the file, without blanks at both ends.
    """

    names: tuple[str, ...]
    written: tuple[str, ...]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def named(self) -> tuple[bool, ...]:
        """For every column, whether the file names it."""
        return tuple(map(bool, self.written))

    def is_repeated(self, cells: Sequence[Any]) -> bool:
        """Whether a row is the header once more, as in files that were joined."""
        return cells[0].strip() == self.written[0] and tuple(str(c).strip() for c in cells) == self.written

    def is_continued(self, cells: Sequence[Any]) -> bool:
        """Whether a row is the second line of a header, as SurveyMonkey writes it: the answers of a question with
        several columns, of which only the first has the question, and "Response" where there is one column.
        """
        return "" in self.written and any(str(cell).strip() in _OF_ONE_COLUMN for cell in cells) and not cells[0]

    def values(self, cells: Sequence[Any]) -> dict[str, Any]:
        """The cells of a row by the names of their columns."""
        return dict(zip(self.names, cells, strict=True))


def name_columns(cells: Sequence[str], where: str, needed: Sequence[str], account: Account) -> Header:
    """Names the columns of a table.

    Args:
        cells: The header's cells.
        where: Where the header stands, for the message.
        needed: The columns that the user named.
        account: Receives a remark on columns without a name or with a name that another one has.

    Returns:
        The header. A column without a name, or of a name that occurs twice and is not needed, is called by its number.

    Raises:
        UserError: There are too many columns, or one that is needed, or may be, has the name of another one.
    """
    if len(cells) > _MOST_COLUMNS:
        raise UserError(
            f"{len(cells)} columns, of which at most {_MOST_COLUMNS} are read", where, "give a smaller table"
        )
    written = tuple(cell.strip() for cell in cells)
    counts = Counter(name for name in written if name)
    twice = [name for name, count in counts.items() if count > 1]
    wanted = {part for name in needed for part in (name, name.split(".")[0])}
    if bad := [name for name in twice if name in wanted or not needed]:
        named = ", ".join(f'"{n}" (columns {_numbers(written, n)})' for n in bad)
        raise UserError(f"two columns have one name: {named}", where, "give every column a name of its own")
    names = tuple(
        name if name and name not in twice else f"column {number}{f' ({name})' if name else ''}"
        for number, name in enumerate(written, 1)
    )
    if twice:
        account.remarks.append(f"{where}: columns with one name, of which none is used: {', '.join(twice)}")
    if unnamed := written.count(""):
        account.remarks.append(f"{where}: {unnamed} columns without a name, called by their numbers")
    return Header(names, written)


def _numbers(written: Sequence[str], name: str) -> str:
    return ", ".join(str(number) for number, other in enumerate(written, 1) if other == name)
