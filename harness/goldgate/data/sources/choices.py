"""What the user decides about reading, and the parts of a row that columns are mapped to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from goldgate.base.errors import UserError, near_names

PARTS = ("input", "output", "tags", "group", "time", "accept")
"""The parts of a row that a column can be mapped to."""
_PAIR = re.compile(r"(?:^|[\s,]+)([a-z]+)=")


@dataclass(frozen=True)
class Choices:
    """The user's decisions about reading. None stands for "find out, and say so".

    Attributes:
        columns: Part → name of its column, or a path such as `data.text`; empty to recognise the shape of the file.
        delimiter: What separates the cells of a CSV file.
        encoding: Name of the text encoding.
        sheet: Name of the sheet of an Excel file.
        strict: Whether the first row that cannot become an example ends the reading.
        keep: Outputs that look empty ("N/A") but are meant, in lower case.
    """

    columns: tuple[tuple[str, str], ...] = ()
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    strict: bool = False
    keep: frozenset[str] = frozenset()

    def column(self, part: str) -> str | None:
        """The column that the user chose for a part; None if there is none."""
        return dict(self.columns).get(part)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the user chose."""
        return tuple(column for _, column in self.columns)

    def on(self, **columns: str) -> Choices:
        """The same decisions with other columns."""
        return replace(self, columns=tuple(columns.items()))


def parse_delimiter(text: str | None) -> str | None:
    """Reads --delimiter.

    Args:
        text: One character, or "tab", "\\t" or "\\x1f" for one that is hard to type.

    Returns:
        The character.

    Raises:
        UserError: It is not one character, or one that cannot separate cells.
    """
    if text is None:
        return None
    named = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}.get(text.lower())
    if named is None and re.fullmatch(r"\\t|\\x[0-9a-fA-F]{2}", text):
        named = "\t" if text == "\\t" else chr(int(text[2:], 16))
    found = named or text
    if len(found) != 1 or found in '"\n\r\0':
        raise UserError(
            f"{text!r} cannot separate cells", "--delimiter", "give one character, such as ';' or '|', or \"tab\""
        )
    return found


def parse_map(pairs: Iterable[str], input_: str | None, output: str | None) -> tuple[tuple[str, str], ...]:
    """Reads --map, --input and --output.

    Args:
        pairs: What --map got: `input=COLUMN`, or several of them separated by blanks or commas.
        input_: What --input got.
        output: What --output got.

    Returns:
        (part, column) for every part that was mapped.

    Raises:
        UserError: A part is unknown or mapped twice, a column has no name, or one of input and output is missing.
    """
    found: dict[str, str] = {}
    given = [(part, column) for part, column in (("input", input_), ("output", output)) if column is not None]
    for pair in pairs:
        pieces = _PAIR.split(pair)
        if pieces[0].strip():
            raise UserError(
                f"{pair!r} maps nothing", "--map", f"write PART=COLUMN, where PART is one of {', '.join(PARTS)}"
            )
        given += [(pieces[i], pieces[i + 1].strip()) for i in range(1, len(pieces), 2)]
    for part, column in given:
        if part not in PARTS:
            raise UserError(f'there is no part "{part}" to map to', "--map", near_names(part, PARTS))
        if not column:
            raise UserError(f"no column is named for {part}", "--map", f"write {part}=COLUMN")
        if found.setdefault(part, column) != column:
            raise UserError(f"{part} is mapped twice: to {found[part]!r} and {column!r}", "--map", "map it once")
    if found and not {"input", "output"} <= set(found):
        missing = "output" if "input" in found else "input"
        raise UserError(f"no column is named for {missing}", f"--{missing}", f"add --{missing} COLUMN")
    return tuple((part, found[part]) for part in PARTS if part in found)
