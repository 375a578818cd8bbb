"""A subject's answers on one split as measures: `candidate.exact_match`, `candidate.on("ocr_noise").stop_rate`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.errors import UserError, near_names
from harness.examples import Example, Split
from harness.measures import Measure, check_unsealed
from harness.scorers import Context, scorers_for, whole_for
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
            known_ones = [*scorers, *whole_for(self.context.task)]
            raise UserError(f'no metric "{metric}" for task {self.context.task.name}',
                            hint=near_names(metric, known_ones))
        self.check_whole()
        known = self.known.get(metric, {})
        todo = [e for e in self.split if e.id not in known]
        fresh = scorers[metric].score(self.context, todo, [self.answers[e.id] for e in todo]) if todo else []
        values: Values = dict(zip((e.id for e in todo), fresh, strict=True))
        return {e.id: values[e.id] if e.id in values else known[e.id] for e in self.split}

    def check_whole(self) -> None:
        """Raises UserError where an example has no answer."""
        absent = [e for e in self.split if e.id not in self.answers]
        if absent:
            raise UserError(f"{len(absent)} of {len(self.split)} answers are not there, first {absent[0].id}",
                            hint="run again to collect them")


@dataclass(frozen=True)
class View:
    """Which examples of a split a Scored is on. ids: None for all; note: what messages call them; explored: why gates
    on them are refused, empty where they are not.
    """

    ids: frozenset[str] | None = None
    note: str = ""
    explored: str = ""

    def narrowed(self, ids: Iterable[str], note: str, explored: str = "") -> View:
        """The examples of this view that are among these."""
        chosen = frozenset(ids) if self.ids is None else self.ids & frozenset(ids)
        return View(chosen, f"{self.note}, {note}" if self.note else note, self.explored or explored)


class Scored:
    """A subject on one split, or on some of its examples. Every metric is an attribute."""

    def __init__(self, label: str, scores: Scores, view: View = View()) -> None:
        self._label = label
        self._scores = scores
        self._view = view

    def __repr__(self) -> str:
        note = f" [{self._view.note}]" if self._view.note else ""
        return f"<{self._label} on {self._scores.split.name}{note}>"

    @property
    def split(self) -> Split:
        return self._scores.split

    @property
    def answers(self) -> Mapping[str, Answer]:
        return self._scores.answers

    def values(self, metric: str) -> Mapping[str, float | None]:
        """Example id → value of a metric over the whole split; None where the answer is missing. Raises UserError where
        golden is sealed.
        """
        check_unsealed(metric)
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
        return self._narrowed([e.id for e in self.split if set(chosen) & set(e.tags)], note)

    def where(self, keep: Callable[[Example], bool] | Callable[[Example, Answer], bool], label: str = "") -> Scored:
        """The same subject on the examples that a predicate keeps. label: what messages call them (default: its name).

        A predicate of the example may be gated; one of the example and its answer chooses by what is to be measured:
        its slice may be looked at, and gates on it raise UserError. Raises UserError where nothing is kept.
        """
        note = label or getattr(keep, "__name__", "where").replace("<lambda>", "where")
        by_answer = len(inspect.signature(keep).parameters) > 1
        ids = [e.id for e in self.split
               if (keep(e, self.answers[e.id]) if by_answer else keep(e))]  # type: ignore[call-arg]
        return self._narrowed(ids, note, f"{self._label}[{note}] was chosen by its answers" if by_answer else "")

    def _narrowed(self, ids: Iterable[str], note: str, explored: str = "") -> Scored:
        view = self._view.narrowed(ids, note, explored)
        if not view.ids:
            raise UserError(f"no example of {self.split.name} is in the slice [{view.note}]", hint="widen it")
        return Scored(self._label, self._scores, view)

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics of this task."""
        task = self._scores.context.task
        return (*scorers_for(task), *whole_for(task))

    def measure(self, metric: str) -> Measure:
        """One metric as a Measure over the examples of this view. Raises UserError for an unknown metric."""
        chosen = self.examples()
        task = self._scores.context.task
        labelled: dict[str, Any] = {
            "ids": [e.id for e in chosen],
            "groups": [e.group or e.id for e in chosen] if any(e.group for e in self.split) else None,
            "tags": [e.tags for e in chosen],
            "name": self._name(metric),
            "max_group": task.max_group,
        }
        if whole := whole_for(task).get(metric):
            self._scores.check_whole()
            made = whole.measure(task, chosen, [self.answers[e.id] for e in chosen], **labelled)
        else:
            values = self._scores.values(metric)
            scorer = scorers_for(task)[metric]
            made = Measure([values[e.id] for e in chosen], bounds=scorer.bounds(task), better=scorer.better, **labelled)
        return made.marked(self._view.explored)

    def _name(self, metric: str) -> str:
        prefix = "" if self._label == "candidate" else f"{self._label}."
        return f"{prefix}{metric}" + (f"[{self._view.note}]" if self._view.note else "")

    def examples(self) -> Sequence[Example]:
        """The examples of this view, in the split's order."""
        kept = self._view.ids
        return self.split.examples if kept is None else [e for e in self.split if e.id in kept]

    def __getattr__(self, name: str) -> Measure:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.measure(name)
