"""The tuned model compared with every other subject: on golden from the record, on dev from the examples' values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from goldgate.runs.golden import GoldenRecord
from goldgate.task.strata import STRATA
from goldgate_reports.charts import IntervalChart, axis, interval_chart
from goldgate_reports.estimates import Estimate, averaged, measured, of_row, paired
from goldgate_reports.gates import Gate
from goldgate_reports.records import Column, Records
from goldgate_reports.who import Subjects
from goldgate_reports.words import label, probability, scale_of

Standing = Literal["better", "worse", "not shown apart"]
# The metric of the gain where no gate decides it: the strictest quality metric first (a style has many right texts).
_FIRST = ("style_ok", "exact_match", "accuracy", "field_accuracy", "style_score", "similarity")
# What an answer costs, which the tag tables leave out, and what is no reason to call an answer bad.
_PRICE = ("tokens_in", "tokens_out", "cost_per_1k")
_NOT_QUALITY = (*_PRICE, "stop_rate")


@dataclass(frozen=True)
class ComparedCell:
    """One subject in one metric.

    Attributes:
        estimate: The subject's estimate.
        ahead: The tuned model minus the subject; None for the tuned model itself.
        standing: What the interval of `ahead` says.
    """

    estimate: Estimate
    ahead: Estimate | None
    standing: Standing | None


@dataclass(frozen=True)
class SubjectRow:
    """One subject on dev in every metric, with charts of the leading metric."""

    name: str
    full: str
    role: str
    cells: tuple[ComparedCell | None, ...]
    chart: IntervalChart | None
    ahead_chart: IntervalChart | None


@dataclass(frozen=True)
class GoldenRow:
    """One metric on golden: the tuned model, the reference, their paired difference, and the examples that changed.

    `most` is how much better another prompt than the reference may be, in points; empty where it was not chosen.
    """

    metric: str
    reference: str
    tuned: Estimate | None
    theirs: Estimate | None
    ahead: Estimate
    standing: Standing | None
    turned: tuple[int, int, str] | None
    most: str = ""


@dataclass(frozen=True)
class TagRow:
    """One tag: its number of examples and, per metric, the estimates of the tuned and the prompted subject."""

    tag: str
    n: str
    cells: tuple[tuple[Estimate | None, Estimate | None], ...]


@dataclass(frozen=True)
class TagTable:
    """Estimates by tag and metric; `split` says whose examples these are, `prompts` the best prompt for each metric."""

    split: str
    metrics: tuple[str, ...]
    rows: tuple[TagRow, ...]
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """The tuned model against the other subjects.

    Attributes:
        primary: The metric of the gain.
        columns: (label, remark on the direction) by metric.
        lead: Index of the leading metric.
        dev: The subjects on dev.
        golden: The differences on golden.
        tags: The estimates by the data's own tags; None where there are none.
        novelty: The estimates by distance to train; None where there are none.
    """

    primary: str
    columns: tuple[tuple[str, str], ...]
    lead: int
    dev: tuple[SubjectRow, ...]
    golden: tuple[GoldenRow, ...]
    tags: TagTable | None
    novelty: TagTable | None


def primary_metric(records: Records, who: Subjects, gates: Sequence[Gate]) -> str:
    """Chooses the metric of the gain.

    Args:
        records: What the run folder records.
        who: Who is who in the run.
        gates: The gates that the report shows.

    Returns:
        The metric that a gate compares with the baseline, otherwise the strictest quality metric.
    """
    measured_there = records.golden.measures if records.golden else ()
    known = list(records.scores.get(who.tuned_dev or "", {})) or [row.metric for row in measured_there]
    for gate in gates:
        found = re.match(r"(?:candidate\.)?(\w+) - ", gate.expression)
        if found and found[1] in known:
            return found[1]
    return next((m for m in _FIRST if m in known), known[0] if known else "exact_match")


def compared(records: Records, who: Subjects, primary: str) -> Comparison:
    """Compares the tuned model with every other subject.

    Args:
        records: What the run folder records.
        who: Who is who in the run.
        primary: The metric of the gain.

    Returns:
        The comparison.
    """
    ours = records.scores.get(who.tuned_dev or "", {})
    metrics = list(ours)
    lead = metrics.index(primary) if primary in metrics else 0
    order = [s for s in (who.tuned_dev, who.prompted) if s is not None and s in records.scores]
    order += [s for s in records.scores if s not in order]
    cells = {s: tuple(_compared_cell(m, ours, records.scores[s], s == who.tuned_dev) for m in metrics) for s in order}
    dev = _with_charts(cells, lead, who) if ours else ()
    return Comparison(
        primary,
        tuple((label(m), "lower is better" if ours[m].better == "low" else "") for m in metrics),
        lead,
        dev,
        _golden_rows(records, who),
        _tag_table(records, who, lambda tag: tag not in STRATA),
        _tag_table(records, who, STRATA.__contains__),
    )


def _compared_cell(
    metric: str, ours: Mapping[str, Column], theirs: Mapping[str, Column], itself: bool
) -> ComparedCell | None:
    if metric not in theirs or (estimate := measured(metric, theirs[metric])) is None:
        return None
    ahead = None if itself else paired(metric, ours[metric], theirs[metric])
    return ComparedCell(estimate, ahead, standing(ahead, ours[metric].better))


def standing(ahead: Estimate | None, better: str) -> Standing | None:
    """Says what the interval of a difference shows.

    Args:
        ahead: The tuned model minus the other subject.
        better: Whether a "high" or a "low" value of the metric is better.

    Returns:
        "better" or "worse", or "not shown apart" where the interval includes zero; None where there is no interval.
    """
    if ahead is None or ahead.low is None or ahead.high is None:
        return None
    if ahead.low > 0:
        return "worse" if better == "low" else "better"
    if ahead.high < 0:
        return "better" if better == "low" else "worse"
    return "not shown apart"


def _with_charts(
    cells: Mapping[str, tuple[ComparedCell | None, ...]], lead: int, who: Subjects
) -> tuple[SubjectRow, ...]:
    """The rows, with the leading metric drawn on axes that they all share."""
    first = [row[lead] for row in cells.values() if row[lead] is not None]
    window = _window([b.estimate for b in first if b])
    ahead_window = _window([b.ahead for b in first if b and b.ahead])
    made = []
    for subject, row in cells.items():
        cell = row[lead]
        made.append(
            SubjectRow(
                who.shown(subject),
                subject,
                who.role(subject),
                row,
                _drawn(cell.estimate, window) if cell else None,
                _drawn(cell.ahead, ahead_window, 0.0) if cell and cell.ahead else None,
            )
        )
    return tuple(made)


def _window(estimates: Sequence[Estimate]) -> tuple[float, float] | None:
    marks = [v for e in estimates if e.known for v in (e.value, e.low, e.high) if v is not None]
    return axis([*marks, 0.0], estimates[0].scale) if marks else None


def _drawn(estimate: Estimate, window: tuple[float, float] | None, zero: float | None = None) -> IntervalChart | None:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return interval_chart(estimate.value, estimate.low, estimate.high, estimate.scale, zero, window=window)


def measures_of(records: Records) -> dict[tuple[str, str, str | None], Estimate]:
    """Returns the estimates of golden.json by subject, metric and tag; the tag None stands for all examples."""
    rows = records.golden.measures if records.golden else ()
    return {(str(row.subject), row.metric, row.tag): of_row(row) for row in rows}


def _golden_rows(records: Records, who: Subjects) -> tuple[GoldenRow, ...]:
    golden = records.golden or GoldenRecord()
    measures = measures_of(records)
    made = []
    for row in golden.differences:
        metric, best = row.metric, who.best(row.metric)
        reference = best if row.reference == "prompted" and best else row.reference
        ahead = of_row(row)
        made.append(
            GoldenRow(
                label(metric),
                who.shown(reference),
                measures.get((who.tuned_golden or "", metric, None)),
                measures.get((reference, metric, None)),
                ahead,
                standing(ahead, better_of(records, metric)),
                _turned(golden, metric) if reference == best else None,
                who.choices[metric].points if reference == best and metric in who.choices else "",
            )
        )
    return tuple(made)


def better_of(records: Records, metric: str) -> str:
    """Returns whether a "high" or a "low" value of a metric is better, from the dev scores; "high" by default."""
    found = [columns[metric].better for columns in records.scores.values() if metric in columns]
    return found[0] if found else "high"


def _turned(golden: GoldenRecord, metric: str) -> tuple[int, int, str] | None:
    turned = golden.turned.get(metric)
    return None if turned is None else (turned.right, turned.wrong, probability(turned.p))


def quality_metrics(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """Returns the metrics that say how good an answer is, on a scale from 0 to 1."""
    return tuple(m for m, c in columns.items() if scale_of(m, c.bounds) == "rate" and m not in _NOT_QUALITY)


def _tag_table(records: Records, who: Subjects, wanted: Callable[[str], bool]) -> TagTable | None:
    """The estimates by tag, on golden where that was recorded, otherwise on dev; None where no example has a tag."""
    measures = measures_of(records)
    carried = {tag for subject, _, tag in measures if tag is not None and subject == who.tuned_golden}
    tags = sorted(filter(wanted, carried))
    if tags:
        ours = who.tuned_golden or ""
        found = dict.fromkeys(m for s, m, tag in measures if tag is not None and s == ours)
        metrics = [m for m in found if m not in _PRICE]
        rows = tuple(
            _tag_row(tag, [(measures.get((ours, m, tag)), measures.get((who.best(m) or "", m, tag))) for m in metrics])
            for tag in tags
        )
        return TagTable("golden", tuple(map(label, metrics)), rows, tuple(who.best(m) or "" for m in metrics))
    columns = records.scores.get(who.tuned_dev or "", {})
    quality = quality_metrics(columns)
    tags = sorted({tag for found in records.tags.values() for tag in found if wanted(tag)})
    if not tags or not quality:
        return None
    prompts = tuple(who.best(m) or "" for m in quality)
    others = [records.scores.get(prompt, {}).get(m) for m, prompt in zip(quality, prompts, strict=True)]
    made = []
    for tag in tags:
        ids = frozenset(i for i, found in records.tags.items() if tag in found)
        made.append(
            _tag_row(
                tag,
                [
                    (measured(m, columns[m], ids), averaged(m, other, ids) if other else None)
                    for m, other in zip(quality, others, strict=True)
                ],
            )
        )
    return TagTable("dev", tuple(map(label, quality)), tuple(made), prompts)


def _tag_row(tag: str, cells: Sequence[tuple[Estimate | None, Estimate | None]]) -> TagRow:
    counts = [e.count for pair in cells for e in pair if e is not None]
    return TagRow(tag, counts[0] if counts else "", tuple(cells))
