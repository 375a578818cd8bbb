"""Measure: per-example values with their ids, an estimate and an exact interval. Comparing a measure makes a gate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from goldgate.base.errors import UserError, near_names
from goldgate.measures import checks
from goldgate.measures.context import Judge, check_unsealed, current
from goldgate.measures.decision import decide
from goldgate.measures.evidence import Better, Evidence, Mean, Op
from goldgate.measures.quantile import quantile_of
from goldgate.measures.reading import Read
from goldgate.measures.verdict import Reading, Verdict, check_reading


class Measure:
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
        self._explored, self._one_way = "", False
        self._judge: Judge | None = None

    @classmethod
    def of(
        cls,
        evidence: Evidence,
        tags: tuple[frozenset[str], ...],
        explored: str = "",
        one_way: bool = False,
        judge: Judge | None = None,
    ) -> Measure:
        """Makes a measure of any kind of evidence.

        Args:
            evidence: The evidence.
            tags: Tags of each example.
            explored: Why the measure may be viewed but never gated; empty if it may be gated.
            one_way: Whether only comparisons towards better values are allowed.
            judge: Who judges its comparisons; None for whoever does so at that moment.

        Returns:
            The measure.

        Raises:
            UserError: The evidence has no examples.
        """
        made = cls.__new__(cls)
        made._evidence, made._tags, made._explored, made._one_way = evidence, tags, explored, one_way
        made._judge = judge
        checks.not_empty(evidence)
        return made

    def marked(self, explored: str) -> Measure:
        """Returns the measure with a reason why it is never gated (see `of`); unchanged if the reason is empty."""
        return Measure.of(self._evidence, self._tags, explored, self._one_way, self._judge) if explored else self

    def judged_by(self, judge: Judge | None) -> Measure:
        """Returns the measure with a judge who tests and records its comparisons wherever they are made."""
        return Measure.of(self._evidence, self._tags, self._explored, self._one_way, judge)

    def toward_better(self) -> Measure:
        """Returns the measure restricted to comparisons towards better values.

        It is for values that are set to the worst one when nothing is known: in the other direction that would be the
        best one.
        """
        return Measure.of(self._evidence, self._tags, self._explored, True, self._judge)

    @property
    def evidence(self) -> Evidence:
        """The evidence behind the measure, for code that records or resamples it."""
        return self._evidence

    @property
    def name(self) -> str:
        """What messages call the measure."""
        return self._evidence.name

    @property
    def value(self) -> float:
        """The estimate from the answers that are not missing. Raises UserError if golden is sealed."""
        check_unsealed(self.name, self._judge)
        return self._evidence.estimate

    @property
    def n(self) -> int:
        """Number of examples, including missing answers."""
        return self._evidence.n

    @property
    def missing(self) -> int:
        """Number of missing answers."""
        return self._evidence.lost

    @property
    def bounds(self) -> tuple[float, float]:
        """Range of the estimate."""
        return self._evidence.bounds

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Computes a confidence interval, which is exact unless the measure is approximate.

        Args:
            level: Coverage in (0, 1), with half of the error on each side.

        Returns:
            The lower and the upper end.

        Raises:
            UserError: Golden is sealed, or the level is out of range.
        """
        check_unsealed(self.name, self._judge)
        return self._evidence.interval(level)

    def __repr__(self) -> str:
        if (self._judge or current()).look().sealed:
            return f"{self.name} (sealed, n = {self.n})"
        low, high = self.interval()
        about = ", approximate" if self._evidence.approximate else ""
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
        return Measure.of(kept, tuple(t for t in self._tags if t & wanted), self._explored, self._one_way, self._judge)

    def where(self, keep: Callable[[float], bool], label: str = "where") -> Measure:
        """Slices the measure by its values, for exploration only.

        The slice depends on the answers, so it cannot be gated: comparing it raises UserError.

        Args:
            keep: Decides from an example's value whether to keep it; missing answers are left out.
            label: Name of the slice, for messages.

        Returns:
            The measure on the examples that are kept.

        Raises:
            UserError: Golden is sealed, the measure is not a mean, or no example is kept.
        """
        check_unsealed(f"{self.name}[{label}]", self._judge)
        evidence = self._evidence
        if not isinstance(evidence, Mean):
            raise UserError(f"{self.name} has no values to select by", hint="slice by tags: m.on(tag)")
        low, there = evidence.low, ~evidence.missing
        rows = [i for i in range(evidence.n) if there[i] and keep(float(low[i]))]
        kept = evidence.take(set(rows).__contains__, f"{self.name}[{label}]")
        return Measure.of(
            kept, tuple(self._tags[i] for i in rows), f"{kept.name} was selected by the answers", judge=self._judge
        )

    def percentile(self, q: float) -> Measure:
        """Takes a percentile of the values. Its interval is exact (order statistics).

        Args:
            q: Percentage in (0, 100).

        Returns:
            The smallest value that q% of the examples do not exceed, as a measure.

        Raises:
            UserError: q is out of range, or the measure is not a mean of values.
        """
        if not 0.0 < q < 100.0:
            raise UserError(f"{self.name} has no percentile {q:g}", hint="give a number between 0 and 100")
        made = quantile_of(self._evidence, q / 100.0, f"{self.name}.p{q:g}")
        return Measure.of(made, self._tags, self._explored, self._one_way, self._judge)

    @property
    def p50(self) -> Measure:
        """The median."""
        return self.percentile(50)

    @property
    def p95(self) -> Measure:
        """The 95th percentile."""
        return self.percentile(95)

    def __sub__(self, other: Measure) -> Measure:
        """Computes the paired difference, example by example. Raises UserError unless both have the same examples."""
        if not isinstance(other, Measure):
            return NotImplemented
        return _difference(self, other, f"{self.name} - {other.name}")

    def __mul__(self, factor: float) -> Measure:
        if isinstance(factor, bool) or not isinstance(factor, (int, float)):
            return NotImplemented
        if not math.isfinite(factor) or factor == 0.0:
            raise UserError(f"{self.name} cannot be multiplied by {factor:g}", hint="use a finite number, not 0")
        scaled = self._evidence.times(factor, f"{factor:g} * {self.name}")
        return Measure.of(scaled, self._tags, self._explored, self._one_way, self._judge)

    __rmul__ = __mul__

    def __ge__(self, other: float | Measure | Read) -> Verdict:
        return self.compare(">=", other)

    def __le__(self, other: float | Measure | Read) -> Verdict:
        return self.compare("<=", other)

    def __gt__(self, other: object) -> NoReturn:
        raise checks.not_strict(self.name, ">")

    def __lt__(self, other: object) -> NoReturn:
        raise checks.not_strict(self.name, "<")

    def __eq__(self, other: object) -> NoReturn:
        raise checks.not_equal(self.name)

    def __ne__(self, other: object) -> NoReturn:
        raise checks.not_equal(self.name)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise checks.not_compared(self.name)

    @property
    def shown(self) -> Read:
        """The measure under the reading shown: a gate passes if the data shows it at the look's level (the default)."""
        return Read(self, "shown")

    @property
    def plausible(self) -> Read:
        """The measure under the reading plausible, for small slices: a gate passes unless its opposite is shown."""
        return Read(self, "plausible")

    @property
    def observed(self) -> Read:
        """The measure under the reading observed: a gate passes if the estimate alone reaches the threshold."""
        return Read(self, "observed")

    def compare(self, op: Op, right: float | Measure | Read, reading: Reading | None = None) -> Verdict:
        """Decides and records the gate `self op right`; two measures are compared by their paired difference.

        Args:
            op: The comparison.
            right: The threshold, or another measure on the same examples.
            reading: The reading; the suite's by default.

        Returns:
            The verdict.

        Raises:
            UserError: The gate cannot be decided or, in a suite, not be recorded.
        """
        if isinstance(right, Read):
            reading, right = reading or right.reading, right.measure
        other = right._judge if isinstance(right, Measure) else None
        how = (self._judge or other or current()).gate()
        checks.right_way(self.evidence, self._one_way, op)
        if isinstance(right, Measure):
            if not self._one_way:
                checks.right_way(right.evidence, right._one_way, "<=" if op == ">=" else ">=")
            text = f"{self.name} {op} {right.name}"
            measure = _difference(self, right, text) if op == ">=" else _difference(right, self, text)
            checks.may_be_gated(measure._explored)
            verdict = decide(measure.evidence, ">=", 0.0, reading or how.reading, how, text)
        else:
            measure = self
            checks.may_be_gated(measure._explored)
            verdict = decide(self.evidence, op, checks.as_threshold(self.name, right), reading or how.reading, how)
        if how.record is not None:
            how.record(verdict, measure)
        return verdict

    def verdict(self, op: Op, t: float, reading: Reading | None = None) -> Verdict:
        """Decides `self op t` without recording the verdict.

        Args:
            op: The comparison.
            t: The threshold.
            reading: The reading; the suite's by default.

        Returns:
            The verdict.

        Raises:
            UserError: An argument is invalid, or the measure may not be gated.
        """
        if op not in (">=", "<="):
            raise UserError(f'no comparison "{op}"', hint="use >= or <=")
        how = (self._judge or current()).look()
        check_reading(reading or how.reading)
        checks.may_be_gated(self._explored)
        checks.right_way(self.evidence, self._one_way, op)
        return decide(self._evidence, op, checks.as_threshold(self.name, t), reading or how.reading, how)


def _difference(a: Measure, b: Measure, name: str) -> Measure:
    explored, one_way = a._explored or b._explored, a._one_way or b._one_way
    return Measure.of(a.evidence.minus(b.evidence, name), a._tags, explored, one_way, a._judge or b._judge)
