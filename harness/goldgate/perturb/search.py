"""Counterexamples: examples that a subject gets right, in the smallest other form that it gets wrong. Only for dev."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from goldgate.base.errors import UserError
from goldgate.perturb.changed import MUST_CHANGE
from goldgate.perturb.perturbation import Edit, Perturbation, edited
from goldgate.perturb.strategies import subsets
from goldgate.perturb.unchanged import MUST_NOT_CHANGE
from goldgate.scored.table import ScoreTable
from goldgate.scored.view import allowed
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example, Split

MOST = 8  # counterexamples to shrink and show: mostly one for each perturbation
_FORMS_SHARE = 0.6  # of the budget for finding counterexamples; the rest is for shrinking them
_SHRINKS = 100  # forms of one example that hypothesis tries before it gives up


@dataclass(frozen=True)
class Form:
    """An example in another form. edits: (name of the perturbation, edit)."""

    example: Example
    edits: tuple[tuple[str, Edit], ...]

    @property
    def made(self) -> Example:
        """The perturbed example."""
        return edited(self.example, [edit for _, edit in self.edits])

    @property
    def perturbations(self) -> tuple[str, ...]:
        """The names of the perturbations, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.edits))

    def only(self, names: Sequence[str]) -> Form:
        """Returns the form with only the edits of these perturbations."""
        return Form(self.example, tuple(edit for edit in self.edits if edit[0] in names))

    def part(self, places: Sequence[int]) -> Form:
        """Returns the form with only the edits at these positions."""
        return Form(self.example, tuple(self.edits[i] for i in places))


@dataclass(frozen=True)
class Counterexample:
    """A form of an example that the subject gets wrong, shrunk.

    Attributes:
        form: The form.
        found_with: How many edits it had when it was found.
        before: The answer to the original example, which is right.
        after: The answer to the form, which is wrong.
    """

    form: Form
    found_with: int
    before: Answer
    after: Answer


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes:
        right: How many examples were right in their original form.
        asked: How many answers the search used.
        tried: Perturbation ("all at once" for compositions) → number of forms tried, and of those that broke.
        counterexamples: What was found.
    """

    right: int
    asked: int
    tried: dict[str, tuple[int, int]]
    counterexamples: tuple[Counterexample, ...]


def search(scores: ScoreTable, metric: str, budget: int) -> Found:
    """Searches for forms that bring an example's metric from 1 to below 1, and shrinks them with hypothesis.

    Forms are asked in one batch: each perturbation alone, cycling through the examples; if few of those break, all
    must-not-change perturbations at once. A form without an answer does not count as broken. The same scores and budget
    give the same result.

    Args:
        scores: The subject's scores on dev.
        metric: The metric.
        budget: The most answers that may be asked for.

    Returns:
        What was found.

    Raises:
        UserError: The split is golden, which no search may read.
    """
    if scores.split.name == "golden":
        raise UserError("golden cannot be searched, because its examples stay hidden", hint="search dev")
    return _Search(scores, metric, budget).run()


class _Search:
    def __init__(self, scores: ScoreTable, metric: str, budget: int) -> None:
        self.scores, self.metric, self.left = scores, metric, budget
        self.budget = budget
        self.tried: dict[str, tuple[int, int]] = {}

    def run(self) -> Found:
        values = self.scores.values(self.metric)
        right = sorted((e for e in self.scores.split if values[e.id] == 1.0), key=lambda e: e.digest)
        broken = self._try(_alone(right, self.scores), int(self.budget * _FORMS_SHARE))
        if len(broken) < MOST:
            broken += self._try(_together(right), min(self.left // 2, len(right)))
        chosen = _one_of_each(broken)[:MOST]
        found = [self._shrunk(form, self.left // (len(chosen) - i)) for i, form in enumerate(chosen)]
        distinct = {(c.form.example.id, c.form.made.digest): c for c in found}  # two forms may shrink to the same one
        return Found(len(right), self.budget - self.left, self.tried, tuple(distinct.values()))

    def _try(self, forms: Iterator[Form], most: int) -> list[Form]:
        """Returns which of the first `most` forms break."""
        taken = [form for form, _ in zip(forms, range(most), strict=False)]
        broken = self._breaks(taken)
        for form, bad in zip(taken, broken, strict=True):
            name = form.perturbations[0] if len(form.perturbations) == 1 else "all at once"
            tried, lost = self.tried.get(name, (0, 0))
            self.tried[name] = (tried + 1, lost + bad)
        return [form for form, bad in zip(taken, broken, strict=True) if bad]

    def _breaks(self, forms: Sequence[Form]) -> list[bool]:
        if not forms:
            return []
        self.left -= len(forms)
        values = self._asked(forms).values(self.metric)
        got = [values[f"{i}"] for i in range(len(forms))]
        return [value is not None and value < 1.0 for value in got]

    def _asked(self, forms: Sequence[Form]) -> ScoreTable:
        # An example may be in a batch several times, so its position serves as its id.
        return self.scores.asked(Split("dev", tuple(replace(f.made, id=str(i)) for i, f in enumerate(forms))))

    def _shrunk(self, form: Form, budget: int) -> Counterexample:
        """Undoes whole perturbations first, then single edits."""
        end = max(self.left - budget, 0)

        def breaks(some: Form) -> bool | None:
            return self._breaks([some])[0] if self.left > end else None

        names = form.perturbations
        kept = smallest_breaking(len(names), lambda places: breaks(form.only([names[i] for i in places])))
        fewer = form.only([names[i] for i in kept])
        smallest = fewer.part(smallest_breaking(len(fewer.edits), lambda places: breaks(fewer.part(places))))
        after = self._asked([smallest]).answers["0"]
        return Counterexample(
            smallest, len(form.edits), self.scores.answers[form.example.id], replace(after, id=form.example.id)
        )


def smallest_breaking(count: int, breaks: Callable[[tuple[int, ...]], bool | None]) -> tuple[int, ...]:
    """Finds the smallest set of positions that still breaks, as hypothesis shrinks it.

    Args:
        count: The positions are those below it; all of them together break.
        breaks: Tests a set, at most once each; returns None if no more answers are available.

    Returns:
        The positions.
    """
    from hypothesis import HealthCheck, Phase, find, settings
    from hypothesis.errors import NoSuchExample

    whole = tuple(range(count))
    known: dict[tuple[int, ...], bool] = {(): False, whole: True}
    how = settings(
        max_examples=_SHRINKS,
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )

    def broken(places: tuple[int, ...]) -> bool:
        if places not in known:
            known[places] = bool(breaks(places))
        return known[places]

    if count > 1:
        with suppress(NoSuchExample):
            find(subsets(whole), broken, settings=how)
    return min((places for places, bad in known.items() if bad), key=lambda places: (len(places), places))


def _alone(examples: Sequence[Example], scores: ScoreTable) -> Iterator[Form]:
    """Yields forms with one perturbation each: every example under one of them, then every example under the next."""
    chosen = (*MUST_NOT_CHANGE, *MUST_CHANGE)
    for turn in range(len(chosen)):
        for i, example in enumerate(examples):
            perturbation = chosen[(i + turn) % len(chosen)]
            made = perturbation.apply(example)
            if made is not None and allowed(scores.context.task, made):
                yield Form(example, _named(example, perturbation))


def _together(examples: Sequence[Example]) -> Iterator[Form]:
    """Yields forms with all must-not-change perturbations at once; of edits that overlap, the first wins."""
    for example in examples:
        kept: list[tuple[str, Edit]] = []
        for named in (n for p in MUST_NOT_CHANGE for n in _named(example, p)):
            if not any(named[1].overlaps(edit) for _, edit in kept):
                kept.append(named)
        if kept:
            yield Form(example, tuple(kept))


def _named(example: Example, perturbation: Perturbation) -> tuple[tuple[str, Edit], ...]:
    return tuple((perturbation.name, edit) for edit in perturbation.edits(example))


def _one_of_each(forms: Sequence[Form]) -> list[Form]:
    """Orders forms: one of each perturbation first, then the others; within each part, those with few edits first."""
    ordered = sorted(forms, key=lambda f: (len(f.edits), f.example.digest))
    first = {f.perturbations: f for f in reversed(ordered)}
    return [
        *(f for f in ordered if first[f.perturbations] is f),
        *(f for f in ordered if first[f.perturbations] is not f),
    ]
