"""Compares a candidate with its references, and summarises golden for the report and for promotions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from goldgate.jobs.workspace import Workspace
from goldgate.ledger import is_opened, suite_digest
from goldgate.runs.choice import ChoiceFacts
from goldgate.runs.golden import DifferenceRow, GateRow, GoldenRecord, LookFacts, LookRecord, MeasureRow, Turned
from goldgate.runs.record import SplitFacts
from goldgate.scored.baselines import Prompted, best_for, deciding_metrics
from goldgate.scored.choice import may_be_better
from goldgate.scored.scored import Scored
from goldgate.scorers import scorer_versions
from goldgate.task.task import Task


def references(task: Task) -> dict[str, str]:
    """Returns the subjects, besides the best prompting baseline, to compare a candidate with: reason by name."""
    found = {"linear": "what an expert would try first"} if task.kind == "label" else {}
    return found | ({} if task.incumbent is None else {task.incumbent: "what runs in production today"})


@dataclass(frozen=True)
class Best:
    """The best prompts of a task.

    Attributes:
        prompted: The best one by the main metric.
        by_metric: Metric → the best one for it, for the metrics that judge answers.
    """

    prompted: str
    by_metric: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, task: Task, prompted: Prompted) -> Best:
        """Returns the best prompts for the metrics that a report lists."""
        return cls(prompted.name, {m: best_for(task, prompted, m) for m in prompted.tried[prompted.name]})

    def at(self, metric: str) -> str:
        """Returns the prompt that a gap in a metric is over."""
        return self.by_metric.get(metric, self.prompted)

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the best by the main metric first."""
        return tuple(dict.fromkeys((self.prompted, *self.by_metric.values())))


def choices(work: Workspace, prompted: Prompted, *, on_golden: bool = False) -> dict[str, ChoiceFacts]:
    """Says for each metric which prompt is the best on dev, and how much better another one may be in truth.

    Args:
        work: The task's workspace.
        prompted: The baselines that were tried.
        on_golden: Whether golden has decided and may be told of: what the choices may have cost is then computed there,
            where all prompts have answered it for another reason; else on dev.

    Returns:
        The choices by metric.
    """
    told = on_golden and work.task.golden != "sealed"
    there = told and all(work.existing(work.subject(n), work.split("golden")) is not None for n in prompted.tried)
    split = "golden" if there else "dev"
    views = {n: work.scored(n, split) for n in prompted.tried}
    found = {}
    for metric, name in Best.of(work.task, prompted).by_metric.items():
        most = round(may_be_better(views, name, metric), 6)
        n = len(work.split("dev"))
        found[metric] = ChoiceFacts(subject=name, among=len(views), n=n, most=most, split=split)
    return found


def golden_summary(work: Workspace, looked: LookRecord, best: Best, spent: float, *, ask: bool = True) -> GoldenRecord:
    """Collects what the report may show of golden, and what a promotion must find unchanged.

    The summary holds verdicts, measures, paired differences and counts, but no example; of a sealed golden split, only
    verdicts.

    Args:
        work: The task's workspace.
        looked: The look.
        best: The best prompts.
        spent: Error that all looks at this golden split have spent.
        ask: Whether prompts that no gate needs may be asked, because they are the best for a metric of the report.

    Returns:
        The summary.
    """
    split, sealed = work.split("golden"), work.task.golden == "sealed"
    candidate = looked.subject or ""
    told = Comparison((), (), {}) if sealed else compare(work, candidate, best, "golden", ask=ask)
    look = looked.look or LookFacts()
    return GoldenRecord(
        look=LookFacts(number=look.number, level=look.level, name=look.name, spent=spent),
        split=SplitFacts(fingerprint=split.fingerprint, count=len(split)),
        identity=work.subject(candidate).identity,
        suite=suite_digest(work.task, scorer_versions(work.task)),
        passed=looked.passed,
        subject=candidate,
        prompted=best.prompted,
        prompted_for={} if sealed else dict(best.by_metric),
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


def compare(work: Workspace, candidate: str, best: Best, split_name: str, *, ask: bool = True) -> Comparison:
    """Compares a candidate with its references on a split: in each metric with the best prompt for it.

    Args:
        work: The task's workspace.
        candidate: Name of the candidate.
        best: The best prompts.
        split_name: Name of the split.
        ask: Whether the prompts other than the best by the main metric may be asked. If not, one whose answers are not
            all known is left out, and so is the gap over it.

    Returns:
        The comparison.
    """
    mine, split = work.scored(candidate, split_name), work.split(split_name)
    prompts = {
        name: work.scored(name, split_name, "the best prompt for a metric of the report")
        for name in best.names
        if ask or name == best.prompted or work.existing(work.subject(name), split) is not None
    }
    tags = [None, *sorted({tag for carried in mine.tags.values() for tag in carried})]
    others = prompts | {n: work.scored(n, split_name, why) for n, why in references(work.task).items()}
    measures = [
        _row(name, view if tag is None else view.on(tag), metric, tag)
        for name, view in {candidate: mine, **others}.items()
        for metric in view.metrics()
        for tag in tags
    ]
    differences = []
    for name, view in others.items():
        for metric in mine.metrics():
            if name in prompts and name not in (best.at(metric), *references(work.task)):
                continue
            gap = mine.measure(metric) - view.measure(metric)
            low, high = gap.interval()
            differences.append(
                DifferenceRow(metric=metric, reference=name, estimate=gap.value, low=low, high=high, n=gap.n)
            )
    turned = {m: _turned(mine, prompts[best.at(m)], m) for m in deciding_metrics(work.task) if best.at(m) in prompts}
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
