"""Reading inputs that have no outputs yet."""

from __future__ import annotations

from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.mask import folded
from goldgate.data.row import Row
from goldgate.data.sources import Choices
from goldgate.data.sources.read import read_records
from goldgate.data.sources.record import NotMappedError, NoValue, shown
from goldgate.data.sources.values import ABSENT, find, input_of


def read_inputs(source: Path, column: str, account: Account) -> list[Row]:
    """Reads the inputs of a file, each once.

    Args:
        source: File in any format that `init` reads.
        column: The column of the inputs; other columns are not used.
        account: Receives what became of every row that is not returned.

    Returns:
        Rows with an empty output.

    Raises:
        UserError: The file is broken, or has no such column.
    """
    records, seen = read_records(source, Choices(), account), dict[str, Row]()
    if records and find(records[0].values, column) is ABSENT:
        raise UserError(f'no column "{column}"', str(source), f"there are: {', '.join(records[0].values)}")
    for record in records:
        value = find(record.values, column)
        try:
            if isinstance(value, NoValue):
                raise NotMappedError(value.reason, value.detail)
            row = Row(input_of(value), "", record.place)
        except NotMappedError as error:
            account.set_aside(record.place, error.reason, error.detail, shown(record.values))
            continue
        if (first := seen.setdefault(folded(row.text), row)) is not row:
            account.merge(row.place, first.place, "same input")
    return list(seen.values())
