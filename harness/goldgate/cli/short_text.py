"""What init, prepare, evaluate and report print."""

from __future__ import annotations

from goldgate.base.fingerprint import short
from goldgate.cli.account_text import account_text
from goldgate.data.rewrite import Rewritten
from goldgate.data.suspects import BATCH, ORDER, Suspects
from goldgate.jobs.commands import Estimated, Evaluated, Reported
from goldgate.jobs.data import Initialised, Prepared, Refreshed
from goldgate.task.subject_name import HOW_TO_ADD

_SHOWN = 5  # suspects of each split


def init_text(result: Initialised) -> str:
    """Says what was created, what became of every row, and what to do next."""
    task, counts = result.task, result.splits
    rejects = [f"what was set aside: golden/{task}/rejects.jsonl"] if result.account.aside else []
    lines = [
        f"created suites/{task} and golden/{task}: kind {result.kind},"
        f" {counts['train']} train, {counts['dev']} dev, {counts['golden']} golden",
        account_text(result.account),
        *rejects,
        *result.report.lines(task),
        f"next: read suites/{task}/task.yaml, set your thresholds in test_gates.py, then `goldgate train {task}`",
        f"to compare with a larger model too: {HOW_TO_ADD}",
    ]
    return "\n".join(lines)


def prepare_text(result: Prepared | Refreshed) -> str:
    """Lists the splits, what was found, and how close golden is to train; after a refresh, what became of the old."""
    if isinstance(result, Prepared):
        lines = [f"{n}: {s['count']} examples, fingerprint {short(s['fingerprint'])}" for n, s in result.splits.items()]
        done = () if result.rewritten is None else _rewritten_text(result.rewritten)
        found = result.report.lines(result.task)
        copies = () if result.copies is None else result.copies.lines(result.task)
        suspects = _suspects_text(result.suspects, result.task)
        return "\n".join([*done, *lines, *copies, *found, result.novelty, *suspects])
    task = result.prepared.task
    next_look = f"pytest suites/{task}" if result.has_champion else f"goldgate train {task}"
    lines = [
        f"golden has been replaced; the {result.moved} examples of the old split are now in dev",
        *result.remarks,
        prepare_text(result.prepared),
        f"looks retired: {result.looks}, kept in {result.retired}; the next look counts as the first: {next_look}",
    ]
    return "\n".join(lines)


def _rewritten_text(done: Rewritten) -> tuple[str, ...]:
    return done.lines if done.account is None else (*done.lines, account_text(done.account))


def _suspects_text(suspects: Suspects, task: str) -> list[str]:
    """The most doubtful outputs of each split, and how many more the JSON result lists."""
    lines = [f"suspects: {remark}" for remark in suspects.remarks]
    for split in ORDER:
        if found := suspects.of(split):
            lines.append(
                f"outputs of {split} to look at first ({len(found)} in all, each batch of {BATCH} yields less):"
            )
            lines += [f"  {s.file}, {s.id}, {s.field}: {s.reason}" for s in found[:_SHOWN]]
    if suspects.ranked:
        whole = f"goldgate review {task} --to review.xlsx"
        lines.append(f"  none of them need be wrong; to decide on them in a table: {whole}")
    return lines


def evaluate_text(result: Evaluated) -> str:
    """Lists every metric with its interval, and remarks about the subject."""
    lines = [f"{result.subject} on {result.split} of {result.task} (95% intervals)"]
    lines += [f"  {metric:<16} {_estimate_text(row)}" for metric, row in result.measures.items()]
    if result.lost:
        lines.append(f"  {len(result.lost)} of {result.answers} answers are missing, the first: {result.lost[0]}")
    if result.known:
        lines.append(f"  {result.known}")
    if result.run:
        lines.append(f"  {result.run}")
    if result.tariff:
        lines.append(f"  cost: {result.tariff}")
    if result.caching:
        lines.append(f"  {result.caching}")
    if result.unlisted:
        lines.append(f"  other metrics for gates: {', '.join(result.unlisted)}")
    return "\n".join(lines)


def _estimate_text(row: Estimated) -> str:
    if row.missing == row.n:
        return f"unknown for all {row.n} answers"
    return f"{row.estimate:.4g}  {row.low:.4g} to {row.high:.4g}  n = {row.n}"


def report_text(result: Reported) -> str:
    """Says where the report is."""
    return f"report: {result.report}"
