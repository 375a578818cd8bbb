"""Where answers come from: the recorded ones, the cache, then the model, which one process at a time has in memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import Collected, MissingAnswers, collect
from goldgate.answers.recorded import AnswerFile, Recorded
from goldgate.answers.timings import Timings
from goldgate.base.errors import UserError
from goldgate.base.files import disk_errors
from goldgate.subjects import Answer, Subject
from goldgate.subjects.latency import Timing, chosen, machine
from goldgate.subjects.subject import Progress as Count
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project

_LOCK = "generate.lock"


@dataclass(frozen=True)
class Sources:
    """From where answers may come.

    Attributes:
        proof: recorded answers; None for those of today's champion.
        run: the run that `proof` is of, as it was named, where its answers alone decide.
        generate: whether models may answer what is neither recorded nor cached.
        regenerate: ask the models for everything.
        announce: told when a model begins to answer, which can take minutes.
    """

    proof: AnswerFile | None = None
    run: str | None = None
    generate: bool = True
    regenerate: bool = False
    announce: Callable[[str], None] = lambda line: None


@dataclass(frozen=True)
class Asked:
    """One question to a subject: its answers to a split, and where they came from."""

    subject: Subject
    split: Split
    collected: Collected


@dataclass
class Answering:
    """Asks subjects, and keeps what was asked: every question, and every subject whose latency was wanted, in order.
    file: the recorded answers of now.
    """

    project: Project
    sources: Sources
    file: Callable[[], AnswerFile | None]
    asked: list[Asked] = field(default_factory=list)
    timed: list[tuple[Subject, Mapping[str, Timing]]] = field(default_factory=list)

    @property
    def recorded(self) -> Recorded | None:
        """Raises UserError where the recorded answers are missing or were edited."""
        return None if (file := self.file()) is None else file.recorded

    def answers(self, subject: Subject, split: Split, count: Count | None = None) -> Mapping[str, Answer]:
        """A subject's answers by example id. count: told how many more are there. Raises UserError."""
        collected = self._ask(subject, split, count)
        self.asked.append(Asked(subject, split, collected))
        return collected.answers

    def existing(self, subject: Subject, split: Split) -> Mapping[str, Answer] | None:
        """Answers that exist already; None where one is missing. Asks no model, and counts as no question."""
        try:
            return self._collect(subject, split, None, generate=False).answers
        except UserError:
            return None

    def _ask(self, subject: Subject, split: Split, count: Count | None) -> Collected:
        generate, regenerate = self.sources.generate, self.sources.regenerate
        if not regenerate or not generate:
            # Nothing is locked: a read-only machine gates from what is there, and nobody waits for another's model.
            try:
                return self._collect(subject, split, count, generate=False)
            except MissingAnswers:
                if not generate:
                    raise
        with self.alone():
            return self._collect(subject, split, count, regenerate=regenerate)

    def _collect(
        self, subject: Subject, split: Split, count: Count | None, *, generate: bool = True, regenerate: bool = False
    ) -> Collected:
        def begins(many: int) -> None:
            where = "at its endpoint" if subject.name.startswith("openai:") else "on this machine"
            self.sources.announce(f"{subject.name} answers {many} examples of {split.name} {where}")

        return collect(
            subject,
            split.examples,
            cache=answer_cache(self.project, split.name),
            recorded=self.recorded,
            generate=generate,
            regenerate=regenerate,
            progress=count,
            begins=begins,
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """As the one process of this machine that has a model in memory."""
        with one_model(self.project.cache), unwarned():
            yield

    def timings(self, subject: Subject, split: Split) -> Mapping[str, Timing]:
        """How long a subject takes, asked alone: recorded, else measured before on this machine, else measured now.

        Returns: timings by example digest, of those examples of the split that are timed.
        """
        examples = chosen(split.examples)
        timings = self._recorded_timings(subject, split, examples)
        if timings is None:
            with self.alone():
                known = self._measured(subject, split, examples)
            timings = {e.digest: known[e.digest] for e in examples}
        self.timed.append((subject, timings))
        return timings

    def _recorded_timings(
        self, subject: Subject, split: Split, examples: Sequence[Example]
    ) -> Mapping[str, Timing] | None:
        recorded = None if self.sources.regenerate else self.recorded
        if recorded is None:
            return None
        told = {e.digest: t for e in examples if (t := recorded.timing(subject.identity, e.digest)) is not None}
        if len(told) == len(examples):
            return told
        if self.sources.run is not None:
            raise UserError(
                f"the run has no latencies of {subject.name} on {split.name}",
                self.sources.run,
                "run the suite with a model",
            )
        return None

    def _measured(self, subject: Subject, split: Split, examples: Sequence[Example]) -> Mapping[str, Timing]:
        from goldgate.subjects.latency import measure_latency

        store, here = Timings(self.project.cache), machine()
        known = {} if self.sources.regenerate else store.lookup(subject.identity, here)
        if todo := [e for e in examples if e.digest not in known]:
            if not self.sources.generate:
                raise UserError(
                    f"the latency of {subject.name} was never measured on this machine",
                    hint="run the suite where the model may answer",
                )
            line = f"{subject.name} answers {len(todo)} examples of {split.name} one by one, for its latency"
            self.sources.announce(line)
            known |= (fresh := measure_latency(subject, todo))
            store.add(subject.identity, here, fresh)
        return known


@contextmanager
def one_model(cache: Path) -> Iterator[None]:
    """Holds the lock of the one process of this machine that has a model in memory, and waits for it before."""
    from filelock import FileLock

    with disk_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
        held = FileLock(cache / _LOCK).acquire()
    with held:
        yield


@contextmanager
def unwarned() -> Iterator[None]:
    """Model libraries warn of their own future; that must not fail a user's gate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
