"""Finding what separates the cells of a CSV file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

_COMMON = (",", ";", "\t", "|")
_NEVER = set("\"'_-.()[]{}?!/\\&<> \r\n\0")  # signs that stand in the names of columns
_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe", " ": "space"}
_SURE = 0.9  # share of rows with as many cells as the header


@dataclass(frozen=True)
class Dialect:
    """How the cells of a file are written.

    Attributes:
        delimiter: The character between two cells.
        backslash: Whether a quote inside a quoted cell is written \\" and not "".
        reason: Why the delimiter was chosen.
    """

    delimiter: str
    backslash: bool
    reason: str

    @property
    def name(self) -> str:
        """The delimiter in a form that can be read."""
        return _NAMES.get(
            self.delimiter, self.delimiter if self.delimiter.isprintable() else repr(self.delimiter)[1:-1]
        )

    def read(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Reads rows from lines, strictly."""
        escape = "\\" if self.backslash else None
        return csv.reader(
            lines, delimiter=self.delimiter, escapechar=escape, doublequote=not self.backslash, strict=True
        )


def find_dialect(head: Sequence[str], suffix: str, names: Sequence[str], chosen: str | None) -> Dialect:
    """Finds what separates the cells.

    A delimiter under which the header has all the columns that the user named comes first, then the one under which the
    most rows have as many cells as the header.

    Args:
        head: The first lines of the file.
        suffix: The end of its name, which decides between equals.
        names: The columns that the user named.
        chosen: The delimiter that the user named; None to find it.

    Returns:
        The delimiter and how quotes are written.
    """
    if chosen is not None:
        return Dialect(chosen, _is_escaped(head, chosen), "as --delimiter says")
    usual = "\t" if suffix in (".tsv", ".tab") else ","
    order = [usual, *(d for d in _COMMON if d != usual)]
    header = head[0] if head else ""
    order += [c for c in dict.fromkeys(header) if not c.isalnum() and c not in _NEVER and c not in order]
    best, reason, rank = usual, "nothing separates cells; the file has one column", (False, False, 0.0, 0)
    for delimiter in order:
        counts = _counts(head, delimiter, _is_escaped(head, delimiter))
        if not counts or counts[0] < 2:
            continue
        share = Counter(counts)[counts[0]] / len(counts)
        there = {c.strip().strip('"').strip() for c in header.lstrip("\ufeff").split(delimiter)}
        named = bool(names) and all(name in there or name.split(".")[0] in there for name in names)
        sure = share >= _SURE and (delimiter in _COMMON or len(counts) > 2)
        if delimiter not in _COMMON and not (named or sure):
            continue
        if (own := (named, sure, share if not sure else 1.0, counts[0] if delimiter in _COMMON else 0)) > rank:
            best, rank = delimiter, own
            reason = f"with it, {Counter(counts)[counts[0]]} of the first {len(counts)} rows have {counts[0]} cells"
    return Dialect(best, _is_escaped(head, best), reason)


def _counts(head: Sequence[str], delimiter: str, backslash: bool) -> list[int]:
    """Number of cells of each of the first rows, up to the first fault."""
    counts = []
    with suppress(csv.Error):  # a sample may end inside a cell; a fault in the file itself is told where it is read
        for cells in Dialect(delimiter, backslash, "").read(head):
            if cells:
                counts.append(len(cells))
    return counts


def _is_escaped(head: Sequence[str], delimiter: str) -> bool:
    r"""Whether reading \" as a quote lets more of the first rows be read than reading "" as one."""
    if not any('\\"' in line for line in head):
        return False
    return len(_counts(head, delimiter, True)) > len(_counts(head, delimiter, False))
