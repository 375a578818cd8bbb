"""A subject's answers on one split as measures: `candidate.exact_match`, `candidate.on("ocr_noise").stop_rate`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from goldgate.base.errors import UserError, near_names
from goldgate.measures import Measure, check_unsealed
from goldgate.scored.consistency import Consistency
from goldgate.scored.values import Scores
from goldgate.scorers import TIMED, Tariff, scorers_for, timed_measure, whole_for
from goldgate.scorers.confusion import Confusion, confusion_of
from goldgate.scorers.json_format import schema_valid
from goldgate.scorers.own import OwnScorer, check_counted
from goldgate.scorers.reason import differs, printable
from goldgate.subjects.subject import MOST_SAMPLES, Answer
from goldgate.task.examples import COMPUTED, Example, Split, render_output
from goldgate.task.task import Task

_LONGEST_REASON = 400  # characters; the built-in scorers shorten theirs by parts
_OWN_PERTURBATIONS = "goldgate.perturb."  # a suite's digest counts their version


class Perturbs(Protocol):
    """Another form of an example whose right answer is known: see `goldgate.perturb`."""

    @property
    def name(self) -> str: ...
    @property
    def oracle(self) -> Literal["must_not_change", "must_change"]: ...
    @property
    def plan(self) -> Callable[..., object]: ...

    def apply(self, example: Example, /) -> Example | None:
        """The perturbed example, under the same id; None where the perturbation does not apply to it."""
        ...


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
        """Example id → answer, over the whole split. Raises UserError where golden is sealed."""
        check_unsealed(f"{self._label}'s answers")
        return self._scores.answers

    @property
    def tags(self) -> Mapping[str, tuple[str, ...]]:
        """Example id → its tags over the whole split, its novelty stratum among them where that is known."""
        return self._scores.tags

    def values(self, metric: str) -> Mapping[str, float | None]:
        """Example id → value of a metric over the whole split; None where the answer is missing. Raises UserError where
        golden is sealed.
        """
        check_unsealed(metric)
        return self._scores.values(metric)

    def on(self, tags: str | Iterable[str]) -> Scored:
        """The same subject on the examples that carry the tag, or any of the tags. Raises UserError for none.

        novelty:far, novelty:near and novelty:twin are tags too, by the distance to the nearest train example.
        """
        chosen = (tags,) if isinstance(tags, str) else tuple(tags)
        if any(tag.startswith(COMPUTED) for tag in chosen):
            self._scores.strata()  # says what is wrong where there are none
        known = frozenset[str]().union(*self.tags.values())
        for tag in chosen:
            if tag not in known:
                raise UserError(f'no example of {self.split.name} carries the tag "{tag}"', hint=near_names(tag, known))
        if not chosen:
            raise UserError("no tags given: the slice is empty", hint=near_names("", known))
        note = chosen[0] if isinstance(tags, str) or len(chosen) == 1 else "edge cases"
        return self._narrowed([i for i, carried in self.tags.items() if set(chosen) & set(carried)], note)

    def where(self, keep: Callable[[Example], bool] | Callable[[Example, Answer], bool], label: str = "") -> Scored:
        """The same subject on the examples that a predicate keeps. label: what messages call them (default: its name).

        A predicate of the example may be gated; one of the example and its answer chooses by what is to be measured:
        its slice may be looked at, and gates on it raise UserError. Raises UserError where nothing is kept, for a slice
        by answers where golden is sealed (its size would tell them), and in a suite for code that lies outside of it.
        """
        note = label or getattr(keep, "__name__", "where").replace("<lambda>", "where")
        self._scores.check_slice(keep, note)
        by_answer = len(inspect.signature(keep).parameters) > 1
        if by_answer:
            check_unsealed(f"a slice by answers, {note},")
        ids = [e.id for e in self.split if (keep(e, self._scores.answers[e.id]) if by_answer else keep(e))]  # type: ignore[call-arg]
        return self._narrowed(ids, note, f"{self._label}[{note}] was chosen by its answers" if by_answer else "")

    def _narrowed(self, ids: Iterable[str], note: str, explored: str = "") -> Scored:
        view = self._view.narrowed(ids, note, explored)
        if not view.ids:
            raise UserError(f"no example of {self.split.name} is in the slice [{view.note}]", hint="widen it")
        return Scored(self._label, self._scores, view)

    def under(self, perturbation: Perturbs) -> Under:
        """The same subject asked the examples of this view in another form, each scored by the output expected then.

        Examples that the perturbation does not apply to are left out, as are those whose new expected output the task's
        schema or labels do not allow; `.unperturbed` is the subject on the same examples as they were. Raises UserError
        where none is left.
        """
        changed = {e.id: e for e in self._perturbed(perturbation)}
        if not changed:
            raise UserError(f"{perturbation.name} applies to no example of {self!r}", hint="leave it out of this suite")
        scores = self._scores.asked(Split(self.split.name, tuple(changed.values())))
        note = f"under {perturbation.name}"
        view = View(None, f"{self._view.note}, {note}" if self._view.note else note, self._view.explored)
        return Under(self._label, scores, view, self._narrowed(changed, f"without {perturbation.name}"))

    def _perturbed(self, perturbation: Perturbs) -> list[Example]:
        """The examples of this view that the perturbation applies to, in their other form."""
        if not perturbation.plan.__module__.startswith(_OWN_PERTURBATIONS):
            check_counted(perturbation.plan, perturbation.name, self._scores.context.task)
        made = (self._other_form(e, perturbation) for e in self.examples())
        return [e for e in made if e is not None]

    def _other_form(self, example: Example, perturbation: Perturbs) -> Example | None:
        made = perturbation.apply(example)
        if made is None or made.input == example.input:
            return None
        if perturbation.oracle == "must_change" and not allowed(self._scores.context.task, made):
            return None
        if made.id != example.id or (perturbation.oracle == "must_not_change" and made.answers != example.answers):
            raise UserError(
                f"{perturbation.name} must not change {example.id}'s id or expected output, and does",
                hint='its oracle is "must_change" where the expected output changes',
            )
        # Groups are compared where perturbed and unperturbed are subtracted: both splits have them, or neither.
        grouped = any(e.group for e in self.split)
        return replace(made, group=example.group or example.id) if grouped else made

    def across(self, perturbations: Iterable[Perturbs]) -> Consistency:
        """The subject's answers to each example as it is and under every must-not-change perturbation that applies to
        it. Examples that none applies to are left out. Raises UserError for a must-change one, or where none is left.
        """
        chosen = tuple(perturbations)
        if odd := [p.name for p in chosen if p.oracle != "must_not_change"]:
            raise UserError(
                f"under {odd[0]} the right answer changes: agreement is no virtue there",
                hint=f"gate candidate.under({odd[0]}) instead",
            )
        self._scores.check_whole()
        rows = {e.id: [self._scores.answers[e.id]] for e in self.examples()}
        for perturbation in chosen:
            asked = self._perturbed(perturbation)
            answers = self._scores.asked(Split(self.split.name, tuple(asked))).answers if asked else {}
            for example in asked:
                rows[example.id].append(answers[example.id])
        view = self._narrowed([i for i, row in rows.items() if len(row) > 1], "perturbed")
        return view._consistency(rows)

    def repeated(self, k: int) -> Consistency:
        """The subject's answers to the same inputs, k times, drawn as task.yaml's `decoding` says. k: 2 to 100.

        Raises UserError at temperature 0, where k samples are one answer and agreement would say nothing.
        """
        task = self._scores.context.task
        if isinstance(k, bool) or not isinstance(k, int) or not 2 <= k <= MOST_SAMPLES:
            raise UserError(f"an answer cannot be repeated {k!r:.20} times", hint="write .repeated(5)")
        if task.decoding.temperature == 0:
            raise UserError(
                f"{task.name} decodes at temperature 0: {k} samples are one answer",
                f'{task.folder / "task.yaml"}, field "decoding.temperature"',
                "ask whether other forms of the input sway it: .across(MUST_NOT_CHANGE)",
            )
        self._scores.check_whole()
        split = Split(self.split.name, tuple(self.examples()))
        more = [self._scores.asked(split, sample).answers for sample in range(1, k)]
        view = self._narrowed([e.id for e in split], f"{k} times")
        return view._consistency({e.id: [self._scores.answers[e.id], *(a[e.id] for a in more)] for e in split})

    def _consistency(self, rows: Mapping[str, Sequence[Answer]]) -> Consistency:
        chosen = self.examples()

        def make(
            metric: str, values: Sequence[float | None], bounds: tuple[float, float], better: Literal["high", "low"]
        ) -> Measure:
            made = Measure(values, bounds=bounds, better=better, **self._labels(metric, chosen))
            return made.marked(self._view.explored)

        return Consistency(self._scores.context.task, [rows[e.id] for e in chosen], make)

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics of this task that are listed by default; `measure` knows more."""
        task = self._scores.context.task
        return (*(name for name, scorer in scorers_for(task).items() if scorer.shown), *whole_for(task))

    @property
    def tariff(self) -> Tariff | None:
        """What the subject's tokens cost; None where task.yaml gives no prices."""
        return self._scores.context.tariff

    def bounds(self, metric: str) -> tuple[float, float]:
        """The range of a value of a metric of means; that of the cost depends on the subject's prices."""
        context = self._scores.context
        return scorers_for(context.task)[metric].bounds(context)

    def measure(self, metric: str) -> Measure:
        """One metric as a Measure over the examples of this view. Raises UserError for an unknown metric."""
        chosen = self.examples()
        task = self._scores.context.task
        if metric in TIMED:
            timings = self._scores.timings()
            chosen = [e for e in chosen if e.digest in timings]
            made = timed_measure(metric, [timings[e.digest] for e in chosen], **self._labels(metric, chosen))
        elif whole := whole_for(task).get(metric):
            self._scores.check_whole()
            made = whole.measure(
                task, chosen, [self._scores.answers[e.id] for e in chosen], **self._labels(metric, chosen)
            )
        else:
            values = self._scores.values(metric)
            made = Measure(
                [values[e.id] for e in chosen],
                bounds=self.bounds(metric),
                better=scorers_for(task)[metric].better,
                **self._labels(metric, chosen),
            )
        return made.marked(self._view.explored)

    def by(self, scorer: OwnScorer) -> Measure:
        """A user's own metric (`goldgate.scorer`) on the examples of this view, gated towards what it calls better.

        Raises UserError for one whose code lies outside of the suite, that fails on an example, or whose value is out
        of its bounds.
        """
        context, chosen = self._scores.context, self.examples()
        if not isinstance(scorer, OwnScorer):
            raise UserError(
                f"by() asks for a function under @scorer, not for {scorer!r:.60}",
                hint="from harness import scorer, and write @scorer above the function",
            )
        scorer.check(context.task, (*scorers_for(context.task), *whole_for(context.task), *TIMED))
        context.own[scorer.name] = scorer
        values = self._scores.own_values(scorer, chosen)
        made = Measure(
            [values[e.id] for e in chosen],
            bounds=scorer.bounds,
            better=scorer.better,
            **self._labels(scorer.name, chosen),
        )
        return made.marked(self._view.explored).toward_better()

    def named(self, metric: str) -> Measure:
        """A metric by the name that messages call it: one of the task's, or a user's own that was asked for."""
        own = self._scores.context.own.get(metric)
        return self.measure(metric) if own is None else self.by(own)

    def why(self, metric: str, example: Example) -> str:
        """Why the answer to an example is not right: the reason that the metric's scorer gave; where it gave none, what
        the answer has instead of what was expected. Raises UserError where golden is sealed.
        """
        answer = self.answers[example.id]
        if answer.text is None:
            return f"no answer: {printable(answer.error)}"
        said = self._scores.reasons(metric).get(example.id)
        return printable(said, _LONGEST_REASON) if said else differs(self._scores.context.task, example, answer.text)

    def reasons(self, metric: str) -> Mapping[str, str]:
        """Example id → reason, of those whose answer the metric's scorer says something of. Raises UserError where
        golden is sealed.
        """
        self.values(metric)
        return self._scores.reasons(metric)

    def confusion(self) -> Confusion:
        """Which labels are taken for which on the examples of this view. Raises UserError unless the kind is label, and
        where golden is sealed.
        """
        check_unsealed("the confusion")
        self._scores.check_whole()
        chosen = self.examples()
        return confusion_of(self._scores.context.task, chosen, [self._scores.answers[e.id] for e in chosen])

    def _labels(self, metric: str, chosen: Sequence[Example]) -> dict[str, Any]:
        return {
            "ids": [e.id for e in chosen],
            "groups": [e.group or e.id for e in chosen] if any(e.group for e in self.split) else None,
            "tags": [self.tags[e.id] for e in chosen],
            "name": self._name(metric),
            "max_group": self._scores.context.task.max_group,
        }

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


class Under(Scored):
    """A subject under a perturbation. unperturbed: the same subject on the same examples as they were."""

    def __init__(self, label: str, scores: Scores, view: View, unperturbed: Scored) -> None:
        super().__init__(label, scores, view)
        self.unperturbed = unperturbed


def allowed(task: Task, example: Example) -> bool:
    """Whether the task can expect that output: by its schema, or among its labels."""
    text = render_output(example.output)
    if task.kind == "label":
        return text in task.labels
    return task.kind == "text" or schema_valid(task, example, text) == 1.0
