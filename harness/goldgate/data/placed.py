"""The examples of a split as rows, each with the line of the file in which it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from goldgate.base.files import read_text
from goldgate.data.row import Place, Row
from goldgate.task.examples import Example, Split


def places_of(folder: Path, split: Split) -> list[Place]:
    """Finds the lines of a split's examples.

    Args:
        folder: golden/<task>.
        split: The split as it is in the file.

    Returns:
        The place of each example, in their order.
    """
    file = f"{split.name}.jsonl"
    lines = enumerate(read_text(folder / file).split("\n"), 1)
    return [Place(file, number) for number, line in lines if line.strip()]


def rows_of(folder: Path, split: Split) -> list[Row]:
    """Returns the examples of a split as rows, in their order, without their notes."""
    return [
        Row(e.input, e.output, place, e.accept, e.tags, e.group)
        for e, place in zip(split, places_of(folder, split), strict=True)
    ]


def with_row(example: Example, row: Row) -> Example:
    """Returns an example with the input and the outputs of a row."""
    return replace(example, input=row.input, output=row.output, accept=row.accept)
