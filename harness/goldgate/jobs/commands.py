"""The short jobs on answers: evaluate and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.champion.record import CHAMPION
from goldgate.jobs.optimize import Allowance, search_missing
from goldgate.jobs.progress import Progress
from goldgate.jobs.workspace import Workspace
from goldgate.runs.folder import find_run
from goldgate.scored.baselines import is_declared
from goldgate.scorers import how_cached, scorers_for
from goldgate.subjects import how_known, how_run
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName
from goldgate.task.task import load_task


@dataclass(frozen=True)
class Estimated:
    """One metric with its 95% interval.

    Attributes:
        estimate: The estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
        n: Number of examples.
        missing: Number of missing answers among them.
    """

    estimate: float
    low: float
    high: float
    n: int
    missing: int


@dataclass(frozen=True)
class Evaluated:
    """A subject's scores on a split.

    Attributes:
        task: Name of the task.
        subject: Name of the subject; for the champion, the name it was promoted under.
        identity: Digest that identifies the subject.
        split: Name of the split.
        measures: Estimates by metric.
        answers: Number of answers that were requested.
        lost: The reason for each missing answer.
        known: A note if the subject is identified by its name alone; else empty.
        run: A note if the subject was run in the plain way; else empty.
        tariff: The price of its tokens in words, if it is not the price in task.yaml; else empty.
        caching: How much of its prompts a cache holds, and whether that is priced; empty if nothing is known to be.
        unlisted: Further metrics that a gate may use.
    """

    task: str
    subject: str
    identity: str
    split: str
    measures: Mapping[str, Estimated]
    answers: int
    lost: tuple[str, ...]
    known: str
    run: str
    tariff: str
    caching: str
    unlisted: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            "task": self.task,
            "subject": self.subject,
            "identity": self.identity,
            "split": self.split,
            "measures": {name: asdict(row) for name, row in self.measures.items()},
        }


def run_evaluate(project: Project, name: str, subject: str, split: str, progress: Progress) -> Evaluated:
    """Scores a subject on a split. Candidates are scored on dev only; looks at golden belong to pytest and train.

    Args:
        project: The project.
        name: Name of the task.
        subject: Name of the subject.
        split: Name of the split: dev, or golden for a declared baseline.
        progress: Receives the progress.

    Returns:
        The scores.

    Raises:
        UserError: The split may not be scored for this subject, an answer is not available, or none of the questions
            got an answer.
    """
    task = load_task(project, name)
    work = Workspace(project, task, progress)
    known_as = work.subject(subject).name if subject == CHAMPION else subject
    if split == "golden" and not is_declared(task, known_as):
        raise UserError(
            "scoring a candidate on golden is a look, which evaluate does not take",
            "--split",
            f"pytest suites/{name} --candidate {subject} --split golden",
        )
    if split == "golden" and task.golden == "sealed":
        raise UserError(
            "golden is sealed: its numbers are not shown",
            "--split",
            f"pytest suites/{name} --candidate {subject} --split golden shows the verdicts; or score it on dev",
        )
    if split == "train":
        raise UserError("scores on train do not show how good a subject is", "--split", "score it on dev")
    if subject != CHAMPION:
        search_missing(work, [SubjectName.parse(subject)], partial(_as_expected, work))
    scored = work.scored(subject, split, "to score it")
    lost = tuple(str(a.error) for a in scored.answers.values() if a.text is None)
    if len(lost) == len(scored.split):
        what = f"none of the {len(lost)} questions got an answer; the first: {lost[0]}"
        raise UserError(what, known_as, "remove the cause, and run the same command again")
    rows = {}
    for metric in scored.metrics():
        measure = scored.measure(metric)
        low, high = measure.interval()
        rows[metric] = Estimated(measure.value, low, high, measure.n, measure.missing)
    answers, tariff = scored.answers.values(), scored.tariff
    return Evaluated(
        name,
        known_as,
        work.subject(subject).identity,
        split,
        rows,
        len(scored.split),
        lost,
        how_known(known_as, answers),
        how_run(known_as, answers),
        str(tariff) if tariff is not None and tariff.own else "",
        how_cached(known_as, tariff, answers),
        tuple(m for m in scorers_for(task) if m not in rows),
    )


def _as_expected(work: Workspace) -> Allowance:
    """What the search of an optimised prompt gets if task.yaml does not say. Needs the packages for training."""
    from goldgate.jobs.expected import as_expected

    return as_expected(work)


@dataclass(frozen=True)
class Reported:
    """A report that was written.

    Attributes:
        run: Id of the run.
        report: The report's file.
    """

    run: str
    report: Path

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {"run": self.run, "report": str(self.report)}


def run_report(project: Project, name: str) -> Reported:
    """Writes the report of a run.

    Args:
        project: The project.
        name: The run's id or folder.

    Returns:
        Where the report is.

    Raises:
        UserError: There is no such run, or its record cannot be read.
    """
    from goldgate_reports import build_report

    run = find_run(project, name)
    return Reported(run.id, build_report(run.folder))
