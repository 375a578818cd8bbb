"""Measure: per-example values with their ids, an estimate and an exact interval. Comparing one is the gate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from harness.errors import UserError, near_names
from harness.measures.evidence import Better, Evidence, Op
from harness.measures.verdict import Reading, Verdict, check_reading, current, decide

_SLACK = 1e-9  # of the range: rounding that a scorer may add to a bound


class Measure:
    """A mean of bounded per-example values.

    values: one number an example, None where the answer is missing (it counts as worst for passing and as best for
    failing); ids: the examples' ids (default "1", "2", ..); bounds: the range that one value can have; groups: labels
    of examples that depend on each other; tags: each example's tags; name: what messages call it; better: "high" or
    "low"; max_group: the largest group that may occur. Raises UserError for NaN, a value out of bounds, or no examples.
    """

    def __init__(
        self,
        values: Sequence[float | None],
        ids: Sequence[str] | None = None,
        bounds: tuple[float, float] = (0.0, 1.0),
        groups: Sequence[str | None] | None = None,
        tags: Sequence[Iterable[str]] | None = None,
        *,
        name: str = "measure",
        better: Better = "high",
        max_group: int = 1,
    ) -> None:
        named = tuple(str(i + 1) for i in range(len(values))) if ids is None else tuple(ids)
        for what, given in (("ids", named), ("groups", groups), ("tags", tags)):
            if given is not None and len(given) != len(values):
                raise UserError(f"{name}: {len(values)} values but {len(given)} {what}", hint="give each value one")
        if len(set(named)) != len(named):
            raise UserError(f"{name}: an id stands twice", hint="give every example its own id")
        lo, hi = float(bounds[0]), float(bounds[1])
        if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
            raise UserError(f"{name}: bounds {lo:g} to {hi:g} are no range", hint="give two finite numbers, low first")
        given_ids = zip(values, named, strict=True)
        x = np.array([math.nan if v is None else _checked(v, i, name, lo, hi) for v, i in given_ids])
        missing = np.array([v is None for v in values], dtype=np.bool_)
        own = None if groups is None else tuple(f"={i}" if g is None else g for g, i in zip(groups, named, strict=True))
        self._tags = tuple(frozenset(t) for t in tags) if tags is not None else tuple(frozenset[str]() for _ in named)
        self._evidence = Evidence(
            name, named, np.where(missing, lo, x), np.where(missing, hi, x), missing, (lo, hi), own, max_group, better
        )
        _not_empty(self._evidence)

    @classmethod
    def _of(cls, evidence: Evidence, tags: tuple[frozenset[str], ...]) -> Measure:
        made = cls.__new__(cls)
        made._evidence, made._tags = evidence, tags
        _not_empty(evidence)
        return made

    @property
    def evidence(self) -> Evidence:
        """The per-example values, for those who record or resample them."""
        return self._evidence

    @property
    def name(self) -> str:
        return self._evidence.name

    @property
    def value(self) -> float:
        """The estimate: the mean over the answers that are there."""
        return self._evidence.estimate

    @property
    def n(self) -> int:
        """Number of examples, missing answers included."""
        return self._evidence.n

    @property
    def missing(self) -> int:
        """Number of missing answers."""
        return self._evidence.lost

    @property
    def bounds(self) -> tuple[float, float]:
        return self._evidence.bounds

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Exact confidence interval of the mean. level: its coverage, half of the error on each side."""
        return self._evidence.interval(level)

    def __repr__(self) -> str:
        low, high = self.interval()
        return f"{self.name} {self.value:.4g} ({low:.4g} to {high:.4g}, n = {self.n})"

    def on(self, tags: str | Iterable[str]) -> Measure:
        """The measure on the examples that carry the tag, or any of the tags. Raises UserError where none does."""
        wanted = {tags} if isinstance(tags, str) else set(tags)
        known = frozenset[str]().union(*self._tags)
        for tag in sorted(wanted - known) or ([] if wanted else [""]):
            raise UserError(f'{self.name}: no example carries the tag "{tag}"', hint=near_names(tag, known))
        label = next(iter(wanted)) if len(wanted) == 1 else f"{len(wanted)} tags"
        kept = self._evidence.take(lambda i: bool(self._tags[i] & wanted), f"{self.name}[{label}]")
        return Measure._of(kept, tuple(t for t in self._tags if t & wanted))

    def __sub__(self, other: Measure) -> Measure:
        """The paired difference, example by example. Raises UserError unless both are on the same examples."""
        if not isinstance(other, Measure):
            return NotImplemented
        return _difference(self, other, f"{self.name} - {other.name}")

    def __mul__(self, factor: float) -> Measure:
        if isinstance(factor, bool) or not isinstance(factor, (int, float)):
            return NotImplemented
        if not math.isfinite(factor) or factor == 0.0:
            raise UserError(f"{self.name} cannot be multiplied by {factor:g}", hint="use a finite number, not 0")
        e = self._evidence
        low, high = (e.low, e.high) if factor > 0 else (e.high, e.low)
        ends = sorted((factor * e.bounds[0], factor * e.bounds[1]))
        scaled = replace(
            e, name=f"{factor:g} * {e.name}", low=factor * low, high=factor * high, bounds=(ends[0], ends[1]),
            better=e.better if factor > 0 else _other(e.better),
        )
        return Measure._of(scaled, self._tags)

    __rmul__ = __mul__

    def __ge__(self, other: float | Measure | Read) -> Verdict:
        return _gate(self, ">=", other, None)

    def __le__(self, other: float | Measure | Read) -> Verdict:
        return _gate(self, "<=", other, None)

    def __gt__(self, other: object) -> NoReturn:
        raise _not_strict(self.name, ">")

    def __lt__(self, other: object) -> NoReturn:
        raise _not_strict(self.name, "<")

    def __eq__(self, other: object) -> NoReturn:
        raise _not_equal(self.name)

    def __ne__(self, other: object) -> NoReturn:
        raise _not_equal(self.name)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise _no_gate(self.name)

    @property
    def shown(self) -> Read:
        """Gates on it pass when the data shows them at the look's level (the usual default)."""
        return Read(self, "shown")

    @property
    def plausible(self) -> Read:
        """Gates on it pass when the data does not show the opposite at 2.5%: for small slices."""
        return Read(self, "plausible")

    @property
    def observed(self) -> Read:
        """Gates on it pass when the estimate alone reaches the threshold: "met, not shown"."""
        return Read(self, "observed")

    def verdict(self, op: Op, t: float, reading: Reading | None = None) -> Verdict:
        """The verdict on `self op t`, which is not recorded. reading: default is the suite's."""
        if op not in (">=", "<="):
            raise UserError(f'no comparison "{op}"', hint="use >= or <=")
        how = current()
        check_reading(reading or how.reading)
        return decide(self._evidence, op, _threshold(self.name, t), reading or how.reading, how)


class Read:
    """A measure under a reading of its own: `m.plausible >= 0.80`. It can only be compared."""

    def __init__(self, measure: Measure, reading: Reading) -> None:
        self.measure = measure
        self.reading: Reading = reading

    def __repr__(self) -> str:
        return f"{self.measure!r} {self.reading}"

    def __ge__(self, other: float | Measure | Read) -> Verdict:
        return _gate(self.measure, ">=", other, self.reading)

    def __le__(self, other: float | Measure | Read) -> Verdict:
        return _gate(self.measure, "<=", other, self.reading)

    def __gt__(self, other: object) -> NoReturn:
        raise _not_strict(self.measure.name, ">")

    def __lt__(self, other: object) -> NoReturn:
        raise _not_strict(self.measure.name, "<")

    def __eq__(self, other: object) -> NoReturn:
        raise _not_equal(self.measure.name)

    def __ne__(self, other: object) -> NoReturn:
        raise _not_equal(self.measure.name)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise _no_gate(self.measure.name)


def _gate(left: Measure, op: Op, right: float | Measure | Read, reading: Reading | None) -> Verdict:
    """Decides, records, and returns the verdict. Between two measures: on their paired difference against 0."""
    how = current()
    if isinstance(right, Read):
        reading, right = reading or right.reading, right.measure
    if isinstance(right, Measure):
        text = f"{left.name} {op} {right.name}"
        measure = _difference(left, right, text) if op == ">=" else _difference(right, left, text)
        verdict = decide(measure.evidence, ">=", 0.0, reading or how.reading, how, text)
    else:
        measure = left
        verdict = decide(left.evidence, op, _threshold(left.name, right), reading or how.reading, how)
    if how.record is not None:
        how.record(verdict, measure)
    return verdict


def _difference(a: Measure, b: Measure, name: str) -> Measure:
    x, y = a.evidence, b.evidence
    if set(x.ids) != set(y.ids):
        apart = sorted(set(x.ids) ^ set(y.ids))
        raise UserError(
            f"{name}: the two are measured on different examples ({len(apart)} of them, first {apart[0]})",
            hint="compare measures on the same split and the same tags",
        )
    place = {i: k for k, i in enumerate(y.ids)}
    order = [place[i] for i in x.ids]
    groups = None if y.groups is None else tuple(y.groups[k] for k in order)
    if groups != x.groups:
        raise UserError(f"{name}: the two group their examples differently", hint="give both the same groups")
    paired = Evidence(
        name, x.ids, x.low - y.high[order], x.high - y.low[order], x.missing | y.missing[order],
        (x.bounds[0] - y.bounds[1], x.bounds[1] - y.bounds[0]), x.groups, max(x.max_group, y.max_group), x.better,
    )
    return Measure._of(paired, a._tags)


def _checked(value: float, example: str, name: str, lo: float, hi: float) -> float:
    x = float(value)
    slack = _SLACK * (hi - lo)
    if not lo - slack <= x <= hi + slack:
        raise UserError(
            f"{name}: the value of example {example} is {x:g}, not between {lo:g} and {hi:g}",
            hint="a missing answer is None; anything else out of range is an error of the scorer",
        )
    return min(max(x, lo), hi)


def _threshold(name: str, t: object) -> float:
    if isinstance(t, bool) or not isinstance(t, (int, float, np.number)) or not math.isfinite(t):
        raise UserError(f"{name} can be compared with a number or a measure, not with {t!r:.40}", hint="write m >= 0.9")
    return float(t)


def _not_empty(evidence: Evidence) -> None:
    if evidence.n == 0:
        raise UserError(f"{evidence.name}: there are no examples", hint="a measure needs at least one")


def _other(better: Better) -> Better:
    return "low" if better == "high" else "high"


def _not_strict(name: str, op: str) -> UserError:
    return UserError(f"{name} {op} ..: a gate is written with >= or <=", hint=f"write {op}= instead of {op}")


def _not_equal(name: str) -> UserError:
    return UserError(f"{name}: a measure is never equal to a number", hint="write >= or <=; .value is the estimate")


def _no_gate(name: str) -> UserError:
    return UserError(f"{name} alone is no gate", hint="compare it with a number: assert m >= 0.9")
