"""What a suite's run says of its answers: how many came from where, how long they took, and what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from goldgate.answers.audit import Audit, audit
from goldgate.answers.recorded import AnswerFile, Said
from goldgate.base.errors import UserError
from goldgate.forgetting.kept import KeptTable
from goldgate.forgetting.other_task import OtherTask, on_other_task
from goldgate.forgetting.without_task import Way, without_task
from goldgate.jobs.answering import Sources, unwarned
from goldgate.jobs.workspace import Workspace
from goldgate.ledger import names_strata
from goldgate.plugin.options import Choice
from goldgate.scored.table import ByExample, ScoreTable
from goldgate.scorers import Context, Tariff, scorers_for
from goldgate.scorers.own import check_counted
from goldgate.subjects import Answer, Subject
from goldgate.subjects.latency import Timing
from goldgate.task.project import Project
from goldgate.task.questions import asked, passages
from goldgate.task.task import Task

Counts = dict[str, int]


@dataclass
class SuiteTable(ScoreTable):
    """Scores of a suite: its scorers' warnings are no errors under -W error, and it slices by what its code holds."""

    def values(self, metric: str) -> ByExample:
        with unwarned():
            return super().values(metric)

    def check_slice(self, keep: Callable[..., bool], name: str) -> None:
        check_counted(keep, name, self.context.task)

    def strata(self) -> Mapping[str, str]:
        if not names_strata(self.context.task):  # its looks would not tell one slice from another
            raise UserError(
                "novelty strata are asked for, and no code of the suite spells one out",
                str(self.context.task.folder),
                'write it out: candidate.on("novelty:far")',
            )
        return super().strata()


def workspace_of(
    project: Project, task: Task, proof: AnswerFile | None, choice: Choice, say: Callable[[str], None]
) -> Workspace:
    """The workspace of one suite. proof: the recorded answers that it decides from; say: tells people one line."""
    sources = Sources(proof, choice.answers, choice.generate, choice.regenerate, say)
    return Workspace(project, task, sources=sources, table=SuiteTable)


class Source:
    """What a suite has asked for in its workspace, as its run tells and keeps it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._answering = workspace.answering
        self._task = workspace.task

    @property
    def counts(self) -> dict[str, Counts]:
        """Subject on split → origin → answers."""
        counts: dict[str, Counter[str]] = {}
        for one in self._answering.asked:
            counts.setdefault(f"{one.subject.name} on {one.split.name}", Counter()).update(one.collected.counts)
        return {where: dict(counted) for where, counted in counts.items()}

    @property
    def notes(self) -> list[str]:
        """For people: where latencies come from."""
        return [
            f"latency of {subject.name}: {len(timings)} examples one by one on"
            f" {' and '.join(sorted({t.machine for t in timings.values()}))}"
            for subject, timings in self._answering.timed
        ]

    @property
    def tariffs(self) -> dict[str, Tariff]:
        """The prices of vendors' lists, which change."""
        return {name: tariff for name, tariff in self._workspace.tariffs.items() if tariff.listed}

    def said(self) -> list[Said]:
        """Every answer that was asked for, with what it took and what scorers that need a model made of it."""
        slow = [name for name, scorer in scorers_for(self._task).items() if scorer.model]
        waited: dict[str, dict[str, Timing]] = {}
        for subject, timings in self._answering.timed:
            waited.setdefault(subject.identity, {}).update(timings)
        made = []
        for one in self._answering.asked:
            scores = self._workspace.known(one.subject, one.split)
            values = {} if scores is None else {m: scores.values(m) for m in slow}
            timed = waited.get(one.subject.identity, {})
            made.append(Said(one.subject.name, one.split, one.collected.answers, values, timed))
        return made

    def audit(self, count: int, seed: int) -> Audit:
        """Makes some of the answers again."""
        there = [(one.subject, one.split, one.collected.answers) for one in self._answering.asked]
        with self._answering.alone():
            return audit(there, count, seed, drawn=self._task.decoding.temperature > 0)

    def general(self, subject: Subject, way: Way) -> Mapping[str, Answer]:
        """A subject's answers to the general questions. Raises UserError where one cannot be had."""
        return self._answering.answers(without_task(subject, way), passages() if way == "read" else asked())

    def kept(self, subject: Subject, other: OtherTask) -> ScoreTable:
        """A subject's scores on another task. Raises UserError where an answer cannot be had."""
        answers = self._answering.answers(on_other_task(subject, other), other.dev)
        return KeptTable(Context(other.task, self._workspace.project.cache), other.dev, answers)
