"""Counterexamples: examples that a subject has right, in the smallest other form that it gets wrong. Dev alone."""

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

MOST = 8  # counterexamples shrunk and shown: one a perturbation, mostly
_FORMS_SHARE = 0.6  # of the budget for finding; the rest is for shrinking what was found
_SHRINKS = 100  # forms of one example that hypothesis draws before it gives up


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
        """Their names, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.edits))

    def only(self, names: Sequence[str]) -> Form:
        """The same with the edits of these perturbations alone."""
        return Form(self.example, tuple(edit for edit in self.edits if edit[0] in names))

    def part(self, places: Sequence[int]) -> Form:
        """The same with the edits at these places alone."""
        return Form(self.example, tuple(self.edits[i] for i in places))


@dataclass(frozen=True)
class Counterexample:
    """before: the answer to the example as it is, which is right; after: the one to its other form, which is not;
    found_with: how many edits it had when it was found.
    """

    form: Form
    found_with: int
    before: Answer
    after: Answer


@dataclass(frozen=True)
class Found:
    """What a search came to. right: examples that were right as they are; asked: answers that it took; tried:
    perturbation ("all at once" for compositions) → forms tried and forms that broke.
    """

    right: int
    asked: int
    tried: dict[str, tuple[int, int]]
    counterexamples: tuple[Counterexample, ...]


def search(scores: ScoreTable, metric: str, budget: int) -> Found:
    """Looks for forms of examples whose metric is 1, that bring it below 1, and shrinks them by hypothesis.

    budget: answers that may be asked for. Forms are asked in one batch: each perturbation alone, every example in turn;
    where few of them break, all must-not-change perturbations at once. What has no answer breaks nothing. The same
    scores and budget find the same. Raises UserError for golden, which no search may read.
    """
    if scores.split.name == "golden":
        raise UserError("golden is not searched: its examples stay closed", hint="search dev")
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
        distinct = {(c.form.example.id, c.form.made.digest): c for c in found}  # two forms may shrink to one
        return Found(len(right), self.budget - self.left, self.tried, tuple(distinct.values()))

    def _try(self, forms: Iterator[Form], most: int) -> list[Form]:
        """The forms, of so many, that break."""
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
        # An example stands in a batch more than once: its place there is its id.
        return self.scores.asked(Split("dev", tuple(replace(f.made, id=str(i)) for i, f in enumerate(forms))))

    def _shrunk(self, form: Form, budget: int) -> Counterexample:
        """Takes back whole perturbations first, then single edits."""
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
    """The smallest set of places below `count` that still breaks, as hypothesis shrinks it; all of them break.

    breaks: asked once for a set; None where there is no answer to be had any more.
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
    """One perturbation each: first every example under one of them, then every example under the next."""
    chosen = (*MUST_NOT_CHANGE, *MUST_CHANGE)
    for turn in range(len(chosen)):
        for i, example in enumerate(examples):
            perturbation = chosen[(i + turn) % len(chosen)]
            made = perturbation.apply(example)
            if made is not None and allowed(scores.context.task, made):
                yield Form(example, _named(example, perturbation))


def _together(examples: Sequence[Example]) -> Iterator[Form]:
    """All must-not-change perturbations at once; of edits that overlap, the first stays."""
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
    """One form of each perturbation first, then the others; those with few edits before those with many."""
    ordered = sorted(forms, key=lambda f: (len(f.edits), f.example.digest))
    first = {f.perturbations: f for f in reversed(ordered)}
    return [
        *(f for f in ordered if first[f.perturbations] is f),
        *(f for f in ordered if first[f.perturbations] is not f),
    ]
