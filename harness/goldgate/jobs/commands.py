"""The short jobs: init, prepare, refresh, evaluate, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.champion.record import CHAMPION, load_champion
from goldgate.data.check import check_task_data, rewrite_card
from goldgate.data.nearness import refresh_novelty
from goldgate.data.refresh import refresh_golden
from goldgate.data.scaffold import Request, init_task
from goldgate.jobs.progress import Progress
from goldgate.jobs.workspace import Workspace
from goldgate.runs.folder import find_run
from goldgate.scored.baselines import is_declared
from goldgate.scorers import scorers_for
from goldgate.subjects import how_known
from goldgate.task.project import Project
from goldgate.task.task import load_task


@dataclass(frozen=True)
class Initialised:
    """A task that was scaffolded. splits: examples by split."""

    task: str
    kind: str
    splits: Mapping[str, int]
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"task": self.task, "kind": self.kind, "splits": dict(self.splits), "remarks": list(self.remarks)}


def run_init(folder: Path, cache: Path, request: Request) -> Initialised:
    """Scaffolds a task in the project of this folder, or makes the folder one."""
    kind, made = init_task(Project(folder, cache), request)
    counts = {name: len(split) for name, split in made.splits.items()}
    return Initialised(request.task, kind, counts, tuple(made.remarks))


@dataclass(frozen=True)
class Prepared:
    """A task whose card was written. splits: of the card; novelty: how near golden is to train, in words."""

    task: str
    splits: Mapping[str, Mapping[str, Any]]
    novelty: str

    def to_json(self) -> dict[str, Any]:
        return {"task": self.task, "splits": self.splits, "novelty": self.novelty}


def run_prepare(project: Project, name: str) -> Prepared:
    """Checks the splits as they are, writes their card, and how near dev and golden are to train."""
    task = load_task(project, name)
    card = rewrite_card(project, task)
    novelty = refresh_novelty(project, name, check_task_data(project, task).splits, anew=True)
    return Prepared(name, card.splits, novelty)


@dataclass(frozen=True)
class Refreshed:
    """A new golden split. moved: examples of the old one, which are dev's now; looks: those that were retired, into the
    folder `retired`; has_champion: whether a champion is there to be tested on it.
    """

    prepared: Prepared
    moved: int
    looks: int
    retired: Path
    remarks: tuple[str, ...]
    has_champion: bool

    def to_json(self) -> dict[str, Any]:
        return {
            **self.prepared.to_json(),
            "moved": self.moved,
            "looks": self.looks,
            "retired": str(self.retired),
            "remarks": list(self.remarks),
        }


def run_refresh(project: Project, name: str, source: Path, columns: tuple[str, str] | None) -> Refreshed:
    """Makes the examples of a file the golden split; the old one becomes dev's, and its looks are retired."""
    made = refresh_golden(project, load_task(project, name), source, columns)
    prepared = run_prepare(project, name)
    has_champion = load_champion(project, name) is not None
    return Refreshed(prepared, made.moved, made.looks, made.retired, tuple(made.remarks), has_champion)


@dataclass(frozen=True)
class Estimated:
    """One metric with its 95% interval. missing: answers that are not there."""

    estimate: float
    low: float
    high: float
    n: int
    missing: int


@dataclass(frozen=True)
class Evaluated:
    """A subject's scores on a split.

    Attributes:
        subject: its name; the champion's is the one that was promoted.
        answers: how many were asked for.
        lost: why answers are missing, one each.
        known: how it is known, where that is by its name alone; else empty.
        tariff: what its tokens cost in words, where that is not task.yaml's price; else empty.
        unlisted: metrics that a gate may ask for besides.
    """

    task: str
    subject: str
    identity: str
    split: str
    measures: Mapping[str, Estimated]
    answers: int
    lost: tuple[str, ...]
    known: str
    tariff: str
    unlisted: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "subject": self.subject,
            "identity": self.identity,
            "split": self.split,
            "measures": {name: asdict(row) for name, row in self.measures.items()},
        }


def run_evaluate(project: Project, name: str, subject: str, split: str, progress: Progress) -> Evaluated:
    """Scores a subject. Candidates are scored on dev alone: a look at golden is spent by pytest or train."""
    task = load_task(project, name)
    work = Workspace(project, task, progress)
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
        rows[metric] = Estimated(measure.value, low, high, measure.n, measure.missing)
    answers, tariff = scored.answers.values(), scored.tariff
    return Evaluated(
        name,
        known_as,
        work.subject(subject).identity,
        split,
        rows,
        len(scored.split),
        tuple(str(a.error) for a in answers if a.text is None),
        how_known(known_as, answers) or "",
        str(tariff) if tariff is not None and tariff.own else "",
        tuple(m for m in scorers_for(task) if m not in rows),
    )


@dataclass(frozen=True)
class Reported:
    """Where the report of a run lies."""

    run: str
    report: Path

    def to_json(self) -> dict[str, Any]:
        return {"run": self.run, "report": str(self.report)}


def run_report(project: Project, name: str) -> Reported:
    """Writes the report of a run."""
    from goldgate_reports import build_report

    run = find_run(project, name)
    return Reported(run.id, build_report(run.folder))
