"""A row of somebody's data: an input with its output, and the place that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goldgate.task.messages import Message, text_of


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """Where a row stands.

    Attributes:
        file: Name of the file; with a sheet, a member of an archive or a folder where there is one ("orders.xlsx, sheet
            May").
        number: The line in the file that the row begins in, or the row's number where a file has no lines; from 1.
        unit: "line" or "row".
    """

    file: str
    number: int
    unit: str = "line"

    def __str__(self) -> str:
        return f"{self.file}, {self.unit} {self.number}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        input: Text, or chat messages of which the last is the user's or a tool's.
        output: The expected output, text or a JSON value.
        place: Where it stands.
        accept: Other outputs that are right too.
        tags: The edge cases that it represents.
        group: Shared by rows that must stay in one split, such as those of a customer; None if there are none.
        time: When it was made, in a form whose text order is that of time (ISO 8601); None if that is not known.
        more: Short values of the row's other columns.
        id: The id that it has in its file, unique or not; None if it has none.
        meta: The notes that it has in its file, which are kept.
    """

    input: str | tuple[Message, ...]
    output: Any
    place: Place
    accept: tuple[Any, ...] = ()
    tags: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The input as one string."""
        return text_of(self.input)
