"""Measure: per-example values with their ids, an estimate and an interval. Comparing a measure makes a gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from goldgate.base.errors import UserError, near_names
from goldgate.measures import checks
from goldgate.measures.context import current
from goldgate.measures.decision import decide, told
from goldgate.measures.estimate import OPEN, Use, built_from_estimates
from goldgate.measures.evidence import Better, Evidence, Mean, Op
from goldgate.measures.quantile import quantile_of
from goldgate.measures.reading import Read
from goldgate.measures.refusals import Refusals
from goldgate.measures.verdict import OnlyEvidence, Reading, Verdict, check_reading


class Measure(Refusals):
    """A mean of bounded per-example values.

    Args:
        values: One number per example; None for a missing answer, which counts as worst for passing and as best for
            failing.
        ids: Example ids; "1", "2", .. by default.
        bounds: Range of one value.
        groups: Labels of examples that depend on each other.
        tags: Tags of each example.
        name: What messages call the measure.
        better: Whether "high" or "low" values are better.
        max_group: Size of the largest group that may occur.

    Raises:
        UserError: A value is NaN or out of bounds, or there are no examples.
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
        self._evidence: Evidence
        self._evidence, self._tags = checks.bounded_mean(
            values, ids, bounds, groups, tags, name=name, better=better, max_group=max_group
        )
        self._use = Use(built_from_estimates(name, values))

    @classmethod
    def of(cls, evidence: Evidence, tags: tuple[frozenset[str], ...], use: Use = OPEN) -> Measure:
        """Makes a measure of any kind of evidence.

        Args:
            evidence: The evidence.
            tags: Tags of each example.
            use: What may be done with it.

        Returns:
            The measure.

        Raises:
            UserError: The evidence has no examples.
        """
        made = cls.__new__(cls)
        made._evidence, made._tags, made._use = evidence, tags, use
        checks.not_empty(evidence)
        return made

    def restricted(self, use: Use) -> Measure:
        """Returns the measure with less that may be done with it."""
        return Measure.of(self._evidence, self._tags, self._use.and_(use))

    @property
    def evidence(self) -> Evidence:
        """The evidence behind the measure, for code that resamples it. Raises UserError if golden decides."""
        self._use.check_open(self.name)
        return self._evidence

    @property
    def name(self) -> str:
        """What messages call the measure."""
        return self._evidence.name

    _said = name

    @property
    def value(self) -> float:
        """The estimate from the answers that are not missing. In a suite it is no threshold, and on golden hidden."""
        return self._use.number(self._evidence.estimate, self.name)

    @property
    def n(self) -> int:
        """Number of examples, including missing answers."""
        return self._evidence.n

    @property
    def missing(self) -> int:
        """Number of missing answers. Raises UserError if golden decides."""
        self._use.check_open(self.name)
        return self._evidence.lost

    @property
    def bounds(self) -> tuple[float, float]:
        """Range of the estimate."""
        return self._evidence.bounds

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Computes a confidence interval.

        It is exact for right and wrong answers and for percentiles, if examples are independent; else see `Mean`.

        Args:
            level: Coverage in (0, 1), with half of the error on each side.

        Returns:
            The lower and the upper end, as `value` gives the estimate.

        Raises:
            UserError: The level is out of range.
        """
        low, high = self._evidence.interval(level)
        return self._use.number(low, self.name), self._use.number(high, self.name)

    def __format__(self, spec: str) -> str:
        """Formats the estimate, f"{m:.3f}"; without a format, the estimate with its interval."""
        return format(self.value, spec) if spec else repr(self)

    def __repr__(self) -> str:
        if self._use.hides:
            return f"{self.name} ({self._use.hold}, n = {self.n})"
        low, high = self.interval()
        about = ", approximate" if self._evidence.approximate else ""
        about += ", not for gates" if self._evidence.instead else ""
        return f"{self.name} {self.value:.4g} ({low:.4g} to {high:.4g}, n = {self.n}{about})"

    def on(self, tags: str | Iterable[str]) -> Measure:
        """Slices the measure by tags.

        Args:
            tags: A tag, or several.

        Returns:
            The measure on the examples that have the tag, or any of the tags.

        Raises:
            UserError: No example has one of the tags.
        """
        wanted = {tags} if isinstance(tags, str) else set(tags)
        known = frozenset[str]().union(*self._tags)
        for tag in sorted(wanted - known) or ([] if wanted else [""]):
            raise UserError(f'{self.name}: no example has the tag "{tag}"', hint=near_names(tag, known))
        label = next(iter(wanted)) if len(wanted) == 1 else f"{len(wanted)} tags"
        kept = self._evidence.take(lambda i: bool(self._tags[i] & wanted), f"{self.name}[{label}]")
        return Measure.of(kept, tuple(t for t in self._tags if t & wanted), self._use)

    def where(self, keep: Callable[[float], bool], label: str = "where") -> Measure:
        """Slices the measure by its values, for exploration only.

        The slice depends on the answers, so it cannot be gated: comparing it raises UserError.

        Args:
            keep: Decides from an example's value whether to keep it; missing answers are left out.
            label: Name of the slice, for messages.

        Returns:
            The measure on the examples that are kept.

        Raises:
            UserError: Golden decides, the measure is not a mean, or no example is kept.
        """
        self._use.check_open(f"{self.name}[{label}]")
        evidence = self._evidence
        if not isinstance(evidence, Mean):
            raise UserError(f"{self.name} has no values to select by", hint="slice by tags: m.on(tag)")
        low, there = evidence.low, ~evidence.missing
        rows = [i for i in range(evidence.n) if there[i] and keep(float(low[i]))]
        kept = evidence.take(set(rows).__contains__, f"{self.name}[{label}]")
        chosen = Use(f"{kept.name} was selected by the answers")
        return Measure.of(kept, tuple(self._tags[i] for i in rows), self._use.and_(chosen))

    def percentile(self, q: float) -> Measure:
        """Takes a percentile of the values. Its interval is exact (order statistics) if examples are independent.

        Args:
            q: Percentage in (0, 100).

        Returns:
            The smallest value that q% of the examples do not exceed, as a measure.

        Raises:
            UserError: q is out of range, or the measure has no value of each example.
        """
        if not 0.0 < q < 100.0:
            raise UserError(f"{self.name} has no percentile {q:g}", hint="give a number between 0 and 100")
        made = quantile_of(self._evidence, q / 100.0, f"{checks.term(self.name)}.p{q:g}")
        return Measure.of(made, self._tags, self._use)

    @property
    def p50(self) -> Measure:
        """The median."""
        return self.percentile(50)

    @property
    def p95(self) -> Measure:
        """The 95th percentile."""
        return self.percentile(95)

    def __add__(self, other: float | Measure) -> Measure:
        """Adds a number, or another measure example by example. Raises UserError unless both have the same examples."""
        if isinstance(other, Measure):
            checks.one_direction(self.name, other.name, self._use.and_(other._use), self._evidence, other._evidence)
            return _difference(self, -other, f"{self.name} + {other.name}")
        number = checks.as_term(self.name, "+", other)
        return self if number == 0.0 else self._shifted(number, checks.sum_of(self.name, number))

    __radd__ = __add__

    def __sub__(self, other: float | Measure) -> Measure:
        """Subtracts a number, or another measure as `+` adds it: the paired difference."""
        if isinstance(other, Measure):
            return _difference(self, other, f"{self.name} - {checks.term(other.name)}")
        return self + -checks.as_term(self.name, "-", other)

    def __rsub__(self, other: float) -> Measure:
        number = checks.as_term(self.name, "-", other)
        return (-self)._shifted(number, f"{number:g} - {checks.term(self.name)}")

    def __neg__(self) -> Measure:
        return self._scaled(-1.0, f"-{checks.term(self.name)}")

    def __pos__(self) -> Measure:
        return self

    def __mul__(self, factor: float) -> Measure:
        number = checks.as_factor(self.name, "*", factor)
        return self._scaled(number, f"{number:g} * {checks.term(self.name)}")

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Measure:
        number = checks.as_factor(self.name, "/", divisor)
        return self._scaled(1.0 / number, f"{checks.term(self.name)} / {number:g}")

    def _shifted(self, constant: float, name: str) -> Measure:
        return Measure.of(self._evidence.plus(constant, name), self._tags, self._use)

    def _scaled(self, factor: float, name: str) -> Measure:
        return Measure.of(self._evidence.times(factor, name), self._tags, self._use)

    def __ge__(self, other: float | Measure | Read[Measure]) -> Verdict:
        return self.compare(">=", other)

    def __le__(self, other: float | Measure | Read[Measure]) -> Verdict:
        return self.compare("<=", other)

    @property
    def shown(self) -> Read[Measure]:
        """The measure under the reading shown: a gate passes if the data shows it at the look's level (the default)."""
        return Read(self, "shown")

    @property
    def plausible(self) -> Read[Measure]:
        """The measure under the reading plausible, for small slices: a gate passes unless its opposite is shown."""
        return Read(self, "plausible")

    @property
    def observed(self) -> Read[Measure]:
        """The measure under the reading observed: a gate passes if the estimate alone reaches the threshold."""
        return Read(self, "observed")

    def compare(self, op: Op, right: float | Measure | Read[Measure], reading: Reading | None = None) -> Verdict:
        """Decides and records the gate `self op right`; two measures are compared by their paired difference.

        Args:
            op: The comparison.
            right: The threshold, or another measure on the same examples.
            reading: The reading; the suite's by default.

        Returns:
            The verdict, with its numbers as far as they may be known.

        Raises:
            UserError: The gate cannot be decided or, in a suite, not be recorded.
        """
        if isinstance(right, Read):
            reading, right = reading or right.reading, right.measure
        use = self._use.and_(right._use) if isinstance(right, Measure) else self._use
        how = (use.judge or current()).gate()
        checks.right_way(self._evidence, self._use.one_way, op)
        measure, t, text = self, 0.0, ""
        if isinstance(right, Measure):
            if not self._use.one_way:
                checks.right_way(right._evidence, right._use.one_way, "<=" if op == ">=" else ">=")
            text = f"{self.name} {op} {right.name}"
            measure = _difference(self, right, text) if op == ">=" else _difference(right, self, text)
            op = ">="
        else:
            t = checks.as_threshold(self.name, right)
        checks.may_be_gated(measure._evidence, measure._use.explored)
        decided = decide(measure._evidence, op, t, reading or how.reading, how, text)
        verdict = replace(decided, against=", ".join(measure._use.against))
        if how.record is not None:
            how.record(verdict, OnlyEvidence(measure._evidence) if measure._use.hides else measure)
        return told(verdict, measure._use, how.note)

    def verdict(self, op: Op, t: float, reading: Reading | None = None) -> Verdict:
        """Decides `self op t` without recording the verdict.

        Args:
            op: The comparison.
            t: The threshold.
            reading: The reading; the suite's by default.

        Returns:
            The verdict.

        Raises:
            UserError: An argument is invalid, or the measure may not be gated; or golden decides, where looking
                without recording would be peeking.
        """
        self._use.check_open(self.name)
        if op not in (">=", "<="):
            raise UserError(f'no comparison "{op}"', hint="use >= or <=")
        how = (self._use.judge or current()).look()
        check_reading(reading or how.reading)
        checks.may_be_gated(self._evidence, self._use.explored)
        checks.right_way(self._evidence, self._use.one_way, op)
        return decide(self._evidence, op, checks.as_threshold(self.name, t), reading or how.reading, how)


def _difference(a: Measure, b: Measure, name: str) -> Measure:
    return Measure.of(a._evidence.minus(b._evidence, name), a._tags, a._use.and_(b._use))
