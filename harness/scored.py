"""A subject's answers on one split as measures: `candidate.exact_match`, `candidate.on("ocr_noise").stop_rate`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.errors import UserError, near_names
from harness.examples import Example, Split
from harness.measures import Measure
from harness.scorers import Context, scorers_for
from harness.subjects.subject import Answer

Values = dict[str, float | None]


class Ask(Protocol):
    """Answers of one subject to other examples than the split's, or one more sample (from 1) of its answers to them."""

    def __call__(self, split: Split, sample: int, /) -> Mapping[str, Answer]: ...


@dataclass
class Scores:
    """Per-example values of every metric of one subject, computed when first asked for. known: recorded values; ask:
    for more answers of the subject, None where only these can be had.
    """

    context: Context
    split: Split
    answers: Mapping[str, Answer]
    known: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ask: Ask | None = None
    _values: dict[str, Values] = field(default_factory=dict)

    def values(self, metric: str) -> Values:
        """Example id → value (None where the answer is missing). Raises UserError for an unknown metric or a NaN."""
        if metric not in self._values:
            self._values[metric] = self._score(metric)
        return self._values[metric]

    def _score(self, metric: str) -> Values:
        scorers = scorers_for(self.context.task)
        if metric not in scorers:
            raise UserError(f'no metric "{metric}" for task {self.context.task.name}', hint=near_names(metric, scorers))
        known = self.known.get(metric, {})
        absent = [e for e in self.split if e.id not in self.answers]
        if absent:
            raise UserError(f"{len(absent)} of {len(self.split)} answers are not there, first {absent[0].id}",
                            hint="run again to collect them")
        todo = [e for e in self.split if e.id not in known]
        fresh = scorers[metric].score(self.context, todo, [self.answers[e.id] for e in todo]) if todo else []
        values: Values = dict(zip((e.id for e in todo), fresh, strict=True))
        return {e.id: values[e.id] if e.id in values else known[e.id] for e in self.split}


class Scored:
    """A subject on one split, or on the examples of it that carry certain tags. Every metric is an attribute."""

    def __init__(self, label: str, scores: Scores, tags: tuple[str, ...] | None = None, note: str = "") -> None:
        self._label = label
        self._scores = scores
        self._tags = tags
        self._note = note

    def __repr__(self) -> str:
        return f"<{self._label} on {self._scores.split.name}{f' [{self._note}]' if self._note else ''}>"

    @property
    def split(self) -> Split:
        return self._scores.split

    @property
    def answers(self) -> Mapping[str, Answer]:
        return self._scores.answers

    def values(self, metric: str) -> Mapping[str, float | None]:
        """Example id → value of a metric over the whole split; None where the answer is missing."""
        return self._scores.values(metric)

    def on(self, tags: str | Iterable[str]) -> Scored:
        """The same subject on the examples that carry the tag, or any of the tags. Raises UserError for none."""
        chosen = (tags,) if isinstance(tags, str) else tuple(tags)
        known = self.split.tag_counts()
        for tag in chosen:
            if tag not in known:
                raise UserError(f'no example of {self.split.name} carries the tag "{tag}"', hint=near_names(tag, known))
        if not chosen:
            raise UserError("no tags given: the slice is empty", hint=near_names("", known))
        note = chosen[0] if isinstance(tags, str) or len(chosen) == 1 else "edge cases"
        return Scored(self._label, self._scores, chosen, note)

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics of this task."""
        return tuple(scorers_for(self._scores.context.task))

    def measure(self, metric: str) -> Measure:
        """One metric as a Measure over the examples of this view. Raises UserError for an unknown metric."""
        values = self._scores.values(metric)
        chosen = self.examples()
        task = self._scores.context.task
        scorer = scorers_for(task)[metric]
        prefix = "" if self._label == "candidate" else f"{self._label}."
        return Measure(
            [values[e.id] for e in chosen],
            ids=[e.id for e in chosen],
            bounds=scorer.bounds(task),
            groups=[e.group or e.id for e in chosen] if any(e.group for e in self.split) else None,
            tags=[e.tags for e in chosen],
            name=f"{prefix}{metric}" + (f"[{self._note}]" if self._note else ""),
            better=scorer.better,
            max_group=task.max_group,
        )

    def examples(self) -> Sequence[Example]:
        """The examples of this view, in the split's order."""
        if self._tags is None:
            return self.split.examples
        wanted = set(self._tags)
        return [e for e in self.split if wanted & set(e.tags)]

    def __getattr__(self, name: str) -> Measure:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.measure(name)
