"""Answers and scores of one suite: recorded with the champion, else cached, else generated once on this machine."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from goldgate.answers.cache import AnswerCache, answer_cache
from goldgate.answers.collect import Collected, MissingAnswers, collect
from goldgate.answers.recorded import AnswerFile, Recorded, Said
from goldgate.answers.timings import Timings
from goldgate.base.errors import UserError
from goldgate.base.files import disk_errors
from goldgate.forgetting.kept import KeptTable
from goldgate.forgetting.other_task import OtherTask, on_other_task
from goldgate.forgetting.without_task import Way, without_task
from goldgate.ledger import names_strata
from goldgate.plugin.audit import Audit, audit
from goldgate.plugin.options import Choice
from goldgate.scored.table import ByExample, ScoreTable
from goldgate.scorers import Context, Tariff, scorer_versions, scorers_for, tariff_of
from goldgate.scorers.own import check_counted
from goldgate.subjects import Answer, Subject
from goldgate.subjects.latency import Timing, chosen, machine, measure_latency
from goldgate.subjects.subject import Progress
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.questions import asked, passages
from goldgate.task.subject_name import kind_of
from goldgate.task.task import Task

_LOCK = "generate.lock"  # one process at a time holds a model in memory
Counts = dict[str, int]


class _Announced:
    """A subject that says when it begins to answer: that can take minutes."""

    def __init__(self, subject: Subject, split: str, say: Callable[[str], None]) -> None:
        self._subject, self._split, self._say = subject, split, say
        self.name, self.identity = subject.name, subject.identity

    def sampled(self, sample: int) -> Subject:
        return _Announced(self._subject.sampled(sample), self._split, self._say)

    def fingerprint(self, example: Example) -> str:
        return self._subject.fingerprint(example)

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        if examples:
            where = "at its endpoint" if kind_of(self.name) == "endpoint" else "on this machine"
            self._say(f"{self.name} answers {len(examples)} examples of {self._split} {where}")
        return self._subject.answer(examples, progress)


@dataclass
class _SuiteTable(ScoreTable):
    """Scores of a suite: its scorers' warnings are no errors under -W error, and it slices by what its code holds."""

    def values(self, metric: str) -> ByExample:
        with _others_warnings():
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


@contextmanager
def _others_warnings() -> Iterator[None]:
    """Model libraries warn of their own future; that must not fail a user's gate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Source:
    """Scores by subject and split, each collected once in a process. counts: subject on split → origin → answers;
    notes: for people.
    """

    def __init__(
        self, project: Project, task: Task, file: AnswerFile | None, choice: Choice, say: Callable[[str], None]
    ) -> None:
        self.counts: dict[str, Counts] = {}
        self.notes: list[str] = []
        self.tariffs: dict[str, Tariff] = {}  # the prices of vendors' lists, which change
        self._waited: dict[str, Mapping[str, Timing]] = {}
        self._project, self._task, self._file = project, task, file
        self._choice, self._say = choice, say
        self._scores: dict[tuple[str, str], ScoreTable] = {}
        self._collected: list[tuple[Subject, Split, Mapping[str, Answer]]] = []
        self._context = Context(task, project.cache)

    def said(self) -> list[Said]:
        """Every answer that was asked for, with what it took and what scorers that need a model made of it."""
        slow = [name for name, scorer in scorers_for(self._task).items() if scorer.model]
        made = []
        for subject, split, answers in self._collected:
            scores = self._scores.get((subject.identity, split.fingerprint))
            values = {} if scores is None else {m: scores.values(m) for m in slow}
            made.append(Said(subject.name, split, answers, values, self._waited.get(subject.identity, {})))
        return made

    def audit(self, count: int, seed: int) -> Audit:
        """Makes some of the answers again."""
        with self._alone():
            return audit(self._collected, count, seed, drawn=self._task.decoding.temperature > 0)

    def scores(self, subject: Subject, split: Split) -> ScoreTable:
        """A subject's scores on a split. Raises UserError where an answer cannot be had."""
        key = (subject.identity, split.fingerprint)
        if key not in self._scores:
            self._scores[key] = self._scored(subject, split, self._answers(subject, split))
        return self._scores[key]

    def existing(self, subject: Subject, split: Split) -> ScoreTable | None:
        """The same from answers that exist already; None where one is missing. Calls no model."""
        key = (subject.identity, split.fingerprint)
        if key in self._scores:
            return self._scores[key]
        try:
            found = collect(subject, split.examples, cache=self._cache(split), recorded=self._recorded, generate=False)
        except UserError:
            return None
        return self._scored(subject, split, found.answers)

    def _scored(self, subject: Subject, split: Split, answers: Mapping[str, Answer]) -> ScoreTable:
        known: dict[str, dict[str, float]] = {}
        if self._file is not None and all(a.origin == "recorded" for a in answers.values()):
            known = self._file.known_scores(subject.identity, split, scorer_versions(self._task))

        def ask(other: Split, sample: int) -> Mapping[str, Answer]:
            drawn = sample > 0 and self._task.decoding.temperature > 0
            return self._answers(subject.sampled(sample) if drawn else subject, other)

        name, then = subject.name, None if self._file is None else self._file.tariffs.get(subject.name)
        tariff = tariff_of(self._task, name, date.today(), then)
        if tariff is not None and tariff.listed:
            self.tariffs[name] = tariff
        return _SuiteTable(
            replace(self._context, tariff=tariff), split, answers, known, ask, lambda: self._timings(subject, split)
        )

    def general(self, subject: Subject, way: Way) -> Mapping[str, Answer]:
        """A subject's answers to the general questions. Raises UserError where one cannot be had."""
        return self._answers(without_task(subject, way), passages() if way == "read" else asked())

    def kept(self, subject: Subject, other: OtherTask) -> ScoreTable:
        """A subject's scores on another task. Raises UserError where an answer cannot be had."""
        answers = self._answers(on_other_task(subject, other), other.dev)
        return KeptTable(Context(other.task, self._project.cache), other.dev, answers)

    def _answers(self, subject: Subject, split: Split) -> Mapping[str, Answer]:
        collected = self._collect(subject, split)
        counted = Counter(self.counts.get(where := f"{subject.name} on {split.name}", {}))
        counted.update(collected.counts)
        self.counts[where] = dict(counted)
        self._collected.append((subject, split, collected.answers))
        return collected.answers

    def _timings(self, subject: Subject, split: Split) -> Mapping[str, Timing]:
        """How long the subject takes, asked alone: recorded, else measured before on this machine, else now."""
        examples, anew = chosen(split.examples), self._choice.regenerate
        recorded = self._recorded
        if recorded is not None and not anew:
            told = {e.digest: t for e in examples if (t := recorded.timing(subject.identity, e.digest)) is not None}
            if len(told) == len(examples):
                self._note_timings(subject, told)
                return told
            if self._choice.answers is not None:
                raise UserError(
                    f"the run has no latencies of {subject.name} on {split.name}",
                    self._choice.answers,
                    "run the suite with a model",
                )
        with self._alone():
            store, here = Timings(self._project.cache), machine()
            known = {} if anew else store.lookup(subject.identity, here)
            if todo := [e for e in examples if e.digest not in known]:
                if not self._choice.generate:
                    raise UserError(
                        f"the latency of {subject.name} was never measured on this machine",
                        hint="run the suite where the model may answer",
                    )
                self._say(f"{subject.name} answers {len(todo)} examples of {split.name} one by one, for its latency")
                known |= (fresh := measure_latency(subject, todo))
                store.add(subject.identity, here, fresh)
        timings = {e.digest: known[e.digest] for e in examples}
        self._note_timings(subject, timings)
        return timings

    def _note_timings(self, subject: Subject, timings: Mapping[str, Timing]) -> None:
        self._waited[subject.identity] = {**self._waited.get(subject.identity, {}), **timings}
        machines = " and ".join(sorted({t.machine for t in timings.values()}))
        self.notes.append(f"latency of {subject.name}: {len(timings)} examples one by one on {machines}")

    @property
    def _recorded(self) -> Recorded | None:
        return None if self._file is None else self._file.recorded

    def _cache(self, split: Split) -> AnswerCache:
        return answer_cache(self._project, split.name)

    def _collect(self, subject: Subject, split: Split) -> Collected:
        recorded, anew = self._recorded, self._choice.regenerate
        announced = _Announced(subject, split.name, self._say)
        if not anew or not self._choice.generate:
            # Nothing is locked: a read-only machine gates from what is there, and nobody waits for another's model.
            try:
                return collect(announced, split.examples, cache=self._cache(split), recorded=recorded, generate=False)
            except MissingAnswers:
                if not self._choice.generate:
                    raise
        with self._alone():
            return collect(announced, split.examples, cache=self._cache(split), recorded=recorded, regenerate=anew)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """As the one process of this machine that has a model in memory."""
        from filelock import FileLock

        lock = FileLock(self._project.cache / _LOCK)
        with disk_errors(self._project.cache):
            self._project.cache.mkdir(parents=True, exist_ok=True)
            held = lock.acquire()
        with _others_warnings(), held:
            yield
