"""Metrics of a split as a whole, which are not means of per-example values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from goldgate.measures import Measure, macro_f1
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example, render_output
from goldgate.task.form import text_form
from goldgate.task.task import Task


@dataclass(frozen=True)
class Whole:
    """A metric of all answers together.

    Attributes:
        name: Its name.
        version: Raised when the same answers may score differently.
        kinds: The kinds of task that it applies to.
        measure: Makes the measure from the task, examples and answers; ids, groups, tags, name and max_group are passed
            on to it.
        better: Whether a "high" or a "low" value is better.
    """

    name: str
    version: int
    kinds: frozenset[str]
    measure: Callable[..., Measure]
    better: Literal["high", "low"] = "high"


def macro_f1_of(task: Task, examples: Sequence[Example], answers: Sequence[Answer], **labelled: Any) -> Measure:
    """Mean of the F1 scores of the task's labels, which are compared as `exact_match` compares.

    It is a metric of the whole split, so its interval is a bootstrap and is labelled approximate. An answer that is not
    a label, or was cut off, counts as wrong for the expected label.

    Range: 0 to 1; higher is better.
    Source: scikit-learn's `f1_score(average="macro")`.
    """
    given = [None if a.text is None else "" if a.finish == "length" else text_form(a.text) for a in answers]
    expected, labels = [text_form(render_output(e.output)) for e in examples], [text_form(name) for name in task.labels]
    return macro_f1(expected, given, labels=labels, **labelled)
