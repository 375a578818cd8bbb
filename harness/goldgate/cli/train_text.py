"""How `goldgate train` tells what came of it: a few lines for people, and the record of --json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from goldgate.cli.screen import Result, clock
from goldgate.jobs.workspace import Work, compare
from goldgate.runs.folder import Run
from goldgate.runs.golden import DifferenceRow, GoldenRecord
from goldgate.runs.part import known
from goldgate.runs.record import PlanFacts
from goldgate.scored.baselines import deciding_metrics
from goldgate_trainers import Ending, Outcome

_FORMATS = ("schema_valid", "label_valid", "style_ok", "stop_rate")


@dataclass(frozen=True)
class Told:
    """What there is to tell. summary: of golden; None where the run took no look, and dev alone speaks."""

    work: Work
    run: Run
    candidate: str
    prompted: str
    summary: GoldenRecord | None
    report: Path
    seconds: float


def result_of(told: Told, outcome: Outcome, ending: Ending | None) -> Result:
    """The verdict, the gain, the format, the cost, what stood in the way, and where the report lies."""
    work, summary, theirs = told.work, told.summary, told.prompted
    metric = deciding_metrics(work.task)[0]
    mine = told.candidate if summary is None else str(summary.subject)
    golden = None if summary is None or summary.sealed else summary
    numbers = compare(work, mine, theirs, "dev") if golden is None else golden
    where = " on dev" if golden is None else ""
    rows = {(str(r.subject), r.metric): known(r.estimate) for r in numbers.measures if r.tag is None}
    gap = _gap(numbers.differences, metric, theirs)
    lines = [
        _head(summary, outcome),
        f"{metric}{where}: {rows[mine, metric]:.1%} tuned, {rows[theirs, metric]:.1%} with the best prompt ({theirs}):"
        f" {_points(gap)}, n = {gap.n}",
    ]
    form = next(m for m in _FORMATS if (mine, m) in rows and m != metric)
    lines.append(f"{form}: {rows[mine, form]:.1%} tuned, {rows[theirs, form]:.1%} with the best prompt")
    if (mine, "cost_per_1k") in rows:
        lines.append(
            f"cost of 1,000 answers: {rows[mine, 'cost_per_1k']:.4g} tuned,"
            f" {rows[theirs, 'cost_per_1k']:.4g} with the best prompt"
        )
    if work.task.kind == "label":
        lines.append(_linear_line(numbers.differences, rows))
    plan = told.run.read().plan or PlanFacts()
    lines += [plan.words] if plan.words else []
    lines.append(
        f"report: {told.report}  ({clock(told.seconds)} in all, attempt {outcome.best.k} of {len(outcome.attempts)})"
    )
    record = {
        "task": work.task.name,
        "run": told.run.id,
        "passed": outcome.passed,
        "reason": outcome.reason,
        "candidate": mine,
        "prompted": theirs,
        "opened": bool(summary and summary.opened),
        "report": str(told.report),
        "seconds": round(told.seconds, 1),
        "split": "dev" if golden is None else "golden",
        "measures": {m: {"tuned": rows[mine, m], "prompted": rows[theirs, m]} for s, m in rows if s == mine},
        "gap": gap.to_json(),
        "ending": ending.to_json() if ending else None,
        "plan": plan.to_json(),
    }
    return Result(record, "\n".join([*lines, *(ending.lines if ending else ())]), outcome.passed)


def _head(summary: GoldenRecord | None, outcome: Outcome) -> str:
    if summary is None:
        return f"Not yet: no look was taken; {outcome.reason}"
    verdicts = [row.verdict for row in summary.verdicts or ()]
    if not outcome.passed:
        return f"Not yet: {sum(map(bool, verdicts))} of {len(verdicts)} gates pass; {outcome.reason}"
    if summary.opened:
        return f"Opened: all {len(verdicts)} gates pass, without an error rate until golden is refreshed"
    return f"Ship: all {len(verdicts)} gates pass"


def _linear_line(differences: Sequence[DifferenceRow], rows: Mapping[tuple[str, str], float]) -> str:
    gap = _gap(differences, "exact_match", "linear")
    low, high = known(gap.low), known(gap.high)
    winner = "the tuned model wins" if low > 0 else "the linear model wins" if high < 0 else "neither is shown to win"
    return f"linear model: {rows['linear', 'exact_match']:.1%}, tuned {_points(gap)}: {winner}"


def _gap(differences: Sequence[DifferenceRow], metric: str, reference: str) -> DifferenceRow:
    return next(d for d in differences if (d.metric, d.reference) == (metric, reference))


def _points(gap: DifferenceRow) -> str:
    estimate, low, high = (100 * known(x) for x in (gap.estimate, gap.low, gap.high))
    return f"{estimate:+.1f} points ({low:+.1f} to {high:+.1f})"
