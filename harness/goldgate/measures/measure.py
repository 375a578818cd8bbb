"""Measure: per-example values with their ids, an estimate and an exact interval. Comparing one is the gate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

import numpy as np

from goldgate.base.errors import UserError, near_names
from goldgate.measures.context import check_unsealed, current
from goldgate.measures.decision import decide
from goldgate.measures.evidence import Better, Evidence, Mean, Op, labelled
from goldgate.measures.quantile import quantile_of
from goldgate.measures.verdict import Reading, Verdict, check_reading

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
        named, own, self._tags = labelled(len(values), ids, groups, tags, name)
        self._explored, self._one_way = "", False
        lo, hi = float(bounds[0]), float(bounds[1])
        if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
            raise UserError(f"{name}: bounds {lo:g} to {hi:g} are no range", hint="give two finite numbers, low first")
        given_ids = zip(values, named, strict=True)
        x = np.array([math.nan if v is None else _checked(v, i, name, lo, hi) for v, i in given_ids])
        missing = np.array([v is None for v in values], dtype=np.bool_)
        self._evidence: Evidence = Mean(
            name, named, missing, (lo, hi), own, max_group, better, np.where(missing, lo, x), np.where(missing, hi, x)
        )
        _not_empty(self._evidence)

    @classmethod
    def of(
        cls, evidence: Evidence, tags: tuple[frozenset[str], ...], explored: str = "", one_way: bool = False
    ) -> Measure:
        """A measure of any kind of evidence. tags: each example's; explored: why it may be looked at and never gated,
        empty where it may.
        """
        made = cls.__new__(cls)
        made._evidence, made._tags, made._explored, made._one_way = evidence, tags, explored, one_way
        _not_empty(evidence)
        return made

    def marked(self, explored: str) -> Measure:
        """The same measure, gated or refused to be: see `of`."""
        return Measure.of(self._evidence, self._tags, explored, self._one_way) if explored else self

    def toward_better(self) -> Measure:
        """The same measure, gated only towards what is better: for values that hold the worst one where nothing is
        known, which the other way round would be the best.
        """
        return Measure.of(self._evidence, self._tags, self._explored, one_way=True)

    @property
    def evidence(self) -> Evidence:
        """What it knows of its examples, for those who record or resample it."""
        return self._evidence

    @property
    def name(self) -> str:
        return self._evidence.name

    @property
    def value(self) -> float:
        """The estimate: the mean over the answers that are there. Raises UserError where golden is sealed."""
        check_unsealed(self.name)
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
        """Confidence interval, exact but where the measure is approximate. level: its coverage, half of the error on
        each side. Raises UserError where golden is sealed.
        """
        check_unsealed(self.name)
        return self._evidence.interval(level)

    def __repr__(self) -> str:
        if current().sealed:
            return f"{self.name} (sealed, n = {self.n})"
        low, high = self.interval()
        about = ", approximate" if self._evidence.approximate else ""
        return f"{self.name} {self.value:.4g} ({low:.4g} to {high:.4g}, n = {self.n}{about})"

    def on(self, tags: str | Iterable[str]) -> Measure:
        """The measure on the examples that carry the tag, or any of the tags. Raises UserError where none does."""
        wanted = {tags} if isinstance(tags, str) else set(tags)
        known = frozenset[str]().union(*self._tags)
        for tag in sorted(wanted - known) or ([] if wanted else [""]):
            raise UserError(f'{self.name}: no example carries the tag "{tag}"', hint=near_names(tag, known))
        label = next(iter(wanted)) if len(wanted) == 1 else f"{len(wanted)} tags"
        kept = self._evidence.take(lambda i: bool(self._tags[i] & wanted), f"{self.name}[{label}]")
        return Measure.of(kept, tuple(t for t in self._tags if t & wanted), self._explored, self._one_way)

    def where(self, keep: Callable[[float], bool], label: str = "where") -> Measure:
        """The measure on the examples whose value the predicate keeps (missing answers are left out): to look at. It is
        chosen by the answers, so it is never gated: a comparison raises UserError, as it does where golden is sealed.
        """
        check_unsealed(f"{self.name}[{label}]")
        evidence = self._evidence
        if not isinstance(evidence, Mean):
            raise UserError(f"{self.name} has no values to choose by", hint="slice by tags: m.on(tag)")
        low, there = evidence.low, ~evidence.missing
        rows = [i for i in range(evidence.n) if there[i] and keep(float(low[i]))]
        kept = evidence.take(set(rows).__contains__, f"{self.name}[{label}]")
        return Measure.of(kept, tuple(self._tags[i] for i in rows), f"{kept.name} was chosen by the answers")

    def percentile(self, q: float) -> Measure:
        """A percentile of the values, q in (0, 100): the smallest value that q% of the examples do not exceed. Its
        interval is exact (order statistics). Raises UserError for a measure that is no mean of values.
        """
        if not 0.0 < q < 100.0:
            raise UserError(f"{self.name} has no percentile {q:g}", hint="give a number between 0 and 100")
        made = quantile_of(self._evidence, q / 100.0, f"{self.name}.p{q:g}")
        return Measure.of(made, self._tags, self._explored, self._one_way)

    @property
    def p50(self) -> Measure:
        """The median."""
        return self.percentile(50)

    @property
    def p95(self) -> Measure:
        """The 95th percentile."""
        return self.percentile(95)

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
        scaled = self._evidence.times(factor, f"{factor:g} * {self.name}")
        return Measure.of(scaled, self._tags, self._explored, self._one_way)

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
        _check_gated(self)
        _check_way(self, op)
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
    _check_way(left, op)
    if isinstance(right, Measure):
        if not left._one_way:
            _check_way(right, "<=" if op == ">=" else ">=")
        text = f"{left.name} {op} {right.name}"
        measure = _difference(left, right, text) if op == ">=" else _difference(right, left, text)
        _check_gated(measure)
        verdict = decide(measure.evidence, ">=", 0.0, reading or how.reading, how, text)
    else:
        measure = left
        _check_gated(measure)
        verdict = decide(left.evidence, op, _threshold(left.name, right), reading or how.reading, how)
    if how.record is not None:
        how.record(verdict, measure)
    return verdict


def _difference(a: Measure, b: Measure, name: str) -> Measure:
    return Measure.of(a.evidence.minus(b.evidence, name), a._tags, a._explored or b._explored, a._one_way or b._one_way)


def _check_gated(measure: Measure) -> None:
    if measure._explored:
        raise UserError(
            f"{measure._explored}: it may be looked at, and is never gated",
            hint="slice by tags or by inputs; .value and .interval() look without gating",
        )


def _check_way(measure: Measure, op: Op) -> None:
    if measure._one_way and op != (">=" if measure.evidence.better == "high" else "<="):
        raise UserError(
            f"{measure.name} {op} ..: of {measure.name}, {measure.evidence.better} values are better",
            hint='turn the comparison, with the candidate on its left, or say @scorer(better="low")',
        )


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


def _not_strict(name: str, op: str) -> UserError:
    return UserError(f"{name} {op} ..: a gate is written with >= or <=", hint=f"write {op}= instead of {op}")


def _not_equal(name: str) -> UserError:
    return UserError(f"{name}: a measure is never equal to a number", hint="write >= or <=; .value is the estimate")


def _no_gate(name: str) -> UserError:
    return UserError(f"{name} alone is no gate", hint="compare it with a number: assert m >= 0.9")
