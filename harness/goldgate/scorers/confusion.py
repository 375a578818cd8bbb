"""Which labels are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example, render_output
from goldgate.task.task import Task

_SHOWN = 10  # confusions in print


@dataclass(frozen=True)
class Confusion:
    """Expected labels against given ones.

    labels: the k labels; counts: k rows (expected) of k + 1 counts (given), the last for answers that are no label;
    missing: examples without an answer, which stand in no row.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    missing: int = 0

    def top(self, n: int) -> list[str]:
        """The n most frequent confusions, the most frequent first: "card lost → refund 5"."""
        given = (*self.labels, "no label")
        wrong = [
            (count, self.labels[row], given[column])
            for row, counts in enumerate(self.counts)
            for column, count in enumerate(counts)
            if count and row != column
        ]
        return [f"{e} → {g} {count}" for count, e, g in sorted(wrong, key=lambda w: (-w[0], w[1], w[2]))[:n]]

    def __str__(self) -> str:
        right = sum(row[i] for i, row in enumerate(self.counts))
        total = sum(map(sum, self.counts))
        lines = [f"{right} of {total} right" + (f", {self.missing} missing" if self.missing else "")]
        return "\n  ".join([*lines, *self.top(_SHOWN)])


def confusion_of(task: Task, examples: Sequence[Example], answers: Sequence[Answer]) -> Confusion:
    """The confusions of a label task; UserError for another kind.

    An answer is its text, stripped; one that was cut off is no label; one that an example accepts beside the expected
    label counts as that.
    """
    if task.kind != "label":
        raise UserError(f"task {task.name} has no labels to confuse", hint="confusion() is for kind label")
    known = dict.fromkeys((*task.labels, *(render_output(e.output) for e in examples)))
    at = {label: i for i, label in enumerate(known)}
    cells: Counter[tuple[int, int]] = Counter()
    for example, answer in zip(examples, answers, strict=True):
        if answer.text is None:
            continue
        row, given = at[render_output(example.output)], answer.text.strip()
        accepted = given in map(render_output, example.answers)
        column = len(at) if answer.finish == "length" else row if accepted else at.get(given, len(at))
        cells[row, column] += 1
    counts = tuple(tuple(cells[r, c] for c in range(len(at) + 1)) for r in range(len(at)))
    return Confusion(tuple(known), counts, sum(a.text is None for a in answers))
