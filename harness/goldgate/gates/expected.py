"""What clusters of golden's examples will do to its verdicts, expected from dev's answers or from their sizes alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goldgate.gates.effects import correlation_of, deciding
from goldgate.gates.power import GatePlan, gate_power
from goldgate.gates.record import GateRecord
from goldgate.task.clusters import Clusters

ASSUMED = 0.1
"""Intra-cluster correlation that is taken as an example where no answers tell it; the shipped invoices have 0.13 by
layout, voice 0.04 by topic, and tickets none by situation.
"""
_NOTABLE = 1.2  # a design effect below it costs less than a fifth of the examples
_DROP = 0.05  # a loss of power that is worth naming


@dataclass(frozen=True)
class Expected:
    """The design effect of one field that golden is expected to have.

    Attributes:
        field: The field.
        clusters: Number of its values in golden.
        n: Number of golden examples that is planned for.
        declared: Whether it is a declared stratum.
        correlation: The intra-cluster correlation.
        known: Whether dev's answers show it; if they do not, or there are none, it is ASSUMED.
        design: The design effect.
        largest: The largest possible one, if examples of one value are all right or all wrong.
        weaker: (gate, its power, its power on n / design examples), for the shown gates that lose power.
    """

    field: str
    clusters: int
    n: int
    declared: bool
    correlation: float
    known: bool
    design: float
    largest: float
    weaker: tuple[tuple[str, float, float], ...] = ()

    @property
    def effective(self) -> int:
        """Number of independent examples that say as much."""
        return round(self.n / self.design)

    def lines(self) -> list[str]:
        """Says what the field does to golden's verdicts, and how to declare it; no line if it is too little."""
        values = f"{self.field}: {self.clusters} values in golden"
        if self.declared:
            return [f"{values}, a declared stratum: verdicts are about new examples of these values, and of no others"]
        if self.design < _NOTABLE:
            return []
        worth = f"{self.n:,} examples say as much as {self.effective:,} independent ones"
        if self.known:
            said = f"{values}, design effect {self.design:.1f} by dev's answers: {worth}"
        else:
            said = (
                f"{values}: no answers show whether they matter; if answers of one value correlate by"
                f" {self.correlation:g}, {worth}"
            )
        return [
            said,
            *(f"  {gate}: passes in {then:.0%} of cases then, not {power:.0%}" for gate, power, then in self.weaker),
            f'  declare it: as "group" of each example if verdicts must hold for new values of {self.field}; with'
            f" `strata: [{self.field}]` in task.yaml if they are about these values",
        ]


def expected_effects(
    golden: Sequence[Clusters],
    n: int,
    dev: Sequence[Clusters] = (),
    records: Sequence[GateRecord] = (),
    plans: Sequence[GatePlan] = (),
    metrics: Sequence[str] = (),
) -> tuple[Expected, ...]:
    """Computes the design effects that n golden examples are expected to have.

    Args:
        golden: Golden's clusters; with another n, as many values are assumed, each with more or fewer examples.
        n: Number of golden examples to plan for.
        dev: Dev's clusters.
        records: The gates on dev, with their values.
        plans: The plans of the gates.
        metrics: The metrics that decide, for the correlation.

    Returns:
        One effect for each field of golden.
    """
    made = []
    for clusters in golden:
        on_dev = next((c for c in dev if c.field == clusters.field), None)
        gate = None if on_dev is None else deciding(records, len(on_dev.of), metrics)
        shown = None if gate is None or on_dev is None else correlation_of(gate, on_dev)
        known, rho = shown is not None, ASSUMED if shown is None else shown
        largest = max(1.0, clusters.mean_size * n / len(clusters.of))
        design = 1.0 + rho * (largest - 1.0)
        weaker = () if clusters.declared or not known else tuple(_weaker(plans, n, rho, largest))
        made.append(Expected(clusters.field, clusters.count, n, clusters.declared, rho, known, design, largest, weaker))
    return tuple(made)


def _weaker(plans: Sequence[GatePlan], n: int, rho: float, largest: float) -> list[tuple[str, float, float]]:
    """The shown gates that lose power if their examples count as so many fewer; a slice has a part of each cluster."""
    found = []
    for plan in plans:
        if plan.gate.verdict.written != "shown" or not plan.possible:
            continue
        design = 1.0 + rho * max(largest * plan.n / n - 1.0, 0.0)
        then = gate_power(plan.gate, max(1, round(plan.n / design)), plan.level, plan.truth)
        if plan.power - then > _DROP:
            found.append((plan.written, plan.power, then))
    return found
