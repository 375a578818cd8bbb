"""Compares a candidate with its references, and summarises golden for the report and for promotions."""

from __future__ import annotations

from dataclasses import dataclass

from goldgate.jobs.workspace import Workspace
from goldgate.ledger import is_opened, suite_digest
from goldgate.runs.golden import DifferenceRow, GateRow, GoldenRecord, LookFacts, LookRecord, MeasureRow, Turned
from goldgate.runs.record import SplitFacts
from goldgate.scored.baselines import deciding_metrics
from goldgate.scored.scored import Scored
from goldgate.scorers import scorer_versions
from goldgate.task.task import Task


def references(task: Task) -> dict[str, str]:
    """Returns the subjects, besides the best prompting baseline, to compare a candidate with: reason by name."""
    found = {"linear": "what an expert would try first"} if task.kind == "label" else {}
    return found | ({} if task.incumbent is None else {task.incumbent: "what runs in production today"})


def golden_summary(work: Workspace, looked: LookRecord, prompted: str, spent: float) -> GoldenRecord:
    """Collects what the report may show of golden, and what a promotion must find unchanged.

    The summary holds verdicts, measures, paired differences and counts, but no example; of a sealed golden split, only
    verdicts.

    Args:
        work: The task's workspace.
        looked: The look.
        prompted: Name of the best prompting baseline.
        spent: Error that all looks at this golden split have spent.

    Returns:
        The summary.
    """
    split, sealed = work.split("golden"), work.task.golden == "sealed"
    candidate = looked.subject or ""
    told = Comparison((), (), {}) if sealed else compare(work, candidate, prompted, "golden")
    look = looked.look or LookFacts()
    return GoldenRecord(
        look=LookFacts(number=look.number, level=look.level, name=look.name, spent=spent),
        split=SplitFacts(fingerprint=split.fingerprint, count=len(split)),
        identity=work.subject(candidate).identity,
        suite=suite_digest(work.task, scorer_versions(work.task)),
        passed=looked.passed,
        subject=candidate,
        prompted=prompted,
        opened=is_opened(work.ledger),
        sealed=sealed,
        measures=told.measures,
        differences=told.differences,
        turned=told.turned,
        verdicts=tuple(GateRow(item=r.item, verdict=r.verdict, flips=r.flips) for r in looked.records),
        effects=looked.effects,
    )


@dataclass(frozen=True)
class Comparison:
    """A candidate compared with its references on a split.

    Attributes:
        measures: Every metric of every subject, overall and by tag.
        differences: The paired differences.
        turned: Number of examples that turned right and wrong, by metric.
    """

    measures: tuple[MeasureRow, ...]
    differences: tuple[DifferenceRow, ...]
    turned: dict[str, Turned]


def compare(work: Workspace, candidate: str, prompted: str, split_name: str) -> Comparison:
    """Compares a candidate with its references on a split.

    Args:
        work: The task's workspace.
        candidate: Name of the candidate.
        prompted: Name of the best prompting baseline.
        split_name: Name of the split.

    Returns:
        The comparison.
    """
    mine, theirs = work.scored(candidate, split_name), work.scored(prompted, split_name)
    tags = [None, *sorted({tag for carried in mine.tags.values() for tag in carried})]
    others = {prompted: theirs} | {n: work.scored(n, split_name, why) for n, why in references(work.task).items()}
    measures = [
        _row(name, view if tag is None else view.on(tag), metric, tag)
        for name, view in {candidate: mine, **others}.items()
        for metric in view.metrics()
        for tag in tags
    ]
    differences = []
    for name, view in others.items():
        for metric in mine.metrics():
            gap = mine.measure(metric) - view.measure(metric)
            low, high = gap.interval()
            differences.append(
                DifferenceRow(metric=metric, reference=name, estimate=gap.value, low=low, high=high, n=gap.n)
            )
    turned = {m: _turned(mine, theirs, m) for m in deciding_metrics(work.task)}
    return Comparison(tuple(measures), tuple(differences), turned)


def _row(subject: str, view: Scored, metric: str, tag: str | None) -> MeasureRow:
    measure = view.measure(metric)
    low, high = measure.interval()
    return MeasureRow(subject=subject, metric=metric, tag=tag, estimate=measure.value, low=low, high=high, n=measure.n)


def _turned(mine: Scored, theirs: Scored, metric: str) -> Turned:
    """Counts examples that turned right (value 1) or wrong against the baseline, with the exact McNemar p."""
    from scipy.stats import binomtest

    a, b = mine.values(metric), theirs.values(metric)
    right = sum(a[i] == 1.0 and b[i] != 1.0 for i in a)
    wrong = sum(a[i] != 1.0 and b[i] == 1.0 for i in a)
    p = binomtest(right, right + wrong, 0.5).pvalue if right + wrong else 1.0
    return Turned(right=right, wrong=wrong, p=float(p))
