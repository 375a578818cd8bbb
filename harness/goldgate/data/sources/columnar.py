"""Reading Parquet and Arrow files, a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.data.account import Account
from goldgate.data.row import Place
from goldgate.data.sources.choices import Choices
from goldgate.data.sources.record import Broken, Record, Source

_BATCH = 1_000  # rows that are in memory at once


def read_columnar(source: Source, choices: Choices, account: Account) -> Iterator[Record | Broken]:
    """Reads a Parquet or Arrow file.

    Args:
        source: The file.
        choices: The user's decisions.
        account: Nothing has to be decided here.

    Yields:
        The rows in order.

    Raises:
        UserError: The file cannot be read, or two columns have one name.
    """
    require("pyarrow")
    import pyarrow as pa

    number = 0
    try:
        for batch in _batches(source):
            if twice := [name for name, count in Counter(batch.schema.names).items() if count > 1]:
                raise UserError(
                    f'two columns have one name: "{twice[0]}"', source.name, "give every column a name of its own"
                )
            for row in batch.to_pylist():
                number += 1
                yield Record(Place(source.name, number, "row"), _plain(row))
    except (pa.ArrowException, ValueError, OSError, OverflowError) as error:
        raise UserError(
            f"cannot be read as {source.suffix[1:]} ({str(error).strip():.200})",
            source.name,
            "check that the file is complete and has the right extension",
        ) from error


def _batches(source: Source) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    with source.path.open("rb") as file:
        start = file.read(6)
    if start[:4] == b"PAR1":
        with parquet.ParquetFile(source.path) as table:
            yield from table.iter_batches(batch_size=_BATCH)
        return
    with pa.OSFile(str(source.path), "rb") as file:
        if start == b"ARROW1":
            reader = pa.ipc.open_file(file)
            batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            batches = iter(pa.ipc.open_stream(file))
        for batch in batches:
            for first in range(0, batch.num_rows, _BATCH):
                yield batch.slice(first, _BATCH)


def _plain(value: Any) -> Any:
    """Converts a value to JSON, recursively: dates become ISO text, NaN becomes null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and value != value else value
