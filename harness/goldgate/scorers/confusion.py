"""Which labels are mistaken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example, render_output
from goldgate.task.form import text_form
from goldgate.task.task import Task

_SHOWN = 10  # the most confusions that are printed


@dataclass(frozen=True)
class Confusion:
    """Counts of expected labels against answered labels.

    Attributes:
        labels: The k labels.
        counts: k rows (expected) of k + 1 counts (answered); the last is for answers that are not a label.
        missing: How many examples have no answer; they are in no row.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    missing: int = 0

    def top(self, n: int) -> list[str]:
        """Returns the n most frequent confusions, most frequent first, such as "card lost → refund 5"."""
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
    """Counts the confusions of a label task.

    Answers are compared as `exact_match` compares. One that was cut off is not a label. One of an example's other
    accepted labels counts as the expected label.

    Args:
        task: The task.
        examples: What was asked.
        answers: The answer to each.

    Returns:
        The counts.

    Raises:
        UserError: The task is not of kind label.
    """
    if task.kind != "label":
        raise UserError(f"task {task.name} has no labels to confuse", hint="confusion() is for kind label")
    known = {text_form(label): label for label in (*(render_output(e.output) for e in examples), *task.labels)}
    known = {form: known[form] for form in dict.fromkeys((*map(text_form, task.labels), *known))}
    at = {form: i for i, form in enumerate(known)}
    cells: Counter[tuple[int, int]] = Counter()
    for example, answer in zip(examples, answers, strict=True):
        if answer.text is None:
            continue
        row, given = at[text_form(render_output(example.output))], text_form(answer.text)
        accepted = given in (text_form(render_output(e)) for e in example.answers)
        column = len(at) if answer.finish == "length" else row if accepted else at.get(given, len(at))
        cells[row, column] += 1
    counts = tuple(tuple(cells[r, c] for c in range(len(at) + 1)) for r in range(len(at)))
    return Confusion(tuple(known.values()), counts, sum(a.text is None for a in answers))
