"""The short jobs: init, prepare, refresh, evaluate and report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.champion.record import CHAMPION, load_champion
from goldgate.data.account import Account
from goldgate.data.check import check_task_data, rewrite_card
from goldgate.data.nearness import refresh_novelty
from goldgate.data.refresh import refresh_golden
from goldgate.data.report import DataReport, report
from goldgate.data.rewrite import Rewritten
from goldgate.data.scaffold import Request, init_task
from goldgate.data.suspects import Suspects, suspects_or_reason
from goldgate.jobs.lengths import find_too_long
from goldgate.jobs.optimize import Allowance, search_missing
from goldgate.jobs.progress import Progress
from goldgate.jobs.workspace import Workspace
from goldgate.runs.folder import find_run
from goldgate.scored.baselines import is_declared
from goldgate.scorers import how_cached, scorers_for
from goldgate.subjects import how_known, how_run
from goldgate.task.examples import SPLITS, read_split
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName
from goldgate.task.task import Task, load_task


@dataclass(frozen=True)
class Initialised:
    """A task that was scaffolded.

    Attributes:
        task: Its name.
        kind: Its kind: json, label or text.
        splits: Number of examples by split.
        account: What became of every row, what was decided, and what the user should know about the data.
        report: What was found in the examples.
    """

    task: str
    kind: str
    splits: Mapping[str, int]
    account: Account
    report: DataReport

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        account = self.account.to_json()
        remarks = account.pop("remarks")
        return {
            "task": self.task,
            "kind": self.kind,
            "splits": dict(self.splits),
            "remarks": remarks,
            "account": account,
            "findings": self.report.to_json(),
        }


def run_init(folder: Path, cache: Path, request: Request) -> Initialised:
    """Scaffolds a task in the folder's project; a folder that is no project yet becomes one.

    Args:
        folder: The project's folder.
        cache: The cache folder.
        request: What to scaffold.

    Returns:
        The new task.

    Raises:
        UserError: The data or the request is invalid, or the task exists already.
    """
    project = Project(folder, cache)
    made = init_task(project, request)
    task = load_task(project, request.task)
    counts = {name: len(split) for name, split in made.splits.items()}
    found = report(task, made.splits, partial(find_too_long, project, task))
    return Initialised(request.task, made.kind, counts, made.account, found)


@dataclass(frozen=True)
class Prepared:
    """A task whose card was written.

    Attributes:
        task: Its name.
        splits: The card's entry for each split.
        novelty: How close golden is to train, in words.
        report: What was found in the data.
        suspects: The examples whose outputs may be wrong, in the order in which to look at them.
        rewritten: What was changed on request; None if nothing was asked for.
    """

    task: str
    splits: Mapping[str, Mapping[str, Any]]
    novelty: str
    report: DataReport
    suspects: Suspects
    rewritten: Rewritten | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        done = {} if self.rewritten is None else {"changed": dict(self.rewritten.changed)}
        return {
            "task": self.task,
            "splits": self.splits,
            "novelty": self.novelty,
            "findings": self.report.to_json(),
            "suspects": self.suspects.to_json(),
            **done,
        }


def run_prepare(project: Project, name: str, rewrite: Callable[[Project, Task], Rewritten] | None = None) -> Prepared:
    """Checks the splits, writes their card, measures how close dev and golden are to train, and ranks suspects.

    Args:
        project: The project.
        name: Name of the task.
        rewrite: Changes the splits first: clean_splits, restore_splits or redact_splits; None leaves them as they are.

    Returns:
        The card's contents, and what was found in the data.

    Raises:
        UserError: There is no such task, its data is invalid, or it holds secrets.
    """
    task = load_task(project, name)
    done = None if rewrite is None else rewrite(project, task)
    splits = {split: read_split(project.golden(name), split) for split in SPLITS}
    found = report(task, splits, partial(find_too_long, project, task))
    card = rewrite_card(project, task)
    checked = check_task_data(project, task).splits
    novelty = refresh_novelty(project, name, checked, anew=True)
    return Prepared(name, card.splits, novelty, found, suspects_or_reason(task, checked, project.cache), done)


@dataclass(frozen=True)
class Refreshed:
    """A new golden split.

    Attributes:
        prepared: The card that was written for it.
        moved: Number of old golden examples, which now belong to dev.
        looks: Number of looks at the old split, which were retired.
        retired: Folder that the old looks were moved to.
        remarks: What the user should know about the new data.
        has_champion: Whether there is a champion to test on the new split.
    """

    prepared: Prepared
    moved: int
    looks: int
    retired: Path
    remarks: tuple[str, ...]
    has_champion: bool

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            **self.prepared.to_json(),
            "moved": self.moved,
            "looks": self.looks,
            "retired": str(self.retired),
            "remarks": list(self.remarks),
        }


def run_refresh(project: Project, name: str, source: Path, columns: tuple[str, str] | None) -> Refreshed:
    """Replaces the golden split by the examples of a file; the old examples move to dev and their looks are retired.

    Args:
        project: The project.
        name: Name of the task.
        source: File with the new examples.
        columns: Names of its input and output columns; None for the defaults.

    Returns:
        What was moved and retired.

    Raises:
        UserError: There is no such task, or the new examples are invalid.
    """
    made = refresh_golden(project, load_task(project, name), source, columns)
    prepared = run_prepare(project, name)
    has_champion = load_champion(project, name) is not None
    return Refreshed(prepared, made.moved, made.looks, made.retired, tuple(made.remarks), has_champion)


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
