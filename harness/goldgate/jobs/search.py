"""`goldgate search`: for dev examples that a subject gets right, finds the smallest change that makes it wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import write_json
from goldgate.jobs.progress import Progress
from goldgate.jobs.workspace import Workspace, counting
from goldgate.perturb.search import Counterexample, Found, search
from goldgate.runs.folder import find_run
from goldgate.scored.baselines import deciding_metrics
from goldgate.subjects import Answer
from goldgate.task.examples import Split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

FILE = "counterexamples.json"


@dataclass(frozen=True)
class Searched:
    """The result of a search on dev.

    Attributes:
        task: The task.
        subject: Name of the subject.
        identity: Digest that identifies it.
        metric: The metric that decides whether an answer is right.
        budget: The most answers to ask for.
        found: What was found.
        run: The run whose report will show it, as the user named it; None for no report.
    """

    task: Task
    subject: str
    identity: str
    metric: str
    budget: int
    found: Found
    run: str | None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            "task": self.task.name,
            "subject": self.subject,
            "identity": self.identity,
            "split": "dev",
            "metric": self.metric,
            "budget": self.budget,
            "asked": self.found.asked,
            "right": self.found.right,
            "tried": [
                {"perturbation": p, "forms": forms, "broke": broke} for p, (forms, broke) in self.found.tried.items()
            ],
            "counterexamples": [_counterexample(c) for c in self.found.counterexamples],
        }


def run_search(project: Project, name: str, subject: str, budget: int, run: str | None, progress: Progress) -> Searched:
    """Searches dev for counterexamples.

    Args:
        project: The project.
        name: Name of the task.
        subject: Name of the subject.
        budget: The most answers to ask for.
        run: Id or folder of a run whose report is to show the result; None for no report.
        progress: Receives the progress.

    Returns:
        The result.

    Raises:
        UserError: The subject or run is not available, or an answer is missing.
    """
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(project.cache / "hypothesis")  # by default it leaves a folder in the current directory
    task = load_task(project, name)
    folder = None if run is None else _folder(project, name, run)
    work = Workspace(project, task, progress)
    who, dev = work.subject(subject), work.split("dev")
    work.scored(subject, "dev", "to know what it has right")
    metric = deciding_metrics(task)[0]
    with progress.step(f"{who.name} answers other forms of dev", f"at most {budget}", budget) as advance:
        count = counting(advance)

        def ask(split: Split, sample: int) -> Mapping[str, Answer]:
            return work.answering.answers(who, split, count)

        found = search(replace(work.scores(who, dev), ask=ask), metric, budget)
    result = Searched(task, who.name, who.identity, metric, budget, found, run)
    if folder is not None:
        write_json(folder / FILE, result.to_json())
    return result


def _folder(project: Project, name: str, run: str) -> Path:
    found = find_run(project, run)
    if (of := found.read().task) != name:
        raise UserError(f"the run belongs to task {of}, not to {name}", str(found.folder), f"name a run of {name}")
    return found.folder


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
