"""How many examples each label, each tag and each tag of a label has in every split, and which of these are too few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldgate.task.examples import SPLITS, Split
from goldgate.task.task import Kind

THIN = {"train": 5, "dev": 5, "golden": 10}
"""Examples below which a cell is thin. On 10 golden examples, a plausible gate of 0.80 catches a slice that is truly at
0.5 in 38% of cases (binomial); on fewer, it says next to nothing.
"""
_SHOWN = 8  # thin cells that are printed


@dataclass(frozen=True)
class Cell:
    """The examples of a label, of a tag, or of both.

    Attributes:
        label: The label; None for all labels.
        tag: The tag; None for all examples of the label.
        counts: Split → number of examples.
    """

    label: str | None
    tag: str | None
    counts: Mapping[str, int]

    @property
    def thin(self) -> tuple[str, ...]:
        """The splits in which the cell has too few examples."""
        return tuple(name for name, count in self.counts.items() if count < THIN[name])

    def __str__(self) -> str:
        name = " of ".join(text for text in (self.tag and f"[{self.tag}]", self.label) if text)
        return f"{name}: {', '.join(f'{self.counts[split]:,} {split}' for split in self.counts)}"


def coverage(splits: Mapping[str, Split], kind: Kind) -> tuple[Cell, ...]:
    """Counts examples by label and tag.

    Args:
        splits: Name → split.
        kind: The kind of the task; only the outputs of labels are counted.

    Returns:
        A cell for each label, each tag, and each pair of them that occurs, sorted by label and tag.
    """
    counts: dict[tuple[str, str], Counter[str]] = {}
    for name in SPLITS:
        for example in splits.get(name, ()):
            labels = ["", example.output] if kind == "label" else [""]
            for key in ((label, tag) for label in labels for tag in ("", *example.tags)):
                counts.setdefault(key, Counter())[name] += 1
    del counts["", ""]
    return tuple(
        Cell(label or None, tag or None, {name: found[name] for name in SPLITS if name in splits})
        for (label, tag), found in sorted(counts.items())
    )


def thin_lines(cells: Sequence[Cell]) -> list[str]:
    """Words the cells that are too small for a gate or for training.

    Args:
        cells: All cells.

    Returns:
        A line that counts them and one for each of the smallest; none if there is no thin cell.
    """
    thin = sorted((cell for cell in cells if cell.thin), key=lambda cell: sum(cell.counts.values()))
    if not thin:
        return []
    least = ", ".join(f"{count} in {name}" for name, count in THIN.items())
    more = [f"  and {len(thin) - _SHOWN} more"] if len(thin) > _SHOWN else []
    head = f"{len(thin)} of {len(cells)} labels and edge cases have few examples (under {least}):"
    return [head, *(f"  {cell}" for cell in thin[:_SHOWN]), *more]
