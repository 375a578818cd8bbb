"""The steps of the main job on one task, with progress on the screen: answer, choose, summarise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import collect
from goldgate.base.errors import UserError
from goldgate.champion.record import CHAMPION, Champion, load_champion
from goldgate.cli.screen import Screen
from goldgate.ledger import is_opened, suite_digest
from goldgate.measures import seconds
from goldgate.scored.baselines import Prompted, choose_prompted, deciding_metrics
from goldgate.scored.scored import Scored
from goldgate.scored.values import Scores
from goldgate.scorers import Context, scorer_versions, tariff_of
from goldgate.subjects import Subject, parse_subject, serving_digest
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import Task

PREVIOUS = "previous"  # the champion before the champion
LATENCY_EXAMPLES = 12
"""Dev examples that are answered one at a time: enough for a median, and a rough p95."""
LATENCY_EXAMPLES_QUICK = 6
"""The same for the demo: a median, and as p95 the longest wait, said with its n."""


@dataclass
class Work:
    """One task at work. Scored subjects are kept, so that each is asked once. trackers: names of those to log to."""

    project: Project
    task: Task
    screen: Screen
    splits: dict[str, Split] = field(default_factory=dict)
    trackers: tuple[str, ...] = ()
    _scored: dict[tuple[str, str], Scored] = field(default_factory=dict)
    _subjects: dict[str, Subject] = field(default_factory=dict)

    @property
    def ledger(self) -> Path:
        """The folder of looks at golden."""
        return self.project.golden(self.task.name) / "looks"

    def split(self, name: str) -> Split:
        if name not in self.splits:
            self.splits[name] = load_split(self.project, self.task.name, name)
        return self.splits[name]

    def subject(self, name: str) -> Subject:
        if name not in self._subjects:
            self._subjects[name] = self._find(name)
        return self._subjects[name]

    def _find(self, name: str) -> Subject:
        if name == CHAMPION:
            return self._promoted()
        return self._champion().predecessor(self._parse) if name == PREVIOUS else self._parse(name)

    def _parse(self, name: str) -> Subject:
        return parse_subject(name, self.task, self.project)

    def _promoted(self) -> Subject:
        champion = self._champion()
        prompt = champion.adapter.get("prompt")
        champion.check_serving(serving_digest(champion.subject, prompt, self.task, self.project))
        return champion.replayed("candidate", self._parse)

    def _champion(self) -> Champion:
        champion = load_champion(self.project, self.task.name)
        if champion is None:
            raise UserError(f"nothing is promoted for {self.task.name}", hint=f"run `goldgate train {self.task.name}`")
        return champion

    def scored(self, name: str, split_name: str = "dev", why: str = "") -> Scored:
        """A subject's answers on a split, from the cache or by asking it, as measures."""
        key = (name, split_name)
        if key in self._scored:
            return self._scored[key]
        split = self.split(split_name)
        champion = load_champion(self.project, self.task.name)
        recorded = None if champion is None else champion.recorded
        short = Path(name).parent.name if name.startswith("adapter:") else name
        title = f"attempt {short}" if name.startswith("adapter:") else name
        with self.screen.step(f"{title} answers {split_name}", why, len(split)) as advance:
            done = 0

            def more(count: int) -> None:
                nonlocal done
                done += count
                advance(done, "")

            cache = answer_cache(self.project, split_name)
            collected = collect(self.subject(name), split.examples, cache=cache, recorded=recorded, progress=more)
            answers = collected.answers
        if there := collected.counts["recorded"]:
            self.screen.say(f"  {there} of {len(split)} answers are recorded")
        who = self.subject(name)
        known = {} if champion is None else champion.file.known_scores(who.identity, split, scorer_versions(self.task))
        then = None if champion is None else champion.tariffs.get(who.name)
        tariff = tariff_of(self.task, who.name, date.today(), then)
        scores = Scores(Context(self.task, self.project.cache, tariff=tariff), split, answers, known)
        self._scored[key] = Scored(name, scores)
        return self._scored[key]

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
            with self.screen.step(
                f"{name if not name.startswith('adapter:') else 'tuned'} answers one by one", "how long a user waits"
            ):
                waits, why = [], "no answer came"
                try:
                    timings = measure_latency(self.subject(name), examples)
                    waits = [t.last for t in timings.values() if t.last is not None]
                except UserError as error:  # an endpoint may be gone by now: the run is none the worse
                    why = error.what
            if not waits:
                self.screen.say(f"  the latency of {name} is not known: {why}")
                continue
            latency = seconds(waits)
            found[name] = {"p50": round(latency.p50.value, 3), "p95": round(latency.p95.value, 3), "n": latency.n}
        return found


def references(task: Task) -> dict[str, str]:
    """The subjects that a candidate is compared with beside the best prompting: name → why they are asked."""
    found = {"linear": "what an expert would try first"} if task.kind == "label" else {}
    return found | ({} if task.incumbent is None else {task.incumbent: "what runs in production today"})


def golden_summary(
    work: Work,
    candidate: str,
    prompted: str,
    look: Mapping[str, Any],
    records: Iterable[Mapping[str, Any]],
    passed: bool,
) -> dict[str, Any]:
    """What the report may say of golden: verdicts, measures, paired differences and counts; no example of it. Of a
    sealed golden split: verdicts alone. And what a promotion has to find unchanged: who was tested, by which suite, and
    whether the whole of it passed.
    """
    split, sealed = work.split("golden"), work.task.golden == "sealed"
    numbers = (
        {"measures": [], "differences": [], "turned": {}} if sealed else compare(work, candidate, prompted, "golden")
    )
    return {
        "look": dict(look),
        "split": {"fingerprint": split.fingerprint, "count": len(split)},
        "identity": work.subject(candidate).identity,
        "suite": suite_digest(work.task, scorer_versions(work.task)),
        "passed": passed,
        "subject": candidate,
        "prompted": prompted,
        "opened": is_opened(work.ledger),
        "sealed": sealed,
        **numbers,
        "verdicts": [{"item": r["item"], "verdict": r["verdict"], "flips": r.get("flips")} for r in records],
    }


def compare(work: Work, candidate: str, prompted: str, split_name: str) -> dict[str, Any]:
    """The candidate beside its references on a split: every metric by tag, the paired differences, and how many
    examples turned right and wrong.
    """
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
                {"metric": metric, "reference": name, "estimate": gap.value, "low": low, "high": high, "n": gap.n}
            )
    return {
        "measures": measures,
        "differences": differences,
        "turned": {m: _turned(mine, theirs, m) for m in deciding_metrics(work.task)},
    }


def _row(subject: str, view: Scored, metric: str, tag: str | None) -> dict[str, Any]:
    measure = view.measure(metric)
    low, high = measure.interval()
    return {
        "subject": subject,
        "metric": metric,
        "tag": tag,
        "estimate": measure.value,
        "low": low,
        "high": high,
        "n": measure.n,
    }


def _turned(mine: Scored, theirs: Scored, metric: str) -> dict[str, Any]:
    """How many examples turned right and wrong against the baseline (right: value 1), with exact McNemar p."""
    from scipy.stats import binomtest

    a, b = mine.values(metric), theirs.values(metric)
    right = sum(a[i] == 1.0 and b[i] != 1.0 for i in a)
    wrong = sum(a[i] != 1.0 and b[i] == 1.0 for i in a)
    p = binomtest(right, right + wrong, 0.5).pvalue if right + wrong else 1.0
    return {"right": right, "wrong": wrong, "p": float(p)}
