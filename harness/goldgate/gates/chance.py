"""The chance of passing golden, estimated from dev, which decides whether a candidate is worth a look."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from goldgate.base.errors import UserError
from goldgate.gates.record import GateRecord, yes_no
from goldgate.measures.binomial import needed
from goldgate.measures.evidence import FAIL_LEVEL
from goldgate.measures.tail import Side, log_mass_near, mass_below_zero

DRAWS = 2_000  # enough to know the chance to about one percentage point
PRIOR = 0.5
"""Weight of each of the two examples that are added to dev, one at its best for every gate and one at its worst.

For right and wrong answers this is Jeffreys' prior, Beta(1/2, 1/2). Without it a dev split on which every answer is
right would say that golden passes for certain, however small it is.
"""
_WIDEST = 2.0  # bounds of a rate or a difference of rates; the worst value of a token count says nothing of its mean
_UNSURE = 0.25  # if the saddle-point approximation is this close to the level (in log space), p is computed exactly

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]


def chance_of_passing(
    gates: Sequence[GateRecord], n_golden: int, level: float, draws: int = DRAWS, seed: int = 0, known: float = 1.0
) -> float:
    """Estimates from dev the chance that all gates pass together on golden.

    Each draw weights dev's examples (those of any gate) by Dirichlet(1, .., 1), resamples n_golden of them, and applies
    every gate by the reading that the suite asks for. Two more examples of weight PRIOR stand for what dev may not have
    shown. The result is optimistic if dev chose the candidate among others: see `chance_as_chosen`.

    Approximate gates (macro-F1) are treated as normal and independent of the others. Gates on the general questions use
    the same examples on golden, so they are applied unchanged, at `level`.

    Args:
        gates: The gates as recorded on dev.
        n_golden: Number of golden examples.
        level: Level of a shown gate, per side.
        draws: Number of resamples.
        seed: Seed of the resampling.
        known: How many times as much as this dev split is known about the candidate, at least 1.

    Returns:
        The share of draws in which all gates pass; 0 if any gate is invalid.

    Raises:
        UserError: There are no gates.
    """
    if not gates:
        raise UserError("there are no gates to pass", hint="write one: assert candidate.exact_match >= 0.9")
    if any(g.verdict.outcome == "invalid" or (g.fixed and not _passes_again(g, level)) for g in gates):
        return 0.0
    gates = [g for g in gates if not g.fixed]
    if not all(g.values or g.spread for g in gates):
        return 0.0
    others = math.prod(_normal_chance(g, n_golden, level) for g in gates if g.spread is not None)
    gates = [g for g in gates if g.spread is None]
    if not gates:
        return others
    unit = {i: g.groups.get(i, i) for g in gates for i in g.values}
    units = sorted(set(unit.values()))
    place = {u: k for k, u in enumerate(units)}
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(known * np.array([*np.ones(len(units)), PRIOR, PRIOR]), size=draws)
    drawn = max(1, round(n_golden * len(units) / len(unit)))
    counts: Counts = rng.multinomial(drawn, weights)
    alive = np.ones(draws, dtype=np.bool_)
    for gate in sorted(gates, key=_cost):
        resampled = Resamples.of(gate, unit, place).with_prior(len(units))
        alive[alive] = resampled.passes(counts[alive], level)
    return float(alive.mean()) * others


def _passes_again(gate: GateRecord, level: float) -> bool:
    """Whether a gate passes on exactly these values, by the reading that the suite asks for, at another level."""
    if gate.spread is not None:
        return normal_margin(gate, gate.verdict.estimate, gate.spread, level) >= 0.0
    unit = {i: gate.groups.get(i, i) for i in gate.values}
    place = {u: k for k, u in enumerate(sorted(set(unit.values())))}
    return bool(Resamples.of(gate, unit, place).passes(np.ones((1, len(place)), dtype=np.int64), level)[0])


def _normal_chance(gate: GateRecord, n_golden: int, level: float) -> float:
    """The chance of an approximate gate: golden's estimate varies around the truth, and the truth around dev's."""
    spread, on_golden = gate.spread or 0.0, spread_on(gate, n_golden)
    margin = normal_margin(gate, gate.verdict.estimate, on_golden, level)
    return NormalDist().cdf(margin / math.hypot(spread, on_golden))


def spread_on(gate: GateRecord, n: int) -> float:
    """Scales the standard error of an approximate measure from dev to another number of examples.

    Args:
        gate: The gate as recorded on dev.
        n: Number of examples.

    Returns:
        The standard error on n examples.
    """
    return (gate.spread or 0.0) * math.sqrt(gate.verdict.n / n)


def normal_margin(gate: GateRecord, truth: float, spread: float, level: float) -> float:
    """Computes by how much the truth exceeds what an approximate gate requires.

    Args:
        gate: The gate.
        truth: The assumed true value of its measure.
        spread: Standard error of golden's estimate.
        level: Level of a shown gate, per side.

    Returns:
        The margin in the unit of the measure; positive on the side where the gate passes.
    """
    margin = (truth - gate.threshold) * (1.0 if gate.op == ">=" else -1.0)
    if gate.verdict.written == "shown":
        margin -= NormalDist().inv_cdf(1.0 - level) * spread
    if gate.verdict.written == "plausible":
        margin += NormalDist().inv_cdf(1.0 - FAIL_LEVEL) * spread
    return margin


def _cost(gate: GateRecord) -> int:
    """Sorts gates that are cheap to apply first, so that slow ones see fewer draws."""
    simple = gate.verdict.written == "observed" or yes_no(gate)
    return (0 if simple else 1_000_000) + len(gate.values)


@dataclass(frozen=True)
class Resamples:
    """One gate as sums over the units that are resampled. A unit is an example or a group of examples.

    Attributes:
        gate: The gate.
        columns: (k,) positions of its units among all units.
        low: (k,) sum of the lowest values of each unit.
        high: (k,) sum of the highest values of each unit.
        sizes: (k,) number of examples of each unit.
        prior: How many of the last units stand for no example of dev.
    """

    gate: GateRecord
    columns: Counts
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    sizes: NDArray[np.float64]
    prior: int = 0

    @classmethod
    def of(cls, gate: GateRecord, unit: Mapping[str, str], place: Mapping[str, int]) -> Resamples:
        """Sums a gate's values by unit.

        Args:
            gate: The gate.
            unit: Example id → unit.
            place: Unit → its position among all units.

        Returns:
            The sums.
        """
        sums: dict[int, list[float]] = {}
        for i in sorted(gate.values):
            low, high = gate.values[i]
            row = sums.setdefault(place[unit[i]], [0.0, 0.0, 0.0])
            row[0], row[1], row[2] = row[0] + low, row[1] + high, row[2] + 1.0
        columns = np.array(sorted(sums), dtype=np.int64)
        table = np.array([sums[int(c)] for c in columns])
        return cls(gate, columns, table[:, 0], table[:, 1], table[:, 2])

    def with_prior(self, at: int) -> Resamples:
        """Adds an example at the gate's best and one at its worst, if the gate is on a rate or a difference of rates.

        Args:
            at: Position of the best one among all units; the worst one follows.

        Returns:
            The sums with the two examples.
        """
        lo, hi = self.gate.bounds
        if hi - lo > _WIDEST:
            return self
        ends = [hi, lo] if self.gate.op == ">=" else [lo, hi]
        return replace(
            self,
            columns=np.append(self.columns, [at, at + 1]),
            low=np.append(self.low, ends),
            high=np.append(self.high, ends),
            sizes=np.append(self.sizes, [1.0, 1.0]),
            prior=2,
        )

    def passes(self, counts: Counts, level: float) -> Bools:
        """Applies the gate to resamples.

        Args:
            counts: (d, units) how often each resample contains each unit.
            level: Level of a shown gate, per side.

        Returns:
            (d,) whether the gate passes; a resample without any example of the gate's slice does not.
        """
        mine = counts[:, self.columns]
        size = mine @ self.sizes
        real = len(self.columns) - self.prior
        there: Bools = mine[:, :real] @ self.sizes[:real] > 0
        verdict = self.gate.verdict
        up = self.gate.op == ">="
        worst = self.low if up else self.high
        if self.gate.threshold == self.gate.bounds[0 if up else 1]:
            return there  # a threshold that any result meets
        if verdict.written == "observed":
            gap = mine @ worst - self.gate.threshold * size
            return there & ((gap if up else -gap) >= -1e-9)
        if verdict.written == "plausible":
            opposite: Side = "upper" if up else "lower"
            return there & ~self._shown(mine, size, worst, opposite, FAIL_LEVEL)
        return there & self._shown(mine, size, worst, "lower" if up else "upper", level)

    def _shown(
        self, mine: Counts, size: NDArray[np.float64], totals: NDArray[np.float64], side: Side, level: float
    ) -> Bools:
        """Whether each resample shows that the mean is above ("lower") or below ("upper") the threshold."""
        t = self.gate.threshold
        lo, hi = self.gate.bounds
        if yes_no(self.gate):
            rate = t if side == "lower" else 1.0 - t
            hits = mine @ totals if side == "lower" else size - mine @ totals
            enough = {n: needed(int(n), rate, level) if n else None for n in np.unique(size)}
            least = np.array([np.inf if enough[n] is None else enough[n] for n in size], dtype=np.float64)
            return np.asarray(hits >= least - 1e-9, dtype=np.bool_)
        sign, worst = (1.0, lo) if side == "lower" else (-1.0, hi)
        spare = max(float(self.gate.max_group), float(self.sizes.max()))
        terms = np.append(sign * (totals - t * self.sizes), sign * (worst - t) * spare)
        return np.array([_is_shown(terms, np.append(row, 1).astype(np.float64), level) for row in mine], dtype=np.bool_)


def _is_shown(terms: NDArray[np.float64], counts: NDArray[np.float64], level: float) -> bool:
    drawn = counts > 0
    distance = log_mass_near(terms[drawn], counts[drawn]) - float(np.log(level))
    if abs(distance) > _UNSURE:
        return distance < 0.0
    return mass_below_zero(terms[drawn], counts[drawn]) <= level
