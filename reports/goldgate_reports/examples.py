"""The dev examples worth looking at: those that differ from the best baseline, and the worst ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from goldgate.base.errors import UserError
from goldgate.task.task import FieldRule
from goldgate_reports.against import quality_metrics
from goldgate_reports.diff import Difference, difference
from goldgate_reports.records import Column, Records
from goldgate_reports.who import Subjects
from goldgate_reports.words import cut, label, number

MOST_SHOWN = 20  # examples in each group


@dataclass(frozen=True)
class ExampleView:
    """One dev example, with the tuned and the prompted answer side by side.

    `scores` holds (metric, tuned, prompted) as text. `reasons` holds (metric, reason), where the scorer gives a reason
    why the tuned answer is not right.
    """

    id: str
    tags: tuple[str, ...]
    input: str
    input_left_out: int
    scores: tuple[tuple[str, str, str], ...]
    reasons: tuple[tuple[str, str], ...]
    difference: Difference


@dataclass(frozen=True)
class ExampleGroup:
    """A group of examples; `total` counts those that are not shown too."""

    name: str
    what: str
    total: int
    shown: tuple[ExampleView, ...]


def example_groups(records: Records, who: Subjects, primary: str) -> tuple[ExampleGroup, ...]:
    """Groups the dev examples worth looking at.

    Args:
        records: What the run folder records.
        who: Who is who in the run.
        primary: The metric that decides what is right.

    Returns:
        The examples that became wrong, those that became right, and the worst; empty where dev has no tuned answers.
    """
    who = replace(who, prompted=who.best(primary))
    ours = records.scores.get(who.tuned_dev or "", {})
    if primary not in ours or who.tuned_dev not in records.answers:
        return ()
    theirs = records.scores.get(who.prompted or "", {})
    rules = records.run.fields
    groups = []
    if primary in theirs:
        right, wrong = turned(ours[primary], theirs[primary])
        name = label(primary)
        groups = [
            ("Newly wrong", f"{name}: right with prompting, but not with the tuned model", wrong),
            ("Newly right", f"{name}: right with the tuned model, but not with prompting", right),
        ]
    groups.append(("Worst answers", "Answers of the tuned model that are not right, worst first", worst(ours, primary)))
    made: dict[str, ExampleView] = {}  # an example may be in two groups
    return tuple(
        ExampleGroup(
            name,
            what,
            len(ids),
            tuple(made.get(i) or made.setdefault(i, _view(i, records, who, rules)) for i in ids[:MOST_SHOWN]),
        )
        for name, what, ids in groups
    )


def turned(ours: Column, theirs: Column) -> tuple[list[str], list[str]]:
    """Finds the examples that only one of two subjects gets right.

    Args:
        ours: The tuned model's values. A value of 1 is right; anything less, or a missing value, is not.
        theirs: The other subject's values.

    Returns:
        The IDs that only the tuned model gets right, and those that only the other subject gets right.
    """
    shared = [i for i in ours.values if i in theirs.values]
    right = [i for i in shared if _right(ours.values[i]) and not _right(theirs.values[i])]
    wrong = [i for i in shared if not _right(ours.values[i]) and _right(theirs.values[i])]
    return right, wrong


def _right(value: float | None) -> bool:
    return value is not None and value >= 1.0


def worst(ours: Mapping[str, Column], primary: str) -> list[str]:
    """Orders the examples that are not right, worst first.

    Args:
        ours: The tuned model's values by metric.
        primary: The metric to sort by; the mean of the other quality metrics breaks ties.

    Returns:
        The IDs of the examples.
    """
    others = [m for m in quality_metrics(ours) if m != primary]

    def order(id_: str) -> tuple[float, float, str]:
        rest = [ours[m].values.get(id_) for m in others]
        values = [-1.0 if v is None else v for v in rest]
        leading = ours[primary].values[id_]
        return (-1.0 if leading is None else leading), sum(values) / max(1, len(values)), id_

    return sorted((i for i, v in ours[primary].values.items() if not _right(v)), key=order)


def _view(id_: str, records: Records, who: Subjects, rules: Mapping[str, FieldRule]) -> ExampleView:
    pairs = [
        (who.shown(s), records.answers.get(s, {}).get(id_)) for s in (who.tuned_dev, who.prompted) if s is not None
    ]
    if all(row is None for _, row in pairs):
        raise UserError(f'the scored example "{id_}" has no answer', "answers.parquet", "evaluate the dev split again")
    input_, left_out = cut(next(row.input for _, row in pairs if row is not None))
    ours = records.scores[who.tuned_dev or ""]
    return ExampleView(
        id_,
        records.tags.get(id_, ()),
        input_,
        left_out,
        _scores(id_, records, who),
        _reasons(id_, ours),
        difference(pairs, rules),
    )


def _reasons(id_: str, ours: Mapping[str, Column]) -> tuple[tuple[str, str], ...]:
    """The scorers' reasons about the tuned answer, each once, under the first metric that gives it."""
    found: dict[str, str] = {}
    for metric, column in ours.items():
        if id_ in column.reasons:
            found.setdefault(column.reasons[id_], label(metric))
    return tuple((name, reason) for reason, name in found.items())


def _scores(id_: str, records: Records, who: Subjects) -> tuple[tuple[str, str, str], ...]:
    ours = records.scores[who.tuned_dev or ""]
    theirs = records.scores.get(who.prompted or "", {})
    rows = (
        (label(m), _value(ours[m], id_), _value(theirs[m], id_) if m in theirs else "") for m in quality_metrics(ours)
    )
    return tuple(row for row in rows if set(row[1:]) != {"100%"})  # a metric that both get right says nothing here


def _value(column: Column, id_: str) -> str:
    value = column.values.get(id_)
    return "no answer" if value is None else number(value, "rate").replace(".0%", "%")
