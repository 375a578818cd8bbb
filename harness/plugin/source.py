"""Answers and scores of one suite: recorded with the champion, else cached, else generated once on this machine."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from harness.answers import AnswerCache, Collected, Recorded, collect
from harness.champion import Champion
from harness.errors import UserError
from harness.examples import Example, Split
from harness.plugin.options import Choice
from harness.project import Project
from harness.scored import Scores, Values
from harness.scorers import Context, scorer_versions
from harness.subjects import Answer, Subject
from harness.subjects.subject import Progress, sampled_identity
from harness.task import Task

_LOCK = "generate.lock"  # one process at a time holds a model in memory
Counts = dict[str, int]


class Replayed:
    """A subject known by its recorded identity; its model is needed only for what is not recorded.

    live: the subject itself; where: the file and field that names it. Raises UserError when it has to answer and
    cannot, or is another than the recorded one.
    """

    def __init__(self, name: str, identity: str, live: Callable[[], Subject], where: str) -> None:
        self.name = name
        self.identity = identity
        self._live = live
        self._where = where

    def fingerprint(self, example: Example) -> str:
        return self._subject().fingerprint(example)

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        return self._subject().answer(examples, progress)

    def sampled(self, sample: int) -> Subject:
        return Replayed(self.name, sampled_identity(self.identity, sample),
                        lambda: self._subject().sampled(sample), self._where)

    def _subject(self) -> Subject:
        what = f"an answer of {self.name} is not recorded, and it cannot be generated: "
        hint = "bring its adapter back to where champion.json says, or train and promote again"
        try:
            subject = self._live()
        except UserError as error:
            raise UserError(what + error.what, error.where, hint) from error
        if subject.identity != self.identity:
            raise UserError(f"{what}it is not what was promoted", self._where, hint)
        return subject


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
            self._say(f"{self.name} answers {len(examples)} examples of {self._split} on this machine")
        return self._subject.answer(examples, progress)


@dataclass
class _QuietScores(Scores):
    """Scores whose scorers' own warnings are no errors under -W error: they are not the suite's."""

    def values(self, metric: str) -> Values:
        with _others_warnings():
            return super().values(metric)


@contextmanager
def _others_warnings() -> Iterator[None]:
    """Model libraries warn of their own future; that must not fail a user's gate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Source:
    """Scores by subject and split, each collected once in a process. counts: subject on split → origin → answers."""

    def __init__(self, project: Project, task: Task, champion: Champion | None, choice: Choice,
                 say: Callable[[str], None]) -> None:
        self.counts: dict[str, Counts] = {}
        self._project, self._task, self._champion = project, task, champion
        self._choice, self._say = choice, say
        self._scores: dict[tuple[str, str], Scores] = {}

    def scores(self, subject: Subject, split: Split) -> Scores:
        """A subject's scores on a split. Raises UserError where an answer cannot be had."""
        key = (subject.identity, split.fingerprint)
        if key not in self._scores:
            self._scores[key] = self._scored(subject, split, self._answers(subject, split))
        return self._scores[key]

    def existing(self, subject: Subject, split: Split) -> Scores | None:
        """The same from answers that exist already; None where one is missing. Calls no model."""
        key = (subject.identity, split.fingerprint)
        if key in self._scores:
            return self._scores[key]
        try:
            found = collect(subject, split.examples, cache=self._cache(split), recorded=self._recorded, generate=False)
        except UserError:
            return None
        return self._scored(subject, split, found.answers)

    def _scored(self, subject: Subject, split: Split, answers: Mapping[str, Answer]) -> Scores:
        known: dict[str, dict[str, float]] = {}
        if self._champion is not None and all(a.origin == "recorded" for a in answers.values()):
            known = self._champion.known_scores(subject.identity, split, scorer_versions(self._task))

        def ask(other: Split, sample: int) -> Mapping[str, Answer]:
            drawn = sample > 0 and self._task.decoding.temperature > 0
            return self._answers(subject.sampled(sample) if drawn else subject, other)

        return _QuietScores(Context(self._task, self._project.cache), split, answers, known, ask)

    def _answers(self, subject: Subject, split: Split) -> Mapping[str, Answer]:
        collected = self._collect(subject, split)
        counted = Counter(self.counts.get(where := f"{subject.name} on {split.name}", {}))
        counted.update(collected.counts)
        self.counts[where] = dict(counted)
        return collected.answers

    @property
    def _recorded(self) -> Recorded | None:
        return None if self._champion is None else self._champion.recorded

    def _cache(self, split: Split) -> AnswerCache:
        # Golden answers lie in a file of their own: training is never given its path.
        return AnswerCache(self._project.cache / ("golden.sqlite" if split.name == "golden" else "answers.sqlite"))

    def _collect(self, subject: Subject, split: Split) -> Collected:
        recorded, anew = self._recorded, self._choice.regenerate
        announced = _Announced(subject, split.name, self._say)
        there = recorded is not None and not anew and all(
            recorded.lookup(subject.identity, e.digest) is not None for e in split)
        if there or not self._choice.generate:
            # Nothing is written, so that a read-only machine can gate from what is committed.
            return collect(announced, split.examples, cache=self._cache(split), recorded=recorded,
                           generate=self._choice.generate)
        from filelock import FileLock

        try:
            self._project.cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"the cache cannot be made ({error.strerror})", str(self._project.cache),
                            "set GOLDGATE_CACHE to a folder that you may write to") from error
        with _others_warnings(), FileLock(self._project.cache / _LOCK):
            return collect(announced, split.examples, cache=self._cache(split), recorded=recorded, regenerate=anew)
