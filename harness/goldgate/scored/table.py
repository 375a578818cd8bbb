"""A subject's answers on one split with their values, metric by metric, and its answers to other inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, Self

from goldgate.base.errors import UserError, near_names
from goldgate.scorers import TIMED, Context, Given, Score, scorers_for, whole_for
from goldgate.scorers.keeping import changed, kept_by
from goldgate.scorers.own import OwnScorer
from goldgate.scorers.score import value_of
from goldgate.subjects.latency import Timing
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example, Split
from goldgate.task.strata import read_novelty

ByExample = dict[str, float | None]
"""Example id → value; None where the answer is missing."""


class NoMetric(UserError, AttributeError):
    """There is no metric of this name. Tools that ask a subject whether it has an attribute take it for a "no"."""


class Ask(Protocol):
    """Returns a subject's answers to examples outside of the split, or one more sample (from 1) of its answers to
    them.
    """

    def __call__(self, split: Split, sample: int, /) -> Mapping[str, Answer]: ...


Clock = Callable[[], Mapping[str, Timing]]
"""How long one asker waits, by example digest."""


@dataclass(frozen=True)
class Chosen:
    """The scores that count for one metric, where the metric chooses whose they are.

    Attributes:
        told: Who was chosen, in words.
        scores: The scores.
    """

    told: str
    scores: ScoreTable

    def asked(self, split: Split) -> Chosen:
        """Returns the same subject on other examples. Raises UserError if it cannot be asked."""
        return replace(self, scores=self.scores.asked(split))


Choose = Callable[[str | OwnScorer], Chosen]
"""Chooses, for a metric, whose scores count."""


@dataclass
class ScoreTable:
    """Per-example values of every metric of one subject, computed on first use.

    Attributes:
        context: What scorers need.
        split: The split.
        answers: Example id → answer.
        known: Recorded values: metric → example id → value.
        ask: Gets more answers of the subject; None if only these are available.
        clock: Measures its latencies; None if it may not be timed.
    """

    context: Context
    split: Split
    answers: Mapping[str, Answer]
    known: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ask: Ask | None = None
    clock: Clock | None = None
    _reasons: dict[str | OwnScorer, dict[str, str]] = field(default_factory=dict)
    _values: dict[str | OwnScorer, ByExample] = field(default_factory=dict)
    _asked: dict[tuple[str, int], Mapping[str, Answer]] = field(default_factory=dict)
    _timings: Mapping[str, Timing] | None = None

    def asked(self, split: Split, sample: int = 0) -> Self:
        """Returns the subject on other examples, or one more sample (from 1) of its answers to them. Each is asked only
        once.

        Raises:
            UserError: The subject cannot be asked.
        """
        key = (split.fingerprint, sample)
        if key not in self._asked:
            if self.ask is None:
                raise UserError(
                    "only recorded answers of this subject are available, and none to other inputs",
                    hint="use it in a suite that pytest runs, where the model may answer",
                )
            self._asked[key] = self.ask(split, sample)
        return replace(
            self, split=split, answers=self._asked[key], known={}, clock=None, _values={}, _reasons={}, _timings=None
        )

    def values(self, metric: str) -> ByExample:
        """Returns example id → value of a metric; None for a missing answer.

        Raises:
            UserError: The metric is unknown, or a value is NaN.
        """
        if metric not in self._values:
            self._values[metric] = self._score(metric)
        return self._values[metric]

    def _score(self, metric: str) -> ByExample:
        scorers = scorers_for(self.context.task)
        if metric not in scorers:
            known_ones = [*scorers, *whole_for(self.context.task), *TIMED]
            raise NoMetric(
                f'no metric "{metric}" for task {self.context.task.name}', hint=near_names(metric, known_ones)
            )
        self.check_whole()
        known = self.known.get(metric, {})
        todo = [e for e in self.split if e.id not in known]
        fresh = scorers[metric].score(self.context, todo, [self.answers[e.id] for e in todo]) if todo else []
        values = self._kept(metric, todo, fresh)
        return {e.id: values[e.id] if e.id in values else known[e.id] for e in self.split}

    def own_values(self, scorer: OwnScorer, examples: Sequence[Example]) -> ByExample:
        """Returns the values of a user's scorer on at least these examples; it need not make sense on others."""
        self.check_whole()
        values = self._values.setdefault(scorer, {})
        todo = [e for e in examples if e.id not in values]
        root = self.context.task.folder.parent.parent
        before = kept_by(scorer.function, root)
        fresh = scorer.score(todo, [self.answers[e.id] for e in todo], closed=self.split.name == "golden")
        if what := changed(before, kept_by(scorer.function, root)):
            self.context.keeping[scorer.name] = what
        values.update(self._kept(scorer, todo, fresh))
        return values

    def _kept(self, metric: str | OwnScorer, examples: Sequence[Example], given: Sequence[Given]) -> ByExample:
        """Returns the values that a scorer gave, and remembers its reasons."""
        values: ByExample = {}
        for example, one in zip(examples, given, strict=True):
            values[example.id] = value_of(one)
            if isinstance(one, Score) and one.reason:
                self._reasons.setdefault(metric, {})[example.id] = one.reason
        return values

    def reasons(self, metric: str) -> Mapping[str, str]:
        """Returns why answers are not right, according to the scorer.

        Args:
            metric: A metric of the task, or the name of a user's own scorer that was used before.

        Returns:
            Example id → reason, for the examples that the scorer gave a reason for; empty for a scorer without reasons.
        """
        return self._reasons.get(self.context.own.get(metric, metric), {})

    def strata(self) -> Mapping[str, str]:
        """Returns example id → novelty:far, novelty:near or novelty:twin.

        Raises:
            UserError: The strata are unknown.
        """
        return read_novelty(self.context.task.data).of(self.split)

    @cached_property
    def tags(self) -> Mapping[str, tuple[str, ...]]:
        """Example id → its tags, and its novelty stratum if that is known."""
        try:
            strata = self.strata()
        except UserError:
            return {e.id: e.tags for e in self.split}
        return {e.id: (*e.tags, strata[e.id]) for e in self.split}

    def check_slice(self, keep: Callable[..., bool], name: str) -> None:
        """Checks that a predicate may select examples here.

        Args:
            keep: The predicate.
            name: What messages call it.

        Raises:
            UserError: It may not.
        """

    def timings(self) -> Mapping[str, Timing]:
        """Returns latencies by example digest.

        Raises:
            UserError: They are not available.
        """
        if self.clock is None:
            raise UserError("these answers were not timed", hint="measure latency in a suite: pytest suites/<task>")
        if self._timings is None:
            self._timings = self.clock()
        return self._timings

    def check_whole(self) -> None:
        """Checks that every example has an answer.

        Raises:
            UserError: Some answers are missing.
        """
        absent = [e for e in self.split if e.id not in self.answers]
        if absent:
            raise UserError(
                f"{len(absent)} of {len(self.split)} answers are missing; the first is to {absent[0].id}",
                hint="run again to collect them",
            )
