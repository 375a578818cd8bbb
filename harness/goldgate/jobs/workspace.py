"""The workspace of one task in one process: its subjects, their answers and scores, each obtained once.

Every job and every suite gets its scores here; `answering` decides where answers come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from pathlib import Path

from goldgate.answers.given import RECORD as RECORDING
from goldgate.answers.given import GivenRecord, read_incumbent
from goldgate.answers.recorded import AnswerFile
from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest, file_digest
from goldgate.champion.record import CHAMPION, RECORD, Champion, load_champion
from goldgate.data.augment import read_copies, with_copies
from goldgate.jobs.answering import Answering, Sources
from goldgate.jobs.progress import Advance, Progress, Silent
from goldgate.ledger import Look, known_looks
from goldgate.measures import seconds
from goldgate.scored.baselines import Prompted, choose_prompted
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Caching, Context, Tariff, caching_of, scorer_versions, scorers_for, tariff_of
from goldgate.scorers.own import OwnScorer
from goldgate.subjects import Answer, Subject, parse_subject, serving_digest
from goldgate.subjects.replayed import RECORDED, Replayed
from goldgate.subjects.shared_prefix import with_shared
from goldgate.subjects.subject import Progress as Count
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName, kind_of
from goldgate.task.task import Task

PREVIOUS = "previous"  # the champion before the current one
LATENCY_EXAMPLES = 12
"""Number of dev examples that are answered one at a time; enough for a median and a rough p95."""
LATENCY_EXAMPLES_QUICK = 6
"""The same for the demo; enough for a median. Its p95 is the longest wait, so n is shown with it."""


@dataclass
class Workspace:
    """The subjects, answers and scores of one task. Everything is obtained once and then kept.

    Attributes:
        project: The project.
        task: The task.
        progress: Receives the progress.
        splits: The splits that are loaded.
        trackers: Names of the trackers to log training to.
        sources: Where answers may come from.
        table: Class of the scores; the one for suites is stricter.
        tariffs: Price of a subject's tokens, by its name.
    """

    project: Project
    task: Task
    progress: Progress = field(default_factory=Silent)
    splits: dict[str, Split] = field(default_factory=dict)
    trackers: tuple[str, ...] = ()
    sources: Sources = field(default_factory=Sources)
    table: type[ScoreTable] = ScoreTable
    tariffs: dict[str, Tariff] = field(default_factory=dict)
    _scored: dict[tuple[str, str], Scored] = field(default_factory=dict)
    _scores: dict[tuple[str, str], ScoreTable] = field(default_factory=dict)
    _subjects: dict[str, Subject] = field(default_factory=dict)
    _parsed: dict[str, Subject] = field(default_factory=dict)
    _own: dict[str, OwnScorer] = field(default_factory=dict)
    _keeping: dict[str, str] = field(default_factory=dict)
    _champion: dict[str, Champion] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.answering = Answering(self.project, self.sources, self._file)

    @property
    def ledger(self) -> Path:
        """The folder that holds the looks at golden."""
        return self.project.golden(self.task.name) / "looks"

    def looks(self) -> tuple[Look, ...]:
        """Returns all looks that count at golden, those on other branches included. Raises UserError as read_looks."""
        return known_looks(self.project.root, self.ledger, self.split("golden"))

    @property
    def champion(self) -> Champion | None:
        """The current champion, if any; read again if its record changes. Raises UserError if that is broken."""
        path = self.project.suite(self.task.name) / RECORD
        now = file_digest(path) if path.is_file() else None
        if now is not None and now not in self._champion:
            found = load_champion(self.project, self.task.name)
            self._champion |= {} if found is None else {now: found}
        return None if now is None else self._champion.get(now)

    def split(self, name: str) -> Split:
        if name not in self.splits:
            self.splits[name] = load_split(self.project, self.task.name, name)
        return self.splits[name]

    @cached_property
    def learned(self) -> Split:
        """What training learns from: train, with perturbed copies of its examples. Raises UserError as read_copies."""
        return with_copies(self.split("train"), read_copies(self.project, self.task.name))

    def subject(self, name: str) -> Subject:
        """Returns a subject.

        Args:
            name: Its name, which may be `champion` or `previous`.

        Returns:
            The subject.

        Raises:
            UserError: There is no such subject, or it is not available.
        """
        if name not in self._subjects:
            self._subjects[name] = self._find(name)
        return self._subjects[name]

    def _find(self, name: str) -> Subject:
        if name not in (CHAMPION, PREVIOUS):
            return self.parse(name)
        champion = self.champion
        if champion is None:
            raise UserError(f"nothing is promoted for {self.task.name}", hint=f"run `goldgate train {self.task.name}`")
        return self.promoted(champion) if name == CHAMPION else champion.predecessor(self.parse)

    def parse(self, name: str) -> Subject:
        """Returns the subject of a full name (not `champion` or `previous`), always the same object."""
        if name not in self._parsed:
            self._parsed[name] = self.made(name)
        return self._parsed[name]

    def made(self, name: str) -> Subject:
        """Returns a new subject of that name, because the files of an adapter change while it is trained.

        One that `goldgate record` has recorded is known by that: it is what ran in production, and a task that has
        changed since must not make it another one.
        """
        live = partial(parse_subject, name, self.task, self.project)
        if (known := self.recording) is None or name not in known.subjects:
            return live()
        return Replayed(name, known.subjects[name], live, str(known.folder / RECORDING), RECORDED)

    def told_of_recording(self, name: str) -> str:
        """Says that a subject is known by what `goldgate record` has recorded; empty for any other."""
        if (known := self.recording) is None or name not in known.subjects:
            return ""
        try:
            same = parse_subject(name, self.task, self.project).identity == known.subjects[name]
        except UserError:
            same = False
        since = "" if same else "; task.yaml or its prompt has changed since, so it was asked something else than now"
        return f"{name} is known by its recorded answers{since}"

    @cached_property
    def recording(self) -> GivenRecord | None:
        """What `goldgate record` has recorded of the incumbent, if anything. Raises UserError if that is broken."""
        return read_incumbent(self.project, self.task.name)

    def promoted(self, champion: Champion) -> Subject:
        """Returns the promoted subject. Raises UserError if task.yaml has changed how it would answer."""
        prompt = champion.adapter.get("prompt")
        champion.check_serving(serving_digest(champion.subject, prompt, self.task, self.project))
        return champion.replayed("candidate", self.parse)

    def scored(self, name: str, split_name: str = "dev", why: str = "") -> Scored:
        """Returns a subject's scores as measures, and reports progress while answers are collected.

        Args:
            name: The subject's name.
            split_name: Name of the split.
            why: Why they are needed, to show with the progress.

        Returns:
            The scores.

        Raises:
            UserError: The subject or one of its answers is not available.
        """
        key = (name, split_name)
        if key in self._scored:
            return self._scored[key]
        split = self.split(split_name)
        _ = self.answering.recorded  # broken recorded answers must be reported before any model is called
        subject = self.subject(name)  # first: a name that is refused, such as one with a password, is not shown
        title = SubjectName.parse(name).display
        with self.progress.step(f"{title} answers {split_name}", why, len(split)) as advance:
            scores = self.scores(subject, split, counting(advance))
        if there := sum(a.origin == "recorded" for a in scores.answers.values()):
            self.progress.say(f"  {there} of {len(split)} answers are recorded")
        self._scored[key] = Scored(name, scores)
        return self._scored[key]

    def scores(self, subject: Subject, split: Split, count: Count | None = None) -> ScoreTable:
        """Returns a subject's scores on a split.

        Args:
            subject: The subject.
            split: The split.
            count: Called with the number of further answers each time some arrive.

        Returns:
            The scores.

        Raises:
            UserError: An answer is not available.
        """
        found = self.known(subject, split)
        if found is None:
            found = self._table(subject, split, self.answering.answers(subject, split, count))
            self._scores[subject.identity, split.fingerprint] = found
        return found

    def known(self, subject: Subject, split: Split) -> ScoreTable | None:
        """Returns scores that were obtained before, or None."""
        return self._scores.get((subject.identity, split.fingerprint))

    def bound(self, subject: Subject, split: Split) -> str:
        """Returns the identity under which a subject is bound by a look at a split.

        The model behind an endpoint may change at any time under the same name, so an endpoint's identity includes its
        answers: different answers are another look.
        """
        if kind_of(subject.name) != "endpoint":
            return subject.identity
        answers = self.scores(subject, split).answers.values()
        return digest([subject.identity, {a.example: [a.text, a.finish] for a in answers}])

    def existing(self, subject: Subject, split: Split) -> ScoreTable | None:
        """Returns scores from existing answers, or None if any answer is missing. Calls no model."""
        if (found := self.known(subject, split)) is not None:
            return found
        answers = self.answering.existing(subject, split)
        return None if answers is None else self._table(subject, split, answers)

    def _table(self, subject: Subject, split: Split, answers: Mapping[str, Answer]) -> ScoreTable:
        file, name, known = self._file(), subject.name, dict[str, dict[str, float]]()
        if file is not None and all(a.origin == "recorded" for a in answers.values()):
            known = file.known_scores(subject.identity, split, scorer_versions(self.task))

        tariff = tariff_of(self.task, name, date.today(), None if file is None else file.tariffs.get(name))

        def counted(these: Split, answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
            # A tokenizer takes seconds to load: read where a price asks for it, or where a model is in memory anyway.
            priced = tariff is not None and tariff.per_million_cached_input is not None
            loaded = tariff is not None and any(a.origin == "model" for a in answers.values())
            return with_shared(subject, these.examples, answers) if priced or loaded else answers

        def ask(other: Split, sample: int) -> Mapping[str, Answer]:
            drawn = sample > 0 and self.task.decoding.temperature > 0
            return counted(other, self.answering.answers(subject.sampled(sample) if drawn else subject, other))

        if tariff is not None:
            answers = counted(split, answers)
            tariff = tariff.as_reported(a.shared_tokens for a in answers.values() if a.text is not None)
            self.tariffs[name] = tariff
        context = Context(self.task, self.project.cache, self._own, self._keeping, tariff)
        return self.table(context, split, answers, known, ask, lambda: self.answering.timings(subject, split))

    def _file(self) -> AnswerFile | None:
        if self.sources.proof is not None:
            return self.sources.proof
        return None if (champion := self.champion) is None else champion.file

    def prompted(self, everything: bool) -> Prompted:
        """Returns the best prompting baseline on dev and all that were tried; `everything` also constrains each."""
        why = "how far prompting alone gets"
        return choose_prompted(
            self.project,
            self.task,
            self.split("dev"),
            lambda name: self.subject(name).identity,
            lambda name: self.scored(name, "dev", why),
            everything=everything,
        )

    def estimates(self, scored: Scored) -> dict[str, float]:
        """Returns the estimate of every metric, by its name."""
        return {m: round(scored.measure(m).value, 5) for m in scored.metrics()}

    def caching(self, name: str) -> Caching | None:
        """Returns what a prompt cache does to the price of a subject's answers on dev; None without token prices."""
        scored, dev = self.scored(name), self.split("dev")
        if scored.tariff is None or "cost_per_1k" not in scorers_for(self.task):
            return None
        answers = with_shared(self.subject(name), dev.examples, scored.answers)
        return caching_of(scored.tariff, answers.values())

    def latency(self, names: Iterable[str], count: int = LATENCY_EXAMPLES) -> dict[str, dict[str, float]]:
        """Measures how long subjects take to answer dev examples one at a time.

        Args:
            names: Names of the subjects.
            count: Number of examples.

        Returns:
            p50 and p95 in seconds and n, by subject name, without subjects that gave no answer, which is reported.
        """
        from goldgate.subjects.latency import measure_latency

        examples = self.split("dev").examples[:count]
        found = {}
        for name in names:
            if self.recording is not None and name in self.recording.subjects:
                self.progress.say(f"  the latency of {name} is not known: it is known by its recorded answers")
                continue
            with self.progress.step(
                f"{'tuned' if kind_of(name) == 'adapter' else name} answers one by one", "how long a user waits"
            ):
                waits, why = [], "no answer arrived"
                try:
                    with self.answering.alone():
                        timings = measure_latency(self.subject(name), examples)
                    waits = [t.last for t in timings.values() if t.last is not None]
                except UserError as error:  # an endpoint may be unreachable by now, which must not fail the run
                    why = error.what
            if not waits:
                self.progress.say(f"  the latency of {name} is not known: {why}")
                continue
            latency = seconds(waits)
            found[name] = {"p50": round(latency.p50.value, 3), "p95": round(latency.p95.value, 3), "n": latency.n}
        return found


def counting(advance: Advance) -> Count:
    """Returns a function that takes the number of further answers and reports the total to a step."""
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        advance(done, "")

    return more
