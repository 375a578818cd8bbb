"""Where answers come from: first the recorded ones, then the cache, then the model.

Only one process on this machine may hold a model in memory at a time.
"""

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
from goldgate.task.subject_name import kind_of

_LOCK = "generate.lock"


@dataclass(frozen=True)
class Sources:
    """The sources that answers may come from.

    Attributes:
        proof: Recorded answers to use; None to use those of the current champion.
        run: The run that `proof` belongs to, as the user named it, if only its answers may be used; None otherwise.
        generate: Whether models may generate answers that are neither recorded nor cached.
        regenerate: Whether to generate every answer again, even recorded and cached ones.
        announce: Called with one line when a model starts to answer, which can take minutes.
    """

    proof: AnswerFile | None = None
    run: str | None = None
    generate: bool = True
    regenerate: bool = False
    announce: Callable[[str], None] = lambda line: None


@dataclass(frozen=True)
class Asked:
    """One request to a subject: its answers on a split, and where they came from."""

    subject: Subject
    split: Split
    collected: Collected


@dataclass
class Answering:
    """Gets answers and latencies from subjects, and remembers every request.

    Attributes:
        project: The project, whose cache holds generated answers.
        sources: Where answers may come from.
        file: Returns the recorded answers that apply now; None if there are none.
        asked: Every request for answers, in order.
        timed: Every request for latencies, in order.
    """

    project: Project
    sources: Sources
    file: Callable[[], AnswerFile | None]
    asked: list[Asked] = field(default_factory=list)
    timed: list[tuple[Subject, Mapping[str, Timing]]] = field(default_factory=list)

    @property
    def recorded(self) -> Recorded | None:
        """The recorded answers, if any. Raises UserError if they are missing or were edited."""
        return None if (file := self.file()) is None else file.recorded

    def answers(self, subject: Subject, split: Split, count: Count | None = None) -> Mapping[str, Answer]:
        """Returns a subject's answers on a split, and remembers the request.

        Args:
            subject: Who answers.
            split: The examples.
            count: Called with the number of further answers each time some arrive.

        Returns:
            Answers by example id.

        Raises:
            UserError: An answer is not available, or the recorded answers cannot be read.
        """
        collected = self._ask(subject, split, count)
        self.asked.append(Asked(subject, split, collected))
        return collected.answers

    def existing(self, subject: Subject, split: Split) -> Mapping[str, Answer] | None:
        """Looks up answers without calling a model, and without counting as a request.

        Args:
            subject: Who answered.
            split: The examples.

        Returns:
            Answers by example id; None if any is missing.
        """
        try:
            return self._collect(subject, split, None, generate=False).answers
        except UserError:
            return None

    def _ask(self, subject: Subject, split: Split, count: Count | None) -> Collected:
        generate, regenerate = self.sources.generate, self.sources.regenerate
        if not regenerate or not generate:
            # No lock here: gating from existing answers must work on a read-only disk, and must not wait for a model.
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
            where = "at its endpoint" if kind_of(subject.name) == "endpoint" else "on this machine"
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
        """Enters as the only process on this machine that may hold a model in memory, with warnings silenced."""
        with one_model(self.project.cache), unwarned():
            yield

    def timings(self, subject: Subject, split: Split) -> Mapping[str, Timing]:
        """Returns a subject's latency, one example at a time: recorded, else measured here before, else measured now.

        Args:
            subject: Who answers.
            split: The split; latency is measured on a fixed part of it.

        Returns:
            Timings by example digest, for the examples of the split that are timed.

        Raises:
            UserError: The latency is not known and may not be measured.
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
                f"the run recorded no latency of {subject.name} on {split.name}",
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
            line = f"{subject.name} answers {len(todo)} examples of {split.name} one by one to measure its latency"
            self.sources.announce(line)
            known |= (fresh := measure_latency(subject, todo))
            store.add(subject.identity, here, fresh)
        return known


@contextmanager
def one_model(cache: Path) -> Iterator[None]:
    """Waits for and holds the lock that lets only one process on this machine have a model in memory.

    Args:
        cache: The cache folder, which holds the lock file.

    Raises:
        UserError: The folder cannot be written.
    """
    from filelock import FileLock

    with disk_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
        held = FileLock(cache / _LOCK).acquire()
    with held:
        yield


@contextmanager
def unwarned() -> Iterator[None]:
    """Silences warnings, because a deprecation in a model library must not fail a user's gate under `-W error`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
