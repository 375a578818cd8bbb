"""How `goldgate train` tells what came of it: a few lines for people, and the record of --json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.cli.screen import Result, clock
from goldgate.jobs.workspace import Work, compare
from goldgate.runs.folder import Run
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
    summary: Mapping[str, Any] | None
    report: Path
    seconds: float


def result_of(told: Told, outcome: Outcome, ending: Ending | None) -> Result:
    """The verdict, the gain, the format, the cost, what stood in the way, and where the report lies."""
    work, summary, theirs = told.work, told.summary, told.prompted
    metric = deciding_metrics(work.task)[0]
    golden = summary is not None and not summary["sealed"]
    mine = told.candidate if summary is None else str(summary["subject"])
    numbers = summary if summary is not None and golden else compare(work, mine, theirs, "dev")
    where = "" if golden else " on dev"
    rows = {(r["subject"], r["metric"]): r["estimate"] for r in numbers["measures"] if r["tag"] is None}
    gap = next(d for d in numbers["differences"] if d["metric"] == metric and d["reference"] == theirs)
    lines = [
        _head(summary, outcome),
        f"{metric}{where}: {rows[mine, metric]:.1%} tuned, {rows[theirs, metric]:.1%} with the best prompt ({theirs}):"
        f" {100 * gap['estimate']:+.1f} points ({100 * gap['low']:+.1f} to {100 * gap['high']:+.1f}),"
        f" n = {gap['n']}",
    ]
    form = next(m for m in _FORMATS if (mine, m) in rows and m != metric)
    lines.append(f"{form}: {rows[mine, form]:.1%} tuned, {rows[theirs, form]:.1%} with the best prompt")
    if (mine, "cost_per_1k") in rows:
        lines.append(
            f"cost of 1,000 answers: {rows[mine, 'cost_per_1k']:.4g} tuned,"
            f" {rows[theirs, 'cost_per_1k']:.4g} with the best prompt"
        )
    if work.task.kind == "label":
        lines.append(_linear_line(numbers, rows))
    plan = told.run.read()["plan"]
    lines += [plan["words"]] if plan else []
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
        "opened": bool(summary and summary["opened"]),
        "report": str(told.report),
        "seconds": round(told.seconds, 1),
        "split": "golden" if golden else "dev",
        "measures": {m: {"tuned": rows[mine, m], "prompted": rows[theirs, m]} for s, m in rows if s == mine},
        "gap": gap,
        "ending": ending.to_json() if ending else None,
        "plan": plan,
    }
    return Result(record, "\n".join([*lines, *(ending.lines if ending else ())]), outcome.passed)


def _head(summary: Mapping[str, Any] | None, outcome: Outcome) -> str:
    if summary is None:
        return f"Not yet: no look was taken; {outcome.reason}"
    verdicts = summary["verdicts"]
    if not outcome.passed:
        passing = sum(row["verdict"]["outcome"] == "pass" for row in verdicts)
        return f"Not yet: {passing} of {len(verdicts)} gates pass; {outcome.reason}"
    if summary["opened"]:
        return f"Opened: all {len(verdicts)} gates pass, without an error rate until golden is refreshed"
    return f"Ship: all {len(verdicts)} gates pass"


def _linear_line(told: Mapping[str, Any], rows: Mapping[tuple[str, str], float]) -> str:
    gap = next(d for d in told["differences"] if d["metric"] == "exact_match" and d["reference"] == "linear")
    low, high = gap["low"], gap["high"]
    winner = "the tuned model wins" if low > 0 else "the linear model wins" if high < 0 else "neither is shown to win"
    return (
        f"linear model: {rows['linear', 'exact_match']:.1%}, tuned {100 * gap['estimate']:+.1f} points"
        f" ({100 * low:+.1f} to {100 * high:+.1f}): {winner}"
    )
