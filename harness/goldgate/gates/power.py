"""Power analysis of one gate: what passes on n golden examples, how likely that is, and how many examples it takes.

Counts of right answers are computed exactly (Clopper-Pearson). Graded values and paired differences are resampled from
dev, weighted so that their mean is the assumed truth; approximate measures (macro-F1) are treated as normal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from goldgate.base.errors import UserError
from goldgate.gates.chance import DRAWS, Resamples, chance_of_passing, normal_margin, spread_on
from goldgate.gates.planning import examples_needed, least_right
from goldgate.gates.record import GateRecord, yes_no
from goldgate.gates.tilting import tilted
from goldgate.measures.binomial import MOST, POWER, at_least, examples_for
from goldgate.measures.evidence import FAIL_LEVEL
from goldgate.measures.resampled import DRAWS as BOOTSTRAP_DRAWS
from goldgate.measures.wording import threshold

_EXACT_TO = 2_000  # examples; beyond it the saw-tooth of the power is under a point, and following it takes seconds
_SEARCH_DRAWS = 500  # enough to find a number of examples to within a few percent
_HALVINGS = 10


@dataclass(frozen=True)
class GatePlan:
    """What n golden examples can show for a gate if its measure has an assumed true value.

    Attributes:
        gate: The gate as recorded on dev.
        n: Number of golden examples in the gate's slice.
        level: Level of the look to come, per side.
        truth: The assumed true value, in the unit of the values that the gate tests.
        right: Fewest good answers of n with which the gate passes; None if the values are not counts, or no count
            passes.
        possible: Whether any result on n examples passes.
        sure: Whether every result on n examples passes.
        power: Chance that the gate passes.
        examples: Number of examples from which the power is at least 0.8; None if there is none, and for a plausible
            gate, which can pass with a single example.
        refutes: For a plausible gate, the truth closest to the threshold at which the gate fails to pass in 4 of 5
            cases; None if there is none.
        flips: Chance that two golden sets of n examples come to different verdicts.
    """

    gate: GateRecord
    n: int
    level: float
    truth: float
    right: int | None
    possible: bool
    sure: bool
    power: float
    examples: int | None
    refutes: float | None
    flips: float

    @property
    def is_share(self) -> bool:
        """Whether the gate is on a percentile, which is planned as a share of examples."""
        v = self.gate.verdict
        return (self.gate.threshold, self.gate.bounds) != (v.threshold, v.bounds)

    @property
    def written(self) -> str:
        """The gate as the suite writes it; on dev its reading may differ."""
        v = self.gate.verdict
        if v.metric == v.gate:
            return v.gate  # between two measures
        reading = "" if v.written == "shown" else f".{v.written}"
        return f"{v.metric}{reading} {v.op} {threshold(v.threshold)}"


def plan_gate(gate: GateRecord, n: int, level: float, truth: float | None = None) -> GatePlan:
    """Plans a gate for n golden examples. The result is deterministic.

    Args:
        gate: The gate as recorded on dev.
        n: Number of golden examples in its slice, at least 1.
        level: Level of the look to come, per side.
        truth: The assumed true value of its measure; dev's estimate by default.

    Returns:
        The plan.

    Raises:
        UserError: n is below 1, the measure cannot have the value `truth`, or dev has no values for the gate (see
            `can_plan`).
    """
    if n < 1:
        raise UserError(f"{n} examples cannot show anything", hint="plan with at least 1")
    if not can_plan(gate):
        raise UserError(f"{gate.verdict.gate} has no values to plan from", hint="measure it on dev first")
    lo, hi = gate.bounds
    assumed = estimate(gate) if truth is None else truth
    if not lo <= assumed <= hi:
        raise UserError(
            f"{gate.verdict.metric} is between {lo:g} and {hi:g}: its true value cannot be {assumed:g}",
            hint="rates are written as 0.95, not 95",
        )
    chance = gate_power(gate, n, level, assumed)
    right = _right(gate, n, level) if counts_right(gate) else None
    possible, sure = reach(gate, n, level)
    plausible = gate.verdict.written == "plausible"
    return GatePlan(
        gate,
        n,
        level,
        assumed,
        right,
        possible,
        sure,
        chance,
        None if plausible else _examples(gate, n, level, assumed),
        _refuted_at(gate, n, level) if plausible else None,
        2.0 * chance * (1.0 - chance),
    )


def can_plan(gate: GateRecord) -> bool:
    """Decides whether dev's values predict a gate's values on golden.

    Args:
        gate: The gate as recorded on dev.

    Returns:
        False if the gate is invalid, is approximate with missing answers, or is on the general questions, of which
        golden has the same.
    """
    return not gate.fixed and gate.verdict.outcome != "invalid" and bool(gate.values or gate.spread)


def counts_right(gate: GateRecord) -> bool:
    """Decides whether a gate counts right answers, so that its plan is exact.

    Args:
        gate: The gate.

    Returns:
        True if its values are zeros and ones of independent examples.
    """
    return gate.spread is None and yes_no(gate)


def chance_of_other_verdict(gate: GateRecord) -> float | None:
    """Estimates the chance that a gate would come out differently on a fresh golden set of the same size.

    The truth is drawn around the gate's values (Dirichlet weights) and the fresh set from that truth, as in
    `chance_of_passing`. The chance is about one half if the gate only just passed.

    Args:
        gate: The gate as decided on a golden set.

    Returns:
        The chance that it passes instead of not passing, or the other way round; None for a gate without values
        (invalid or sealed).
    """
    if not can_plan(gate):
        return None
    chance = chance_of_passing([gate], gate.verdict.n, gate.verdict.level)
    return 1.0 - chance if gate.verdict.outcome == "pass" else chance


def estimate(gate: GateRecord) -> float:
    """Computes the mean of the values that a gate tests.

    Args:
        gate: The gate.

    Returns:
        The mean, with missing answers at their worst for the gate.
    """
    if gate.spread is not None:
        return gate.verdict.estimate
    worst = 0 if gate.op == ">=" else 1
    return float(np.mean([v[worst] for v in gate.values.values()]))


def gate_power(gate: GateRecord, n: int, level: float, truth: float, draws: int = DRAWS) -> float:
    """Computes the chance that a gate passes.

    Args:
        gate: The gate as recorded on dev.
        n: Number of examples.
        level: Level of the look, per side.
        truth: The assumed true value of its measure.
        draws: Number of resamples for values that are not counts; the resampling is seeded.

    Returns:
        The chance, in [0, 1].
    """
    if gate.spread is not None:
        spread = spread_on(gate, n)
        return NormalDist().cdf(normal_margin(gate, truth, spread, level) / spread)
    if yes_no(gate):
        right = _right(gate, n, level)
        return 0.0 if right is None else at_least(right, n, _good_share(gate, truth))
    sums = _reaching(gate, truth)
    weights = tilted(sums.low if gate.op == ">=" else sums.high, sums.sizes, truth)
    drawn = _units(gate, n)
    counts = np.random.default_rng(0).multinomial(drawn, weights, size=draws)
    return float(sums.passes(counts, level).mean())


def _reaching(gate: GateRecord, truth: float) -> Resamples:
    """The gate's units, extended by one at the end of the range if dev's values do not reach as far as the truth."""
    unit = {i: gate.groups.get(i, i) for i in gate.values}
    sums = Resamples.of(gate, unit, {u: k for k, u in enumerate(sorted(set(unit.values())))})
    means = (sums.low if gate.op == ">=" else sums.high) / sums.sizes
    if means.min() <= truth <= means.max():
        return sums
    end = gate.bounds[1 if truth > means.max() else 0]
    return replace(
        sums,
        columns=np.append(sums.columns, len(means)),
        low=np.append(sums.low, end),
        high=np.append(sums.high, end),
        sizes=np.append(sums.sizes, 1.0),
    )


def _units(gate: GateRecord, n: int) -> int:
    """How many groups n examples form; an example without a group is a group of its own."""
    units = len({gate.groups.get(i, i) for i in gate.values})
    return max(1, round(n * units / len(gate.values)))


def _good_share(gate: GateRecord, rate: float) -> float:
    """Converts a rate of ones to the rate of the values that count in the gate's favour."""
    return rate if gate.op == ">=" else 1.0 - rate


def _right(gate: GateRecord, n: int, level: float) -> int | None:
    return least_right(n, _good_share(gate, gate.threshold), level, gate.verdict.written)


def reach(gate: GateRecord, n: int, level: float) -> tuple[bool, bool]:
    """Decides from the best and the worst possible result what n examples can show.

    Args:
        gate: The gate.
        n: Number of examples.
        level: Level of a shown gate, per side.

    Returns:
        Whether some result on n examples passes, and whether every result does.
    """
    if counts_right(gate):
        return (right := _right(gate, n, level)) is not None, right == 0
    lo, hi = gate.bounds
    rate = (gate.threshold - lo) / (hi - lo) if gate.op == ">=" else (hi - gate.threshold) / (hi - lo)
    reading = gate.verdict.written
    if rate <= 0.0:
        return True, True
    if reading == "observed":
        return True, False
    if gate.spread is not None:
        return reading == "plausible" or level >= 1.0 / (BOOTSTRAP_DRAWS + 1), False
    if reading == "plausible":
        return True, _p_of_extreme(gate, n, 1.0 - rate) > FAIL_LEVEL
    return _p_of_extreme(gate, n, rate) <= level, False


def _p_of_extreme(gate: GateRecord, n: int, rate: float) -> float:
    """p if every value is at one end of its range; for independent examples it is rate^n.

    rate is the distance of the threshold from the other end, as a share of the range.
    """
    if not 0.0 < rate < 1.0:
        return 0.0 if rate <= 0.0 else 1.0
    units = _units(gate, n)
    sizes = Counter(gate.groups.get(i, i) for i in gate.values)
    spare = max(gate.max_group, *sizes.values())
    return (1.0 + (1.0 - rate) * (n / units) / (rate * spare)) ** -units


def _examples(gate: GateRecord, n: int, level: float, truth: float) -> int | None:
    """The number of examples from which a shown or observed gate passes in 4 of 5 cases; exact for counts to 2,000."""
    margin = (truth - gate.threshold) * (1.0 if gate.op == ">=" else -1.0)
    if gate.threshold == gate.bounds[0 if gate.op == ">=" else 1]:
        return 1
    if margin <= 0.0:
        return None
    if counts_right(gate) and gate.verdict.written == "shown":
        good, t = _good_share(gate, truth), _good_share(gate, gate.threshold)
        near = examples_for(good, t, level)
        return near if near is None or near > _EXACT_TO else examples_needed(good, t, level)
    return _first(lambda size: gate_power(gate, size, level, truth, _SEARCH_DRAWS), n)


def _first(chance: Callable[[int], float], start: int) -> int | None:
    """Approximately the smallest size from which the chance is at least 0.8; None above a million."""
    low, high = 0, start
    while chance(high) < POWER:
        low, high = high, 2 * high
        if high > MOST:
            return None
    while low == 0 and high > 1:
        if chance(half := high // 2) >= POWER:
            high = half
        else:
            low = half
    while high - low > max(1, high // 50):
        middle = (low + high) // 2
        low, high = (low, middle) if chance(middle) >= POWER else (middle, high)
    return high


def _refuted_at(gate: GateRecord, n: int, level: float) -> float | None:
    """The truth closest to the threshold at which a plausible gate fails to pass in 4 of 5 cases."""
    worst = gate.bounds[0 if gate.op == ">=" else 1]
    passing = 1.0 - POWER
    if gate_power(gate, n, level, worst, _SEARCH_DRAWS) > passing:
        return None
    far, near = worst, gate.threshold
    for _ in range(_HALVINGS):
        middle = 0.5 * (far + near)
        far, near = (middle, near) if gate_power(gate, n, level, middle, _SEARCH_DRAWS) <= passing else (far, middle)
    return far
