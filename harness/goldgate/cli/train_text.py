"""What `goldgate train` prints when it ends."""

from __future__ import annotations

from goldgate.cli.screen import clock
from goldgate.jobs.trained import Trained
from goldgate.runs.golden import DifferenceRow
from goldgate.runs.part import known

_FORMATS = ("schema_valid", "label_valid", "style_ok", "stop_rate")


def train_text(result: Trained) -> str:
    """Shows the verdict, the gain, the format, the cost, what prevented a pass, and where the report is."""
    mine, best, rows, metric, gap = result.candidate, result.best, result.rows, result.metric, result.gap
    theirs = best.prompted
    where = "" if result.split == "golden" else " on dev"
    lines = [
        _head(result),
        f"{metric}{where}: {rows[mine, metric]:.1%} tuned, {rows[theirs, metric]:.1%} with the best prompt ({theirs}):"
        f" {_points(gap)}, n = {gap.n}{_other(result)}",
    ]
    form = next(m for m in _FORMATS if (mine, m) in rows and m != metric)
    prompted = f", {rows[best.at(form), form]:.1%} with the best prompt" if (best.at(form), form) in rows else ""
    lines.append(f"{form}: {rows[mine, form]:.1%} tuned{prompted}")
    if (mine, "cost_per_1k") in rows:
        lines.append(
            f"cost of 1,000 answers: {rows[mine, 'cost_per_1k']:.4g} tuned,"
            f" {rows[theirs, 'cost_per_1k']:.4g} with the best prompt"
        )
        lines += [f"  {result.caching}"] if result.caching else []
    if result.task.kind == "label":
        lines.append(_linear_line(result))
    lines += [result.not_compared] if result.not_compared else []
    lines += result.optimized
    lines += [result.plan.words] if result.plan.words else []
    lines.append(
        f"report: {result.report}  ({clock(result.seconds)} in total, attempt {result.attempt} of {result.attempts})"
    )
    return "\n".join([*lines, *(result.ending.lines if result.ending else ())])


def _head(result: Trained) -> str:
    if result.gates is None:
        return f"Not yet: no look was taken; {result.reason}"
    passing, gates = result.gates
    if not result.passed:
        return f"Not yet: {passing} of {gates} gates pass; {result.reason}"
    if result.opened:
        return f"Opened: all {gates} gates pass, without an error rate until golden is refreshed"
    return f"Ship: all {gates} gates pass"


def _linear_line(result: Trained) -> str:
    gap = result.gaps["exact_match", "linear"]
    low, high = known(gap.low), known(gap.high)
    winner = "the tuned model wins" if low > 0 else "the linear model wins" if high < 0 else "neither is shown to win"
    return f"linear model: {result.rows['linear', 'exact_match']:.1%}, tuned {_points(gap)}: {winner}"


def _other(result: Trained) -> str:
    """How much better another prompt than the chosen one may be; empty where none was chosen."""
    choice = result.choices.get(result.metric)
    if choice is None or not choice.points:
        return ""
    return f"; another of {choice.among} prompts may be up to {choice.points} points better than this one (95%)"


def _points(gap: DifferenceRow) -> str:
    estimate, low, high = (100 * known(x) for x in (gap.estimate, gap.low, gap.high))
    return f"{estimate:+.1f} points ({low:+.1f} to {high:+.1f})"
