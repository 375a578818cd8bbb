"""The short commands: init, prepare, evaluate, report."""

from __future__ import annotations

from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import short
from goldgate.champion.record import CHAMPION, load_champion
from goldgate.cli.screen import Result, Screen
from goldgate.data.check import check_task_data, rewrite_card
from goldgate.data.nearness import refresh_novelty
from goldgate.data.refresh import refresh_golden
from goldgate.data.scaffold import Request, init_task
from goldgate.jobs.workspace import Work
from goldgate.runs.folder import find_run
from goldgate.scored.baselines import is_declared
from goldgate.scorers import scorers_for
from goldgate.subjects import how_known
from goldgate.task.project import Project
from goldgate.task.task import load_task


def run_init(folder: Path, cache: Path, request: Request) -> Result:
    """Scaffolds a task in the project of this folder, or makes the folder one."""
    kind, made = init_task(Project(folder, cache), request)
    counts = {name: len(split) for name, split in made.splits.items()}
    lines = [
        f"suites/{request.task} and golden/{request.task} are there: kind {kind},"
        f" {counts['train']} train, {counts['dev']} dev, {counts['golden']} golden",
        *made.remarks,
        f"next: read suites/{request.task}/task.yaml, write your thresholds into test_gates.py, then"
        f" `goldgate train {request.task}`",
    ]
    return Result({"task": request.task, "kind": kind, "splits": counts, "remarks": made.remarks}, "\n".join(lines))


def run_prepare(project: Project, name: str) -> Result:
    """Checks the splits as they are, writes their card, and how near dev and golden are to train."""
    task = load_task(project, name)
    card = rewrite_card(project, task)
    novelty = refresh_novelty(project, name, check_task_data(project, task).splits, anew=True)
    lines = [f"{n}: {s['count']} examples, fingerprint {short(s['fingerprint'])}" for n, s in card.splits.items()]
    return Result({"task": name, "splits": card.splits, "novelty": novelty}, "\n".join([*lines, novelty]))


def run_refresh(project: Project, name: str, source: Path, columns: tuple[str, str] | None) -> Result:
    """Makes the examples of a file the golden split; the old one becomes dev's, and its looks are retired."""
    made = refresh_golden(project, load_task(project, name), source, columns)
    prepared = run_prepare(project, name)
    told = {"moved": made.moved, "looks": made.looks, "retired": str(made.retired), "remarks": list(made.remarks)}
    next_look = f"pytest suites/{name}" if load_champion(project, name) else f"goldgate train {name}"
    text = [
        f"golden is new; the {made.moved} examples of the old split are dev's now",
        *made.remarks,
        prepared.text,
        f"looks retired: {made.looks}, kept in {made.retired}; the next look is the first: {next_look}",
    ]
    return Result({**prepared.record, **told}, "\n".join(text))


def run_evaluate(project: Project, name: str, subject: str, split: str) -> Result:
    """Scores a subject. Candidates are scored on dev alone: a look at golden is spent by pytest or train."""
    task = load_task(project, name)
    work = Work(project, task, Screen())
    known_as = work.subject(subject).name if subject == CHAMPION else subject
    if split == "golden" and not is_declared(task, known_as):
        raise UserError(
            "a candidate's scores on golden are a look, which evaluate does not spend",
            "--split",
            f"pytest suites/{name} --candidate {subject} --split golden",
        )
    if split == "golden" and task.golden == "sealed":
        raise UserError(
            "golden is sealed: its numbers are not told",
            "--split",
            f"pytest suites/{name} --candidate {subject} --split golden tells the verdicts; or score it on dev",
        )
    if split == "train":
        raise UserError("train's examples teach: they say nothing of how good a subject is", "--split", "use dev")
    scored = work.scored(subject, split, "to score it")
    rows = {}
    for metric in scored.metrics():
        measure = scored.measure(metric)
        low, high = measure.interval()
        rows[metric] = {"estimate": measure.value, "low": low, "high": high, "n": measure.n, "missing": measure.missing}
    lines = [f"{known_as} on {split} of {name} (95% intervals)"]
    lines += [
        f"  {m:<16} {r['estimate']:.4g}  {r['low']:.4g} to {r['high']:.4g}  n = {r['n']}" for m, r in rows.items()
    ]
    told = [a.error for a in scored.answers.values() if a.text is None]
    if told:
        lines.append(f"  {len(told)} of {len(scored.split)} answers are missing, the first: {told[0]}")
    lines += [f"  {said}" for said in [how_known(known_as, scored.answers.values())] if said]
    if scored.tariff is not None and scored.tariff.own:
        lines.append(f"  cost: {scored.tariff}")
    if unlisted := [m for m in scorers_for(task) if m not in rows]:
        lines.append(f"  a gate may ask for more: {', '.join(unlisted)}")
    record = {
        "task": name,
        "subject": known_as,
        "identity": work.subject(subject).identity,
        "split": split,
        "measures": rows,
    }
    return Result(record, "\n".join(lines))


def run_report(project: Project, name: str) -> Result:
    """Writes the report of a run."""
    from goldgate_reports import build_report

    run = find_run(project, name)
    path = build_report(run.folder)
    return Result({"run": run.id, "report": str(path)}, f"report: {path}")
