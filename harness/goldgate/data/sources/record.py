"""What a reader hands on: records as they stand in the file, and lines that are none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.data.row import Place

LONGEST_CELL = 1_000_000
"""Characters of a cell, and of a text value. A longer one is no example for a language model, and reading it whole
would let one file fill the memory.
"""
LONGEST_LINE = 16_000_000
"""Characters of a line of JSON: enough for several cells of the greatest length."""
SHOWN = 1_000
"""Characters that are kept of a row that was set aside."""


@dataclass(frozen=True)
class Source:
    """A file that is read.

    Attributes:
        path: Where its bytes are; for a member of an archive, the file that it was unpacked to.
        name: What it is called in places, messages and the account.
        suffix: The end of its name in lower case, such as ".csv".
    """

    path: Path
    name: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it stands in its file.

    Attributes:
        place: Where it stands.
        values: Column or key → value: text, a JSON value or a NoValue.
    """

    place: Place
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot become an example.

    Attributes:
        place: Where it stands.
        reason: The kind of fault, the same for all rows that have it.
        detail: What is particular to this row.
        raw: The row as far as it could be read.
    """

    place: Place
    reason: str
    detail: str = ""
    raw: Any = None


@dataclass(frozen=True)
class NoValue:
    """A cell that is there but whose value is not, such as a formula that was never computed.

    Attributes:
        reason: Why, the same for all cells of the kind.
        detail: Which cell it is.
    """

    reason: str
    detail: str


class NotMappedError(ValueError):
    """A value cannot be read as the part of a row that it is mapped to.

    Attributes:
        reason: Why, the same for all values of the kind.
        detail: What is particular to this one.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def shown(raw: Any) -> Any:
    """Cuts what is kept of a row that was set aside, so that a file of broken rows does not fill the memory."""
    if isinstance(raw, str):
        return raw if len(raw) <= SHOWN else f"{raw[:SHOWN]} .. ({len(raw)} characters)"
    if raw is None or isinstance(raw, bool | int) or (isinstance(raw, float) and math.isfinite(raw)):
        return raw
    if isinstance(raw, Mapping):
        cut = {str(key)[:SHOWN]: shown(value) for key, value in list(raw.items())[:100]}
        return cut if len(repr(cut)) <= 4 * SHOWN else shown(repr(cut))
    return shown(repr(raw))
