"""`goldgate search`: dev examples that a subject has right, in the smallest other form that it gets wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import collect
from goldgate.base.errors import UserError
from goldgate.base.files import write_json
from goldgate.cli.screen import Result, Screen
from goldgate.jobs.workspace import Work
from goldgate.perturb.perturbation import body
from goldgate.perturb.search import Counterexample, Found, search
from goldgate.runs.folder import find_run
from goldgate.scored.baselines import deciding_metrics
from goldgate.scored.values import Scores
from goldgate.scorers import Context
from goldgate.scorers.reason import differs, printable
from goldgate.subjects import Answer
from goldgate.task.examples import Split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

FILE = "counterexamples.json"
_EDITS_SHOWN = 5


def run_search(project: Project, name: str, subject: str, budget: int, run: str | None) -> Result:
    """Searches dev. run: a run's id or folder, whose report is to show what was found."""
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(project.cache / "hypothesis")  # else it leaves a folder where the user works
    task = load_task(project, name)
    folder = None if run is None else _folder(project, name, run)
    work = Work(project, task, Screen())
    who, cache = work.subject(subject), answer_cache(project, "dev")
    scored = work.scored(subject, "dev", "to know what it has right")
    metric = deciding_metrics(task)[0]
    with work.screen.step(f"{who.name} answers other forms of dev", f"at most {budget}", budget) as advance:
        done = 0

        def more(count: int) -> None:
            nonlocal done
            done += count
            advance(done, "")

        def ask(split: Split, sample: int) -> Mapping[str, Answer]:
            return collect(who, split.examples, cache=cache, progress=more).answers

        scores = Scores(Context(task, project.cache), scored.split, scored.answers, ask=ask)
        found = search(scores, metric, budget)
    record = _record(name, who.name, who.identity, metric, budget, found)
    if folder is not None:
        write_json(folder / FILE, record)
    return Result(record, "\n".join(_lines(task, who.name, metric, found, run)))


def _folder(project: Project, name: str, run: str) -> Path:
    found = find_run(project, run)
    if (of := found.read().task) != name:
        raise UserError(f"the run is one of task {of}, not of {name}", str(found.folder), f"name a run of {name}")
    return found.folder


def _record(name: str, subject: str, identity: str, metric: str, budget: int, found: Found) -> dict[str, Any]:
    return {
        "task": name,
        "subject": subject,
        "identity": identity,
        "split": "dev",
        "metric": metric,
        "budget": budget,
        "asked": found.asked,
        "right": found.right,
        "tried": [{"perturbation": p, "forms": forms, "broke": broke} for p, (forms, broke) in found.tried.items()],
        "counterexamples": [_counterexample(c) for c in found.counterexamples],
    }


def _counterexample(one: Counterexample) -> dict[str, Any]:
    example, made = one.form.example, one.form.made
    return {
        "id": example.id,
        "tags": list(example.tags),
        "perturbations": list(one.form.perturbations),
        "edits": len(one.form.edits),
        "found_with": one.found_with,
        "input": example.text,
        "perturbed": made.text,
        "expected": made.output,
        "before": one.before.text,
        "after": one.after.text,
        "finish": one.after.finish,
    }


def _lines(task: Task, subject: str, metric: str, found: Found, run: str | None) -> list[str]:
    if not found.right:
        return [f"{subject} has no dev example of {task.name} right ({metric}): there is nothing to break"]
    forms, broke = (sum(row[i] for row in found.tried.values()) for i in (0, 1))
    examples = "example" if found.right == 1 else "examples"
    lines = [
        f"{subject} has {found.right} dev {examples} right ({metric}); {broke} of {forms} other forms break it",
        *(f"  {name:<20} {lost} of {tried}" for name, (tried, lost) in found.tried.items()),
    ]
    for one in found.counterexamples:
        tags = f" [{', '.join(one.form.example.tags)}]" if one.form.example.tags else ""
        count = len(one.form.edits)
        shrunk = f", of {one.found_with}" if one.found_with > count else ""
        lines += [
            f"{one.form.example.id}{tags}  {' + '.join(one.form.perturbations)}: {count}"
            f" edit{'' if count == 1 else 's'}{shrunk}",
            *_edits(one),
        ]
        lines.append(
            f"  {differs(task, one.form.made, one.after.text or '')}"
            f"{' (cut off)' if one.after.finish == 'length' else ''}"
        )
    if run is not None:
        lines.append(f"written into the run; `goldgate report {run}` shows it")
    return lines


def _edits(one: Counterexample) -> list[str]:
    text = body(one.form.example)
    rows = [f"  {printable(text[e.start : e.end]) or '(nothing)'}  ->  {printable(e.text)}" for _, e in one.form.edits]
    more = len(rows) - _EDITS_SHOWN
    return rows if more <= 0 else [*rows[:_EDITS_SHOWN], f"  and {more} edits more"]
