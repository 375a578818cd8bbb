"""A subject's answers on one split as measures: `candidate.exact_match`, `candidate.on("ocr_noise").stop_rate`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from goldgate.base.errors import UserError, near_names
from goldgate.measures import OPEN, Measure, Use
from goldgate.scored.consistency import Consistency
from goldgate.scored.table import Choose, ScoreTable
from goldgate.scored.view import WHOLE, Perturbs, View, check_not_selecting, other_form, selecting
from goldgate.scorers import TIMED, Tariff, scorers_for, timed_measure, whole_for
from goldgate.scorers.confusion import Confusion, confusion_of
from goldgate.scorers.own import OwnScorer, check_counted
from goldgate.scorers.reason import differs, printable
from goldgate.subjects.subject import MOST_SAMPLES, Answer
from goldgate.task.examples import COMPUTED, Example, Split

_LONGEST_REASON = 400  # characters; the built-in scorers shorten the parts of theirs
_OWN_PERTURBATIONS = "goldgate.perturb."  # a suite's digest counts their version


class Scored:
    """A subject on one split, or on some of its examples. Every metric is an attribute.

    With `choose`, measures, values and reasons are those of the subject that is chosen for the metric. Everything else
    is of `scores`.
    """

    def __init__(
        self, label: str, scores: ScoreTable, view: View = WHOLE, use: Use = OPEN, choose: Choose | None = None
    ) -> None:
        self._label, self._scores, self._view, self._use, self._choose = label, scores, view, use, choose

    def _of(self, metric: str | OwnScorer) -> tuple[ScoreTable, Use]:
        """The scores that count for a metric, and what its measures say about whose they are."""
        if self._choose is None:
            return self._scores, OPEN
        chosen = self._choose(metric)
        return chosen.scores, Use(against=(chosen.told,))

    def __repr__(self) -> str:
        note = f" [{self._view.note}]" if self._view.note else ""
        return f"<{self._label} on {self._scores.split.name}{note}>"

    @property
    def split(self) -> Split:
        return self._scores.split

    @property
    def answers(self) -> Mapping[str, Answer]:
        """Example id → answer, over the whole split. Raises UserError if golden decides."""
        self._check_open(f"{self._label}'s answers")
        return self._scores.answers

    @property
    def tags(self) -> Mapping[str, tuple[str, ...]]:
        """Example id → its tags, over the whole split, including its novelty stratum if that is known."""
        return self._scores.tags

    def values(self, metric: str) -> Mapping[str, float | None]:
        """Returns example id → value of a metric, over the whole split; None for a missing answer.

        Raises:
            UserError: The metric is unknown, or golden decides.
        """
        self._check_open(metric)
        values = self._of(metric)[0].values(metric)
        return {i: None if v is None else self._use.number(v, self._name(metric)) for i, v in values.items()}

    def _check_open(self, name: str) -> None:
        self._use.check_open(name)
        check_not_selecting(name)

    def on(self, tags: str | Iterable[str]) -> Scored:
        """Narrows the view to the examples that carry a tag, or any of several tags.

        novelty:far, novelty:near and novelty:twin are tags too, by the distance to the nearest train example.

        Raises:
            UserError: No example of the split carries the tag, or the slice is empty.
        """
        chosen = (tags,) if isinstance(tags, str) else tuple(tags)
        if any(tag.startswith(COMPUTED) for tag in chosen):
            self._scores.strata()  # raises if the strata are unknown
        known = frozenset[str]().union(*self.tags.values())
        for tag in chosen:
            if tag not in known:
                raise UserError(f'no example of {self.split.name} carries the tag "{tag}"', hint=near_names(tag, known))
        if not chosen:
            raise UserError("no tags given: the slice is empty", hint=near_names("", known))
        note = chosen[0] if isinstance(tags, str) or len(chosen) == 1 else "edge cases"
        return self._narrowed([i for i, carried in self.tags.items() if set(chosen) & set(carried)], note)

    def where(self, keep: Callable[[Example], bool] | Callable[[Example, Answer], bool], label: str = "") -> Scored:
        """Narrows the view to the examples that a predicate keeps.

        A predicate of the example may be gated, and may read nothing else of any subject. One of the example and its
        answer selects by what is to be measured, so its slice may be looked at, but gates on it are refused.

        Args:
            keep: The predicate, of an example or of an example and its answer.
            label: What messages call the slice; by default the predicate's name.

        Raises:
            UserError: Nothing is kept; a predicate of the example reads answers; golden decides and the slice is by
                answers (its size would reveal them); or, in a suite, the predicate's code is outside of the suite.
        """
        note = label or getattr(keep, "__name__", "where").replace("<lambda>", "where")
        self._scores.check_slice(keep, note)
        by_answer = len(inspect.signature(keep).parameters) > 1
        if by_answer:
            self._check_open(f"a slice by answers, {note},")
            ids = [e.id for e in self.split if keep(e, self._scores.answers[e.id])]  # type: ignore[call-arg]
        else:
            with selecting(note):
                ids = [e.id for e in self.split if keep(e)]  # type: ignore[call-arg]
        return self._narrowed(ids, note, f"{self._label}[{note}] was chosen by its answers" if by_answer else "")

    def _narrowed(self, ids: Iterable[str], note: str, explored: str = "") -> Scored:
        view = self._view.narrowed(ids, note, explored)
        if not view.ids:
            raise UserError(f"no example of {self.split.name} is in the slice [{view.note}]", hint="widen it")
        return Scored(self._label, self._scores, view, self._use, self._choose)

    def under(self, perturbation: Perturbs) -> Under:
        """Asks the subject the examples of this view in another form; each is scored by the output that is then
        expected.

        Examples that the perturbation does not apply to are left out, and so are those whose new expected output the
        task's schema or labels do not allow. `.unperturbed` is the subject on the same examples in their original
        form.

        Raises:
            UserError: No example is left, or the perturbation's code is outside of the suite.
        """
        changed = {e.id: e for e in self._perturbed(perturbation)}
        if not changed:
            raise UserError(f"{perturbation.name} applies to no example of {self!r}", hint="remove it from this suite")
        asked, choose = Split(self.split.name, tuple(changed.values())), self._choose
        note = f"under {perturbation.name}"
        view = View(None, f"{self._view.note}, {note}" if self._view.note else note, self._view.explored)
        plain = self._narrowed(changed, f"without {perturbation.name}")
        choosing = None if choose is None else lambda metric: choose(metric).asked(asked)
        return Under(self._label, self._scores.asked(asked), view, self._use, choosing, plain)

    def _perturbed(self, perturbation: Perturbs) -> list[Example]:
        """Returns the examples of this view that the perturbation applies to, in their other form."""
        if not perturbation.plan.__module__.startswith(_OWN_PERTURBATIONS):
            check_counted(perturbation.plan, perturbation.name, self._scores.context.task)
        # Subtracting perturbed and unperturbed measures compares their groups: both splits have them, or neither.
        grouped, task = any(e.group for e in self.split), self._scores.context.task
        made = (other_form(task, e, perturbation, grouped=grouped) for e in self.examples())
        return [e for e in made if e is not None]

    def across(self, perturbations: Iterable[Perturbs]) -> Consistency:
        """Compares the subject's answers to each example as it is and under every must-not-change perturbation.

        Examples that no perturbation applies to are left out.

        Raises:
            UserError: One of the perturbations changes the right answer, or no example is left.
        """
        chosen = tuple(perturbations)
        if odd := [p.name for p in chosen if p.oracle != "must_not_change"]:
            raise UserError(
                f"{odd[0]} changes the right answer, so the answers under it should not agree",
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
        """Compares k answers of the subject to each input, sampled as task.yaml's `decoding` says.

        Args:
            k: How many answers, 2 to 100.

        Raises:
            UserError: k is out of range, or the temperature is 0, where all samples are the same answer.
        """
        task = self._scores.context.task
        if isinstance(k, bool) or not isinstance(k, int) or not 2 <= k <= MOST_SAMPLES:
            raise UserError(f"an answer cannot be repeated {k!r:.20} times", hint="write .repeated(5)")
        if task.decoding.temperature == 0:
            raise UserError(
                f"{task.name} decodes at temperature 0, where {k} samples are the same answer",
                f'{task.folder / "task.yaml"}, field "decoding.temperature"',
                "test whether other forms of the input change the answer: .across(MUST_NOT_CHANGE)",
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
            return self._made(Measure(values, bounds=bounds, better=better, **self._labels(metric, chosen)))

        return Consistency(self._scores.context.task, [rows[e.id] for e in chosen], make)

    def metrics(self) -> tuple[str, ...]:
        """Returns the names of the task's metrics that are listed by default; `measure` knows more."""
        task = self._scores.context.task
        return (*(name for name, scorer in scorers_for(task).items() if scorer.shown), *whole_for(task))

    @property
    def tariff(self) -> Tariff | None:
        """What the subject's tokens cost; None if task.yaml sets no prices."""
        return self._scores.context.tariff

    def bounds(self, metric: str) -> tuple[float, float]:
        """Returns the range of a metric that is a mean. The range of the cost depends on the subject's prices."""
        context = self._scores.context
        return scorers_for(context.task)[metric].bounds(context)

    def measure(self, metric: str) -> Measure:
        """Returns a metric over the examples of this view.

        Raises:
            UserError: The metric is unknown.
        """
        chosen = self.examples()
        task = self._scores.context.task
        scores, who = self._of(metric)
        if metric in TIMED:
            timings = scores.timings()
            chosen = [e for e in chosen if e.digest in timings]
            made = timed_measure(metric, [timings[e.digest] for e in chosen], **self._labels(metric, chosen))
        elif whole := whole_for(task).get(metric):
            scores.check_whole()
            made = whole.measure(task, chosen, [scores.answers[e.id] for e in chosen], **self._labels(metric, chosen))
        else:
            values = scores.values(metric)
            made = Measure(
                [values[e.id] for e in chosen],
                bounds=self.bounds(metric),
                better=scorers_for(task)[metric].better,
                **self._labels(metric, chosen),
            )
        return self._made(made).restricted(who)

    def _made(self, measure: Measure) -> Measure:
        return measure.restricted(self._use.and_(Use(self._view.explored)))

    def by(self, scorer: OwnScorer) -> Measure:
        """Returns a user's own metric (`goldgate.scorer`) over this view's examples, gated in its better direction.

        Raises:
            UserError: The scorer's code is outside of the suite, it fails on an example, or a value is out of bounds.
        """
        context = self._scores.context
        if not isinstance(scorer, OwnScorer):
            raise UserError(
                f"by() takes a function decorated with @scorer, not {scorer!r:.60}",
                hint="add `from goldgate import scorer`, and put @scorer above the function",
            )
        scorer.check(context.task, (*scorers_for(context.task), *whole_for(context.task), *TIMED))
        context.own[scorer.name] = scorer
        (scores, who), chosen = self._of(scorer), self.examples()
        values = scores.own_values(scorer, chosen)
        made = Measure(
            [values[e.id] for e in chosen],
            bounds=scorer.bounds,
            better=scorer.better,
            **self._labels(scorer.name, chosen),
        )
        return self._made(made).restricted(Use(one_way=True).and_(who))

    def named(self, metric: str) -> Measure:
        """Returns a metric by the name that messages use: one of the task's, or a user's own that was used before."""
        own = self._scores.context.own.get(metric)
        return self.measure(metric) if own is None else self.by(own)

    def why(self, metric: str, example: Example) -> str:
        """Says why the answer to an example is not right: the reason that the metric's scorer gave, or else the
        difference between the answer and the expected output. Raises UserError if golden decides.
        """
        answer = self.answers[example.id]
        if answer.text is None:
            return f"no answer: {printable(answer.error)}"
        said = self._scores.reasons(metric).get(example.id)
        return printable(said, _LONGEST_REASON) if said else differs(self._scores.context.task, example, answer.text)

    def reasons(self, metric: str) -> Mapping[str, str]:
        """Returns example id → reason, for the examples whose answer the metric's scorer gave a reason for.

        Raises:
            UserError: Golden decides.
        """
        self.values(metric)
        return self._of(metric)[0].reasons(metric)

    def confusion(self) -> Confusion:
        """Counts which labels are mistaken for which on the examples of this view.

        Raises:
            UserError: The task is not of kind label, or golden decides.
        """
        self._check_open("the confusion")
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
        """Returns the examples of this view, in the split's order."""
        kept = self._view.ids
        return self.split.examples if kept is None else [e for e in self.split if e.id in kept]

    def __getattr__(self, name: str) -> Measure:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.measure(name)


class Under(Scored):
    """A subject under a perturbation. `unperturbed` is the same subject on the same examples in their original form."""

    def __init__(
        self, label: str, scores: ScoreTable, view: View, use: Use, choose: Choose | None, unperturbed: Scored
    ) -> None:
        super().__init__(label, scores, view, use, choose)
        self.unperturbed = unperturbed
