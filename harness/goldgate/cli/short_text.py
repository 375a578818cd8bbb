"""How the short commands tell what they did: init, prepare, evaluate, report."""

from __future__ import annotations

from goldgate.base.fingerprint import short
from goldgate.jobs.commands import Evaluated, Initialised, Prepared, Refreshed, Reported


def init_text(result: Initialised) -> str:
    """What is there now, and what to do next."""
    task, counts = result.task, result.splits
    lines = [
        f"suites/{task} and golden/{task} are there: kind {result.kind},"
        f" {counts['train']} train, {counts['dev']} dev, {counts['golden']} golden",
        *result.remarks,
        f"next: read suites/{task}/task.yaml, write your thresholds into test_gates.py, then `goldgate train {task}`",
    ]
    return "\n".join(lines)


def prepare_text(result: Prepared | Refreshed) -> str:
    """The splits, and how near golden is to train; of a refreshed golden split, what became of the old one."""
    if isinstance(result, Prepared):
        lines = [f"{n}: {s['count']} examples, fingerprint {short(s['fingerprint'])}" for n, s in result.splits.items()]
        return "\n".join([*lines, result.novelty])
    task = result.prepared.task
    next_look = f"pytest suites/{task}" if result.has_champion else f"goldgate train {task}"
    lines = [
        f"golden is new; the {result.moved} examples of the old split are dev's now",
        *result.remarks,
        prepare_text(result.prepared),
        f"looks retired: {result.looks}, kept in {result.retired}; the next look is the first: {next_look}",
    ]
    return "\n".join(lines)


def evaluate_text(result: Evaluated) -> str:
    """Every metric with its interval, and what is to be known of the subject besides."""
    lines = [f"{result.subject} on {result.split} of {result.task} (95% intervals)"]
    lines += [f"  {m:<16} {r.estimate:.4g}  {r.low:.4g} to {r.high:.4g}  n = {r.n}" for m, r in result.measures.items()]
    if result.lost:
        lines.append(f"  {len(result.lost)} of {result.answers} answers are missing, the first: {result.lost[0]}")
    if result.known:
        lines.append(f"  {result.known}")
    if result.tariff:
        lines.append(f"  cost: {result.tariff}")
    if result.unlisted:
        lines.append(f"  a gate may ask for more: {', '.join(result.unlisted)}")
    return "\n".join(lines)


def report_text(result: Reported) -> str:
    """Where the report lies."""
    return f"report: {result.report}"
