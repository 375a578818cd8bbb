"""One task at work in one process: its subjects, their answers and scores, each asked for once.

Every job and every suite comes here for a score; `answering` says where answers come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from goldgate.answers.recorded import AnswerFile
from goldgate.base.errors import UserError
from goldgate.base.fingerprint import file_digest
from goldgate.champion.record import CHAMPION, RECORD, Champion, load_champion
from goldgate.jobs.answering import Answering, Sources
from goldgate.jobs.progress import Advance, Progress, Silent
from goldgate.ledger import is_opened, suite_digest
from goldgate.measures import seconds
from goldgate.runs.golden import DifferenceRow, GateRow, GoldenRecord, LookFacts, LookRecord, MeasureRow, Turned
from goldgate.runs.record import SplitFacts
from goldgate.scored.baselines import Prompted, choose_prompted, deciding_metrics
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context, Tariff, scorer_versions, tariff_of
from goldgate.scorers.own import OwnScorer
from goldgate.subjects import Answer, Subject, parse_subject, serving_digest
from goldgate.subjects.subject import Progress as Count
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName, kind_of
from goldgate.task.task import Task

PREVIOUS = "previous"  # the champion before the champion
LATENCY_EXAMPLES = 12
"""Dev examples that are answered one at a time: enough for a median, and a rough p95."""
LATENCY_EXAMPLES_QUICK = 6
"""The same for the demo: a median, and as p95 the longest wait, said with its n."""


@dataclass
class Workspace:
    """One task at work: everything is asked for once.

    Attributes:
        sources: from where answers may come.
        table: the scores that are made: a suite's are stricter.
        trackers: names of those to log training to.
        tariffs: what the tokens of a subject cost, by its name.
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
    _champion: dict[str, Champion] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.answering = Answering(self.project, self.sources, self._file)

    @property
    def ledger(self) -> Path:
        """The folder of looks at golden."""
        return self.project.golden(self.task.name) / "looks"

    @property
    def champion(self) -> Champion | None:
        """Today's champion: its record is read again where it has changed. Raises UserError for a broken one."""
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

    def subject(self, name: str) -> Subject:
        """A subject by its name, `champion` and `previous` among them. Raises UserError where it cannot be had."""
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
        """A subject by a name that says itself who it is, made once."""
        if name not in self._parsed:
            self._parsed[name] = self.made(name)
        return self._parsed[name]

    def made(self, name: str) -> Subject:
        """The same as it is now: what lies under an adapter's path changes while it is trained."""
        return parse_subject(name, self.task, self.project)

    def promoted(self, champion: Champion) -> Subject:
        """Who was promoted. Raises UserError where task.yaml would have it answer in another way now."""
        prompt = champion.adapter.get("prompt")
        champion.check_serving(serving_digest(champion.subject, prompt, self.task, self.project))
        return champion.replayed("candidate", self.parse)

    def scored(self, name: str, split_name: str = "dev", why: str = "") -> Scored:
        """A subject's answers on a split as measures, with a step of progress while they are collected."""
        key = (name, split_name)
        if key in self._scored:
            return self._scored[key]
        split = self.split(split_name)
        _ = self.answering.recorded  # a champion whose answers are broken is said before anybody is asked
        title = SubjectName.parse(name).display
        with self.progress.step(f"{title} answers {split_name}", why, len(split)) as advance:
            scores = self.scores(self.subject(name), split, counting(advance))
        if there := sum(a.origin == "recorded" for a in scores.answers.values()):
            self.progress.say(f"  {there} of {len(split)} answers are recorded")
        self._scored[key] = Scored(name, scores)
        return self._scored[key]

    def scores(self, subject: Subject, split: Split, count: Count | None = None) -> ScoreTable:
        """A subject's scores on a split. count: told how many more answers are there. Raises UserError where an answer
        cannot be had.
        """
        found = self.known(subject, split)
        if found is None:
            found = self._table(subject, split, self.answering.answers(subject, split, count))
            self._scores[subject.identity, split.fingerprint] = found
        return found

    def known(self, subject: Subject, split: Split) -> ScoreTable | None:
        """The scores that were asked for before; None where they were not."""
        return self._scores.get((subject.identity, split.fingerprint))

    def existing(self, subject: Subject, split: Split) -> ScoreTable | None:
        """ScoreTable from answers that exist already; None where one is missing. Asks no model."""
        if (found := self.known(subject, split)) is not None:
            return found
        answers = self.answering.existing(subject, split)
        return None if answers is None else self._table(subject, split, answers)

    def _table(self, subject: Subject, split: Split, answers: Mapping[str, Answer]) -> ScoreTable:
        file, name, known = self._file(), subject.name, dict[str, dict[str, float]]()
        if file is not None and all(a.origin == "recorded" for a in answers.values()):
            known = file.known_scores(subject.identity, split, scorer_versions(self.task))

        def ask(other: Split, sample: int) -> Mapping[str, Answer]:
            drawn = sample > 0 and self.task.decoding.temperature > 0
            return self.answering.answers(subject.sampled(sample) if drawn else subject, other)

        tariff = tariff_of(self.task, name, date.today(), None if file is None else file.tariffs.get(name))
        if tariff is not None:
            self.tariffs[name] = tariff
        context = Context(self.task, self.project.cache, self._own, tariff)
        return self.table(context, split, answers, known, ask, lambda: self.answering.timings(subject, split))

    def _file(self) -> AnswerFile | None:
        if self.sources.proof is not None:
            return self.sources.proof
        return None if (champion := self.champion) is None else champion.file

    def prompted(self, everything: bool) -> Prompted:
        """The best prompting-only baseline on dev, with all that were tried."""
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
        """Every metric's estimate, by name."""
        return {m: round(scored.measure(m).value, 5) for m in scored.metrics()}

    def latency(self, names: Iterable[str], count: int = LATENCY_EXAMPLES) -> dict[str, dict[str, float]]:
        """Seconds for one dev example at a time, of as many: p50, p95 and n, by subject name."""
        from goldgate.subjects.latency import measure_latency

        examples = self.split("dev").examples[:count]
        found = {}
        for name in names:
            with self.progress.step(
                f"{'tuned' if kind_of(name) == 'adapter' else name} answers one by one", "how long a user waits"
            ):
                waits, why = [], "no answer came"
                try:
                    with self.answering.alone():
                        timings = measure_latency(self.subject(name), examples)
                    waits = [t.last for t in timings.values() if t.last is not None]
                except UserError as error:  # an endpoint may be gone by now: the run is none the worse
                    why = error.what
            if not waits:
                self.progress.say(f"  the latency of {name} is not known: {why}")
                continue
            latency = seconds(waits)
            found[name] = {"p50": round(latency.p50.value, 3), "p95": round(latency.p95.value, 3), "n": latency.n}
        return found


def counting(advance: Advance) -> Count:
    """Tells a step how far it is, by how many more answers are there."""
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        advance(done, "")

    return more


def references(task: Task) -> dict[str, str]:
    """The subjects that a candidate is compared with beside the best prompting: name → why they are asked."""
    found = {"linear": "what an expert would try first"} if task.kind == "label" else {}
    return found | ({} if task.incumbent is None else {task.incumbent: "what runs in production today"})


def golden_summary(work: Workspace, looked: LookRecord, prompted: str, spent: float) -> GoldenRecord:
    """What the report may say of golden: verdicts, measures, paired differences and counts; no example of it. Of a
    sealed golden split: verdicts alone. And what a promotion has to find unchanged: who was tested, by which suite, and
    whether the whole of it passed.
    """
    split, sealed = work.split("golden"), work.task.golden == "sealed"
    candidate = looked.subject or ""
    told = Comparison((), (), {}) if sealed else compare(work, candidate, prompted, "golden")
    look = looked.look or LookFacts()
    return GoldenRecord(
        look=LookFacts(number=look.number, level=look.level, name=look.name, spent=spent),
        split=SplitFacts(fingerprint=split.fingerprint, count=len(split)),
        identity=work.subject(candidate).identity,
        suite=suite_digest(work.task, scorer_versions(work.task)),
        passed=looked.passed,
        subject=candidate,
        prompted=prompted,
        opened=is_opened(work.ledger),
        sealed=sealed,
        measures=told.measures,
        differences=told.differences,
        turned=told.turned,
        verdicts=tuple(GateRow(item=r.item, verdict=r.verdict, flips=r.flips) for r in looked.records),
    )


@dataclass(frozen=True)
class Comparison:
    """The candidate beside its references on a split: every metric by tag, the paired differences, and how many
    examples turned right and wrong, by metric.
    """

    measures: tuple[MeasureRow, ...]
    differences: tuple[DifferenceRow, ...]
    turned: dict[str, Turned]


def compare(work: Workspace, candidate: str, prompted: str, split_name: str) -> Comparison:
    """Compares the candidate with its references on a split."""
    mine, theirs = work.scored(candidate, split_name), work.scored(prompted, split_name)
    tags = [None, *sorted({tag for carried in mine.tags.values() for tag in carried})]
    others = {prompted: theirs} | {n: work.scored(n, split_name, why) for n, why in references(work.task).items()}
    measures = [
        _row(name, view if tag is None else view.on(tag), metric, tag)
        for name, view in {candidate: mine, **others}.items()
        for metric in view.metrics()
        for tag in tags
    ]
    differences = []
    for name, view in others.items():
        for metric in mine.metrics():
            gap = mine.measure(metric) - view.measure(metric)
            low, high = gap.interval()
            differences.append(
                DifferenceRow(metric=metric, reference=name, estimate=gap.value, low=low, high=high, n=gap.n)
            )
    turned = {m: _turned(mine, theirs, m) for m in deciding_metrics(work.task)}
    return Comparison(tuple(measures), tuple(differences), turned)


def _row(subject: str, view: Scored, metric: str, tag: str | None) -> MeasureRow:
    measure = view.measure(metric)
    low, high = measure.interval()
    return MeasureRow(subject=subject, metric=metric, tag=tag, estimate=measure.value, low=low, high=high, n=measure.n)


def _turned(mine: Scored, theirs: Scored, metric: str) -> Turned:
    """How many examples turned right and wrong against the baseline (right: value 1), with exact McNemar p."""
    from scipy.stats import binomtest

    a, b = mine.values(metric), theirs.values(metric)
    right = sum(a[i] == 1.0 and b[i] != 1.0 for i in a)
    wrong = sum(a[i] != 1.0 and b[i] == 1.0 for i in a)
    p = binomtest(right, right + wrong, 0.5).pvalue if right + wrong else 1.0
    return Turned(right=right, wrong=wrong, p=float(p))
