"""At which level a look is tested, and when a candidate is worth one: the chance of passing golden, from dev."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError
from harness.measures import Measure, Verdict
from harness.measures.binomial import needed
from harness.measures.evidence import FAIL_LEVEL
from harness.measures.tail import Side, log_mass_near, mass_below_zero

DRAWS = 2_000  # the chance is then known to one point
_UNSURE = 0.25  # where the saddle point alone is this near to the level, in logarithms, p is computed exactly

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]


def level(number: int, error: float = 0.05) -> float:
    """Level per side of look `number`, counted from 1: error / 2^number. The levels of all looks sum up to `error`."""
    if number < 1 or not 0.0 < error < 0.5:
        raise UserError(f"no level for look {number} with error {error:g}", hint="looks count from 1; error: 0.05")
    return error / 2.0**number


@dataclass(frozen=True)
class GateRecord:
    """One gate with its values by example id, so that it can be applied to resampled examples.

    values: id → (lowest, highest) value, equal unless the answer is missing; groups: id → group, where examples have
    one; max_group: the largest group that may occur; item: pytest's node id.
    """

    verdict: Verdict
    values: Mapping[str, tuple[float, float]]
    groups: Mapping[str, str]
    max_group: int
    item: str

    @classmethod
    def of(cls, verdict: Verdict, measure: Measure, item: str) -> GateRecord:
        """The record of a verdict and the measure that it was given on."""
        e = measure.evidence
        values = {i: (float(lo), float(hi)) for i, lo, hi in zip(e.ids, e.low, e.high, strict=True)}
        groups = {} if e.groups is None else dict(zip(e.ids, e.groups, strict=True))
        return cls(verdict, values, groups, e.max_group, item)

    def to_json(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "verdict": self.verdict.to_json(),
            "values": {i: list(v) for i, v in self.values.items()},
            "groups": dict(self.groups),
            "max_group": self.max_group,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> GateRecord:
        values = {str(i): (float(v[0]), float(v[1])) for i, v in raw["values"].items()}
        verdict = Verdict.from_json(raw["verdict"])
        return cls(verdict, values, dict(raw["groups"]), int(raw["max_group"]), str(raw["item"]))


def chance_of_passing(
    gates: Sequence[GateRecord], n_golden: int, level: float, draws: int = DRAWS, seed: int = 0
) -> float:
    """Chance that all gates pass together on a golden split of n_golden examples, judged from their values on dev.

    Each draw weighs dev's examples (those of any gate) by Dirichlet(1, .., 1), resamples n_golden of them, and applies
    every gate by the reading that the suite asks for, shown ones at `level`. Optimistic where dev steered the training.
    Returns the share of draws that pass; 0 with an invalid gate among them. Raises UserError without gates.
    """
    if not gates:
        raise UserError("there are no gates to pass", hint="write one: assert candidate.exact_match >= 0.9")
    if any(g.verdict.outcome == "invalid" or not g.values for g in gates):
        return 0.0
    unit = {i: g.groups.get(i, i) for g in gates for i in g.values}
    units = sorted(set(unit.values()))
    place = {u: k for k, u in enumerate(units)}
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(len(units)), size=draws)
    drawn = max(1, round(n_golden * len(units) / len(unit)))
    counts: Counts = rng.multinomial(drawn, weights)
    alive = np.ones(draws, dtype=np.bool_)
    for gate in sorted(gates, key=_cost):
        resampled = _Resampled.of(gate, unit, place)
        alive[alive] = resampled.passes(counts[alive], level)
    return float(alive.mean())


def _cost(gate: GateRecord) -> int:
    """Gates that are quick to apply go first, so that slow ones see fewer draws."""
    simple = gate.verdict.written == "observed" or _yes_no(gate)
    return (0 if simple else 1_000_000) + len(gate.values)


def _yes_no(gate: GateRecord) -> bool:
    alone = gate.max_group == 1 and len(set(gate.groups.values())) == len(gate.groups)
    return alone and gate.verdict.bounds == (0.0, 1.0) and all(x in (0.0, 1.0) for v in gate.values.values() for x in v)


@dataclass(frozen=True)
class _Resampled:
    """One gate as sums over the units (examples, or groups of them) that are resampled."""

    gate: GateRecord
    columns: Counts
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    sizes: NDArray[np.float64]

    @classmethod
    def of(cls, gate: GateRecord, unit: Mapping[str, str], place: Mapping[str, int]) -> _Resampled:
        sums: dict[int, list[float]] = {}
        for i in sorted(gate.values):
            low, high = gate.values[i]
            row = sums.setdefault(place[unit[i]], [0.0, 0.0, 0.0])
            row[0], row[1], row[2] = row[0] + low, row[1] + high, row[2] + 1.0
        columns = np.array(sorted(sums), dtype=np.int64)
        table = np.array([sums[int(c)] for c in columns])
        return cls(gate, columns, table[:, 0], table[:, 1], table[:, 2])

    def passes(self, counts: Counts, level: float) -> Bools:
        """Whether the gate passes on each resample, (d, units) counts; one without examples of the slice does not."""
        mine = counts[:, self.columns]
        size = mine @ self.sizes
        verdict = self.gate.verdict
        up = verdict.op == ">="
        worst = self.low if up else self.high
        if verdict.threshold == verdict.bounds[0 if up else 1]:
            return np.asarray(size > 0, dtype=np.bool_)  # a threshold that cannot be missed
        if verdict.written == "observed":
            gap = mine @ worst - verdict.threshold * size
            return (size > 0) & ((gap if up else -gap) >= -1e-9)
        if verdict.written == "plausible":
            opposite: Side = "upper" if up else "lower"
            return (size > 0) & ~self._shown(mine, size, worst, opposite, FAIL_LEVEL)
        return (size > 0) & self._shown(mine, size, worst, "lower" if up else "upper", level)

    def _shown(
        self, mine: Counts, size: NDArray[np.float64], totals: NDArray[np.float64], side: Side, level: float
    ) -> Bools:
        """Whether each resample shows the mean to be above ("lower") or below ("upper") the threshold."""
        t = self.gate.verdict.threshold
        lo, hi = self.gate.verdict.bounds
        if _yes_no(self.gate):
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
