"""The chance of passing golden of a candidate that dev chose among several: the best on dev is partly the luckiest.

What a gate's estimate owes to luck is judged from how the attempts differ on the same examples. Where they differ no
more than chance makes them, the chosen one is taken to be like the others; where they differ far more, its lead is
its own. To shrink estimates towards their mean by the share of their variance that is noise is the estimator of Efron
and Morris (1973, J. Am. Stat. Assoc. 68, 117-130), with variances by the method of moments. Attempts that are alike
are also known better than one dev split alone can tell: the variance of a shrunk estimate is that of Morris (1983, J.
Am. Stat. Assoc. 78, 47-55), without his term for the uncertainty of the share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from goldgate.gates.chance import DRAWS, chance_of_passing
from goldgate.gates.record import GateRecord


def chance_as_chosen(
    chosen: Sequence[GateRecord],
    others: Sequence[Sequence[GateRecord]],
    n_golden: int,
    level: float,
    draws: int = DRAWS,
    seed: int = 0,
) -> float:
    """Estimates the chance that all gates pass on golden, for the attempt that dev chose among others.

    Args:
        chosen: The gates of the chosen attempt, as recorded on dev.
        others: The gates of each other attempt, recorded on the same examples.
        n_golden: Number of golden examples.
        level: Level of a shown gate, per side.
        draws: Number of resamples.
        seed: Seed of the resampling.

    Returns:
        The share of draws in which all gates pass, with every threshold made harder by what the selection has
        probably added to the gate's estimate, and the candidate as well known as the attempts together tell; 0 if any
        gate is invalid.

    Raises:
        UserError: There are no gates.
    """
    harder = [_harder(gate, lead_by_luck(gate, others)) for gate in chosen]
    known = min(
        (known_from_all(gate, others) for gate in chosen if not gate.fixed and gate.spread is None), default=1.0
    )
    chance = chance_of_passing(harder, n_golden, level, draws, seed)
    return min(chance, chance_of_passing(harder, n_golden, level, draws, seed, known)) if known > 1.0 else chance


def lead_by_luck(gate: GateRecord, others: Sequence[Sequence[GateRecord]]) -> float:
    """Estimates how much of the chosen attempt's lead in one gate is luck on dev.

    Args:
        gate: The gate of the chosen attempt.
        others: The gates of each other attempt.

    Returns:
        The expected excess of its estimate over its truth, in the unit of the measure, at least 0. It is 0 if no other
        attempt has the gate on the same examples, or if the attempt does not lead in it.
    """
    if gate.fixed or (table := _table(gate, others)) is None:
        return 0.0
    estimates = table.mean(axis=1)
    lead = float(estimates[0] - estimates.mean())
    return lead * _by_chance(table, gate) if lead > 0.0 else 0.0


def known_from_all(gate: GateRecord, others: Sequence[Sequence[GateRecord]]) -> float:
    """Estimates how many times as much the attempts together tell about the chosen one as its own values do.

    Args:
        gate: The gate of the chosen attempt.
        others: The gates of each other attempt.

    Returns:
        The variance of its estimate by that of the shrunk estimate, from 1 to the number of attempts. It is 1 if no
        other attempt has the gate on the same examples, or if they differ far more than by chance. What moves all
        attempts together, such as the choice of the dev examples, does not shrink.
    """
    if (table := _table(gate, others)) is None:
        return 1.0
    own = _variance(table[:1] - table[0].mean(), gate)
    shrunk = _by_chance(table, gate) * (1.0 - 1.0 / len(table)) * min(_noise(table, gate), own)
    return own / (own - shrunk) if own > 0.0 else 1.0


def _table(gate: GateRecord, others: Sequence[Sequence[GateRecord]]) -> NDArray[np.float64] | None:
    """(attempts, examples) values of a gate, those of the chosen attempt first; None if no other attempt has it."""
    same = [twin for records in others if (twin := _same_gate(gate, records)) is not None]
    if not gate.values or not same:
        return None
    return np.array([_worst_values(one, list(gate.values)) for one in (gate, *same)])


def _by_chance(table: NDArray[np.float64], gate: GateRecord) -> float:
    """The share of the variance between attempts that is chance, in [0, 1]."""
    between = float(table.mean(axis=1).var(ddof=1))
    return min(1.0, _noise(table, gate) / between) if between > 0.0 else 1.0


def _noise(table: NDArray[np.float64], gate: GateRecord) -> float:
    """The variance between estimates that chance alone makes, from (attempts, examples) values of the same examples."""
    apart = table - table.mean(axis=0)  # what all attempts have in common does not choose between them
    return _variance(apart - apart.mean(axis=1, keepdims=True), gate) / (len(table) - 1)


def _variance(apart: NDArray[np.float64], gate: GateRecord) -> float:
    """The variance of a mean, from (rows, examples) differences from it; summed over rows."""
    by_unit: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(len(apart)))
    for column, i in enumerate(gate.values):
        by_unit[gate.groups.get(i, i)] += apart[:, column]
    squares = sum(float(unit @ unit) for unit in by_unit.values())
    return float(squares / apart.shape[1] ** 2)


def _worst_values(gate: GateRecord, ids: Sequence[str]) -> NDArray[np.float64]:
    """Values with missing answers at their worst and higher always better."""
    up = gate.op == ">="
    return np.array([gate.values[i][0] if up else -gate.values[i][1] for i in ids])


def _same_gate(gate: GateRecord, records: Sequence[GateRecord]) -> GateRecord | None:
    """The record of the same gate of the same test on the same examples."""
    for other in records:
        if (other.item, other.verdict.gate) == (gate.item, gate.verdict.gate):
            return other if set(other.values) == set(gate.values) else None
    return None


def _harder(gate: GateRecord, by: float) -> GateRecord:
    """The gate with a threshold that is harder to reach by some amount, within its bounds."""
    if by == 0.0:
        return gate
    lo, hi = gate.bounds
    return replace(gate, threshold=min(hi, gate.threshold + by) if gate.op == ">=" else max(lo, gate.threshold - by))
