"""The answers of a suite's run: how many came from which source, how long they took, and what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from goldgate.answers.audit import Audit, audit
from goldgate.answers.recorded import AnswerFile, Said
from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest, short
from goldgate.forgetting.kept import KeptTable
from goldgate.forgetting.other_task import OtherTask, on_other_task
from goldgate.forgetting.without_task import Way, without_task
from goldgate.jobs.answering import Sources, unwarned
from goldgate.jobs.workspace import Workspace
from goldgate.ledger import names_strata
from goldgate.plugin.bound import Answered
from goldgate.plugin.options import Choice
from goldgate.scored.table import ByExample, ScoreTable
from goldgate.scorers import Context, Tariff, scorers_for
from goldgate.scorers.own import check_counted
from goldgate.subjects import Answer, Subject
from goldgate.subjects.latency import Timing
from goldgate.subjects.shared_prefix import with_shared
from goldgate.task.examples import read_card
from goldgate.task.project import Project
from goldgate.task.questions import asked, passages
from goldgate.task.task import Task

Counts = dict[str, int]


@dataclass
class SuiteTable(ScoreTable):
    """The scores of a suite.

    Warnings from scorers do not become errors under -W error, and only slices that the suite's code names are allowed.
    """

    def values(self, metric: str) -> ByExample:
        with unwarned():
            return super().values(metric)

    def check_slice(self, keep: Callable[..., bool], name: str) -> None:
        check_counted(keep, name, self.context.task)
        for scorer, what in self.context.keeping.items():
            raise UserError(
                f"the slice {name} is chosen after the scorer {scorer} has changed {what}, so it may depend on answers",
                hint="let the scorer keep nothing between calls but what functools.cache keeps, or choose by tags",
            )

    def strata(self) -> Mapping[str, str]:
        if not names_strata(self.context.task):  # looks with different slices would then have the same digest
            raise UserError(
                "novelty strata are used, and the suite's code names none",
                str(self.context.task.folder),
                'name it in the code: candidate.on("novelty:far")',
            )
        return super().strata()


def workspace_of(
    project: Project, task: Task, proof: AnswerFile | None, choice: Choice, say: Callable[[str], None]
) -> Workspace:
    """Makes the workspace of one suite.

    Args:
        project: The project.
        task: The task.
        proof: Recorded answers to decide from, if any.
        choice: The options of the run.
        say: Shows the user one line.

    Returns:
        The workspace.
    """
    sources = Sources(proof, choice.answers, choice.generate, choice.regenerate, say)
    return Workspace(project, task, sources=sources, table=SuiteTable)


class Source:
    """What a suite has requested from its workspace, for its summary and its record."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._answering = workspace.answering
        self._task = workspace.task
        self._digests: dict[int, tuple[str, Answered]] = {}

    @property
    def counts(self) -> dict[str, Counts]:
        """Number of answers by "subject on split" and origin."""
        counts: dict[str, Counter[str]] = {}
        for one in self._answering.asked:
            counts.setdefault(f"{one.subject.name} on {one.split.name}", Counter()).update(one.collected.counts)
        return {where: dict(counted) for where, counted in counts.items()}

    @property
    def notes(self) -> list[str]:
        """Notes for the summary about where latencies were measured."""
        return [
            f"latency of {subject.name}: {len(timings)} examples one by one on"
            f" {' and '.join(sorted({t.machine for t in timings.values()}))}"
            for subject, timings in self._answering.timed
        ]

    @property
    def tariffs(self) -> dict[str, Tariff]:
        """The prices from vendors' price lists, which may change."""
        return {name: tariff for name, tariff in self._workspace.tariffs.items() if tariff.listed}

    @cached_property
    def _dev(self) -> object:
        card = read_card(self._workspace.project.golden(self._task.name))
        return card.splits.get("dev", {}).get("fingerprint")

    def answered(self) -> dict[str, Answered]:
        """Returns a digest of the answers that every verdict so far was decided from, those on dev left out."""
        for number, one in enumerate(self._answering.asked):
            if number not in self._digests and one.split.fingerprint != self._dev:
                texts = {a.example: [a.text, a.finish] for a in one.collected.answers.values()}
                who = f"{short(one.subject.identity)} on {one.split.name} {short(one.split.fingerprint)}"
                self._digests[number] = who, Answered(f"{one.subject.name} on {one.split.name}", digest(texts))
        return dict(self._digests.values())

    def said(self) -> list[Said]:
        """Returns every requested answer, with its latency and its values from scorers that need a model."""
        slow = [name for name, scorer in scorers_for(self._task).items() if scorer.model]
        waited: dict[str, dict[str, Timing]] = {}
        for subject, timings in self._answering.timed:
            waited.setdefault(subject.identity, {}).update(timings)
        made = []
        for one in self._answering.asked:
            scores = self._workspace.known(one.subject, one.split)
            values = {} if scores is None else {m: scores.values(m) for m in slow}
            timed = waited.get(one.subject.identity, {})
            answers = one.collected.answers if scores is None else scores.answers
            made.append(Said(one.subject.name, one.split, answers, values, timed))
        return made

    def audit(self, count: int, seed: int) -> Audit:
        """Generates some of the answers again and compares them.

        Args:
            count: Number of answers.
            seed: Seed that chooses them.

        Returns:
            The comparison.
        """
        there = [(one.subject, one.split, one.collected.answers) for one in self._answering.asked]
        with self._answering.alone():
            return audit(there, count, seed, drawn=self._task.decoding.temperature > 0)

    def general(self, subject: Subject, way: Way) -> Mapping[str, Answer]:
        """Returns a subject's answers to the general questions. Raises UserError if one is not available."""
        return self._answering.answers(without_task(subject, way), passages() if way == "read" else asked())

    def kept(self, subject: Subject, other: OtherTask) -> ScoreTable:
        """Returns a subject's scores on another task. Raises UserError if an answer is not available."""
        there = on_other_task(subject, other)
        answers, prices = self._answering.answers(there, other.dev), other.task.prices
        if prices is not None and prices.per_million_cached_input is not None:
            answers = with_shared(there, other.dev.examples, answers)
        return KeptTable(Context(other.task, self._workspace.project.cache), other.dev, answers)
