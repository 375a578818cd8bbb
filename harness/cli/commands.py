"""The short commands: init, prepare, evaluate, report, promote, champions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.baselines import is_declared
from harness.champion import CHAMPION, load_champion, read_verdicts
from harness.cli.screen import Result, Screen
from harness.cli.work import Work, promote_candidate
from harness.data.check import check_task_data, rewrite_card
from harness.data.novelty import refresh_novelty
from harness.data.refresh import refresh_golden
from harness.data.scaffold import Request, init_task
from harness.errors import UserError
from harness.files import check_object, read_json
from harness.fingerprint import short
from harness.gates import suite_digest
from harness.project import Project
from harness.runs import Run, find_run
from harness.scorers import scorer_versions, scorers_for
from harness.subjects import how_known
from harness.task import load_task

_GOLDEN = {"subject": str, "passed": bool, "identity": str, "suite": str, "split": dict, "look": dict, "verdicts": list}


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
    text = [f"golden is new; the {made.moved} examples of the old split are dev's now", *made.remarks, prepared.text,
            f"looks retired: {made.looks}, kept in {made.retired}; the next look is the first: {next_look}"]
    return Result({**prepared.record, **told}, "\n".join(text))


def run_evaluate(project: Project, name: str, subject: str, split: str) -> Result:
    """Scores a subject. Candidates are scored on dev alone: a look at golden is spent by pytest or train."""
    task = load_task(project, name)
    work = Work(project, task, Screen())
    known_as = work.subject(subject).name if subject == CHAMPION else subject
    if split == "golden" and not is_declared(task, known_as):
        raise UserError("a candidate's scores on golden are a look, which evaluate does not spend", "--split",
                        f"pytest suites/{name} --candidate {subject} --split golden")
    if split == "golden" and task.golden == "sealed":
        raise UserError("golden is sealed: its numbers are not told", "--split", f"pytest suites/{name} --candidate"
                        f" {subject} --split golden tells the verdicts; or score it on dev")
    if split == "train":
        raise UserError("train's examples teach: they say nothing of how good a subject is", "--split", "use dev")
    scored = work.scored(subject, split, "to score it")
    rows = {}
    for metric in scored.metrics():
        measure = scored.measure(metric)
        low, high = measure.interval()
        rows[metric] = {"estimate": measure.value, "low": low, "high": high, "n": measure.n,
                        "missing": measure.missing}
    lines = [f"{known_as} on {split} of {name} (95% intervals)"]
    lines += [f"  {m:<16} {r['estimate']:.4g}  {r['low']:.4g} to {r['high']:.4g}  n = {r['n']}"
              for m, r in rows.items()]
    told = [a.error for a in scored.answers.values() if a.text is None]
    if told:
        lines.append(f"  {len(told)} of {len(scored.split)} answers are missing, the first: {told[0]}")
    lines += [f"  {said}" for said in [how_known(known_as, scored.answers.values())] if said]
    if scored.tariff is not None and scored.tariff.own:
        lines.append(f"  cost: {scored.tariff}")
    if unlisted := [m for m in scorers_for(task) if m not in rows]:
        lines.append(f"  a gate may ask for more: {', '.join(unlisted)}")
    record = {"task": name, "subject": known_as, "identity": work.subject(subject).identity, "split": split,
              "measures": rows}
    return Result(record, "\n".join(lines))


def run_report(project: Project, name: str) -> Result:
    """Writes the report of a run."""
    from reports import build_report

    run = find_run(project, name)
    path = build_report(run.folder)
    return Result({"run": run.id, "report": str(path)}, f"report: {path}")


def run_promote(project: Project, name: str, force: str | None) -> Result:
    """Promotes a run's candidate: its recorded golden verdicts decide."""
    run = find_run(project, name)
    where = str(run.folder / "run.json")
    record = check_object(run.read(), where, "train again", task=str)
    task = load_task(project, record["task"])
    golden = _golden(run.folder)
    candidate = golden.get("subject") or _best(record, run.folder)
    check_object(record, where, f"let the run finish: goldgate train {task.name}", prompted=str)
    verdicts = read_verdicts((row["verdict"] for row in golden.get("verdicts", [])), str(run.folder / "golden.json"))
    look = golden.get("look", {}).get("name")
    if golden and not force:
        _check_tested(golden, Work(project, task, Screen()), run)
    path = promote_candidate(Work(project, task, Screen()), run, candidate, record["prompted"], verdicts, look, force)
    text = f"{candidate} is the champion of {task.name} now: {path}"
    return Result({"task": task.name, "champion": candidate, "file": str(path), "forced": force}, text)


def _champion_line(row: dict[str, Any]) -> str:
    opened = ", opened" if row["opened"] else ""
    return f"{row['subject']} ({short(row['identity'])}, run {row['run']}{opened})"


def _check_tested(golden: dict[str, Any], work: Work, run: Run) -> None:
    """Raises UserError unless the whole suite passed for the very candidate, golden split and gates of today."""
    force = 'or promote with --force "reason" (the reason is recorded)'
    if not golden["passed"]:
        raise UserError("the golden suite did not pass for this candidate", f"run {run.id}", f"train further, {force}")
    now = {
        "the candidate": (golden["identity"], work.subject(golden["subject"]).identity),
        "the golden split": (golden["split"]["fingerprint"], work.split("golden").fingerprint),
        "the suite": (golden["suite"], suite_digest(work.task, scorer_versions(work.task))),
    }
    if changed := [what for what, (then, today) in now.items() if then != today]:
        raise UserError(f"{' and '.join(changed)} changed after the look at golden", f"run {run.id}",
                        f"test what you would promote: pytest suites/{work.task.name} --candidate"
                        f" {golden['subject']} --split golden; {force}")


def _golden(folder: Path) -> dict[str, Any]:
    """What the run came to on golden; empty where it has not looked at it."""
    path = folder / "golden.json"
    if not path.is_file():
        return {}
    golden = check_object(read_json(path), str(path), "train again", **_GOLDEN)
    check_object(golden["split"], f'{path}, field "split"', "train again", fingerprint=str)
    return golden


def _best(record: dict[str, Any], folder: Path) -> str:
    for attempt in record.get("attempts", []):
        if attempt["k"] == record.get("best"):
            return str(attempt["subject"])
    raise UserError("the run has no finished attempt", str(folder), "let it train to the end")


def run_champions(project: Project) -> Result:
    """The champion of every task."""
    rows: dict[str, Any] = {}
    for name in project.tasks():
        champion = load_champion(project, name)
        rows[name] = None if champion is None else {
            "subject": champion.subject, "identity": champion.identity, "run": champion.run, "look": champion.look,
            "forced": champion.forced, "opened": champion.opened}
    lines = [f"{name:<16} {_champion_line(row)}" if row else f"{name:<16} none" for name, row in rows.items()]
    return Result(rows, "\n".join(lines))
