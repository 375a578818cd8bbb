"""What n golden examples do for one gate: what passes, how likely that is, how many examples it takes, how steady the
verdict is.

Counts of right answers are computed exactly (Clopper-Pearson). Graded values and paired differences are resampled from
dev, weighted so that their mean is the assumed truth; approximate measures (macro-F1) are taken as normal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from goldgate.base.errors import UserError
from goldgate.gates.chance import DRAWS, GateRecord, Resamples, chance_of_passing, normal_margin, spread_on, yes_no
from goldgate.gates.planning import examples_needed, least_right
from goldgate.measures.binomial import MOST, POWER, at_least, examples_for
from goldgate.measures.evidence import FAIL_LEVEL
from goldgate.measures.resampled import DRAWS as BOOTSTRAP_DRAWS
from goldgate.measures.wording import threshold

_EXACT_TO = 2_000  # examples; beyond it the power's saw-tooth is under a point, and following it takes seconds
_SEARCH_DRAWS = 500  # a number of examples is then known to a few in a hundred
_HALVINGS = 10


@dataclass(frozen=True)
class GatePlan:
    """What n golden examples (of the gate's slice) do for a gate whose measure is `truth` in truth.

    truth: in the unit of the values that the gate tests (missing answers of dev at their worst); right: fewest good
    answers of n with which it passes, None where the values are no counts or no count passes; possible: whether any
    result on n examples passes; sure: whether every result does; power: chance that it passes; examples: number of
    examples from which the power is at least 0.8, None where there is none, and for a plausible gate, which passes with
    one; refutes: for a plausible gate the truth nearest to the threshold at which it does not pass in 4 of 5 cases,
    None where there is none; flips: chance that two golden sets of n examples come to different verdicts.
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
        """Whether the gate is on a percentile, which is planned as the share of examples on its threshold's side."""
        v = self.gate.verdict
        return (self.gate.threshold, self.gate.bounds) != (v.threshold, v.bounds)

    @property
    def written(self) -> str:
        """The gate as its suite writes it; dev reads it in another way."""
        v = self.gate.verdict
        if v.metric == v.gate:
            return v.gate  # between two measures
        reading = "" if v.written == "shown" else f".{v.written}"
        return f"{v.metric}{reading} {v.op} {threshold(v.threshold)}"


def plan_gate(gate: GateRecord, n: int, level: float, truth: float | None = None) -> GatePlan:
    """The plan of a gate for n golden examples of its slice, at the level of the look to come.

    gate: as it was recorded on dev; truth: default dev's estimate. Deterministic. Raises UserError for n below 1, for a
    truth that the measure cannot have, and for a gate that dev says nothing of (`can_plan`).
    """
    if n < 1:
        raise UserError(f"{n} examples show nothing", hint="plan with at least 1")
    if not can_plan(gate):
        raise UserError(f"{gate.verdict.gate} has no values to plan from", hint="measure it on dev first")
    lo, hi = gate.bounds
    assumed = estimate(gate) if truth is None else truth
    if not lo <= assumed <= hi:
        raise UserError(
            f"{gate.verdict.metric} lies between {lo:g} and {hi:g}: {assumed:g} cannot be the truth of it",
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
    """Whether dev says what a gate's values on golden are like: it is not invalid, nor approximate with answers
    missing, nor on the general questions, of which golden has no others.
    """
    return not gate.fixed and gate.verdict.outcome != "invalid" and bool(gate.values or gate.spread)


def counts_right(gate: GateRecord) -> bool:
    """Whether a gate counts right answers, so that all about it is exact."""
    return gate.spread is None and yes_no(gate)


def chance_of_other_verdict(gate: GateRecord) -> float | None:
    """Chance that a gate decided on a golden set comes out differently (passes, or does not) on a fresh one of the same
    size, judged from its values on that set.

    The truth is drawn about those values (Dirichlet weights) and the fresh set from it, as in `chance_of_passing`: it
    is about one half where the gate passed by nothing. None for a gate without values: invalid, or sealed.
    """
    if not can_plan(gate):
        return None
    chance = chance_of_passing([gate], gate.verdict.n, gate.verdict.level)
    return 1.0 - chance if gate.verdict.outcome == "pass" else chance


def estimate(gate: GateRecord) -> float:
    """The mean of the values that a gate tests, missing answers at their worst for it."""
    if gate.spread is not None:
        return gate.verdict.estimate
    worst = 0 if gate.op == ">=" else 1
    return float(np.mean([v[worst] for v in gate.values.values()]))


def gate_power(gate: GateRecord, n: int, level: float, truth: float, draws: int = DRAWS) -> float:
    """Chance that a gate passes on n examples where its measure is `truth`. level: of the look; draws: of resampling,
    which is seeded.
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
    """The gate's units; with one more at the end of the range, where dev's values do not reach as far as the truth."""
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
    """How many groups n examples come in, where an example without a group is one of its own."""
    units = len({gate.groups.get(i, i) for i in gate.values})
    return max(1, round(n * units / len(gate.values)))


def tilted(totals: NDArray[np.float64], sizes: NDArray[np.float64], truth: float) -> NDArray[np.float64]:
    """Weights of units under which their mean is `truth`, as near to equal ones as can be (exponential tilting).

    totals, sizes: (k,) sum of the values and number of examples of each unit. Returns (k,) weights that sum up to 1.
    `truth` lies between the smallest and the largest mean of a unit.
    """
    gaps = totals - truth * sizes
    largest = float(np.abs(gaps).max())
    nothing = 1e-12 * largest
    if largest < 1e-12 or abs(float(gaps.mean())) < nothing:
        return np.full(len(gaps), 1.0 / len(gaps))
    # A gap that rounding alone makes would ask for a pull beyond any number: the truth is then that unit's own mean.
    if not (gaps.min() < -nothing and gaps.max() > nothing):
        at = (np.abs(gaps) <= nothing).astype(np.float64)
        return np.asarray(at / at.sum())
    gaps = gaps / largest

    def weights(pull: float) -> NDArray[np.float64]:
        raised = np.exp(pull * gaps - (pull * gaps).max())
        return np.asarray(raised / raised.sum())

    low, high = -1.0, 1.0
    while weights(low) @ gaps > 0.0:
        low *= 2.0
    while weights(high) @ gaps < 0.0:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if weights(middle) @ gaps < 0.0 else (low, middle)
    return weights(0.5 * (low + high))


def _good_share(gate: GateRecord, rate: float) -> float:
    """A rate of ones as the rate of those values that count for the gate."""
    return rate if gate.op == ">=" else 1.0 - rate


def _right(gate: GateRecord, n: int, level: float) -> int | None:
    return least_right(n, _good_share(gate, gate.threshold), level, gate.verdict.written)


def reach(gate: GateRecord, n: int, level: float) -> tuple[bool, bool]:
    """Whether some result on n examples passes, and whether every one does: from the best and the worst one."""
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
    """p where every value is at the end of its range; rate: how far from the other end the threshold lies, as a share
    of the range. It is rate^n for independent examples.
    """
    if not 0.0 < rate < 1.0:
        return 0.0 if rate <= 0.0 else 1.0
    units = _units(gate, n)
    sizes = Counter(gate.groups.get(i, i) for i in gate.values)
    spare = max(gate.max_group, *sizes.values())
    return (1.0 + (1.0 - rate) * (n / units) / (rate * spare)) ** -units


def _examples(gate: GateRecord, n: int, level: float, truth: float) -> int | None:
    """Number of examples from which a shown or observed gate passes in 4 of 5 cases. Exact for counts up to 2,000."""
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
    """About the smallest size from which the chance is at least 0.8; None over a million."""
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
    """The truth nearest to the threshold at which a plausible gate does not pass in 4 of 5 cases."""
    worst = gate.bounds[0 if gate.op == ">=" else 1]
    passing = 1.0 - POWER
    if gate_power(gate, n, level, worst, _SEARCH_DRAWS) > passing:
        return None
    far, near = worst, gate.threshold
    for _ in range(_HALVINGS):
        middle = 0.5 * (far + near)
        far, near = (middle, near) if gate_power(gate, n, level, middle, _SEARCH_DRAWS) <= passing else (far, middle)
    return far
