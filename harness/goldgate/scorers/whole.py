"""Metrics of a split as a whole, which are no mean of per-example values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.measures import Measure, macro_f1
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example, render_output
from goldgate.task.task import Task


@dataclass(frozen=True)
class Whole:
    """A metric of all answers together. measure: makes it from the task, examples and answers; ids, groups, tags, name
    and max_group are passed on to the measure.
    """

    name: str
    version: int
    kinds: frozenset[str]
    measure: Callable[..., Measure]


def macro_f1_of(task: Task, examples: Sequence[Example], answers: Sequence[Answer], **labelled: Any) -> Measure:
    """Macro-F1 over the task's labels, in [0, 1], higher is better; approximate (see `goldgate.measures.macro_f1`).

    An answer is its text, stripped; one that is no label, or was cut off, is wrong for the expected label. Source:
    scikit-learn's f1_score(average="macro").
    """
    given = [None if a.text is None else "" if a.finish == "length" else a.text.strip() for a in answers]
    return macro_f1([render_output(e.output) for e in examples], given, labels=task.labels, **labelled)
