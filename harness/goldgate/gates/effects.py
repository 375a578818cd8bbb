"""What clusters of examples do to verdicts: design effects, and which passes rest on counting examples one by one.

A pass survives if the gate would pass too with every cluster as one `group`, which is how it would be decided if that
were declared: by Gaffke's bound over clusters, with an added worst cluster of the largest size. Of the bounds simulated
in benchmarks/cluster_bounds.py it is the one that holds with few, unequal clusters; Student's t over clusters and an
interval for n / design effect examples do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from goldgate.gates.record import GateRecord
from goldgate.measures import sample
from goldgate.measures.clusters import correlation, design_effect, p_same
from goldgate.task.clusters import FEWEST, Clusters

CLUSTERED = 0.05
"""p from which clusters are taken to differ no more than chance. The bound over few clusters is cautious, and without
this it would warn wherever there are few values, whether or not they matter.
"""


@dataclass(frozen=True)
class Effect:
    """What the clusters of one field do to a suite's verdicts.

    Attributes:
        field: The field.
        clusters: Number of its values.
        largest: Number of examples of the most frequent one.
        n: Number of examples.
        declared: Whether it is a declared stratum, so that verdicts are about these values and no pass is lost.
        metric: The metric whose design effect is given; empty if no gate has values on the whole split.
        design: The design effect; None if there is no such metric.
        lost: The gates that pass, but not with every cluster as one group.
    """

    field: str
    clusters: int
    largest: int
    n: int
    declared: bool
    metric: str
    design: float | None
    lost: tuple[str, ...]


def effects_of(
    records: Sequence[GateRecord], found: Sequence[Clusters], metrics: Sequence[str] = ()
) -> tuple[Effect, ...]:
    """Computes what clusters do to the verdicts of a suite.

    Args:
        records: The gates, with their values.
        found: The clusters of the split they were decided on.
        metrics: The metrics that decide; the design effect is that of the first one with a gate on the whole split, or
            else of the first gate on it.

    Returns:
        One effect per field.
    """
    made = []
    for clusters in found:
        gate = deciding(records, len(clusters.of), metrics)
        made.append(
            Effect(
                clusters.field,
                clusters.count,
                clusters.sizes[0],
                len(clusters.of),
                clusters.declared,
                gate.verdict.metric if gate else "",
                design_effect(*_units(gate, clusters)) if gate else None,
                tuple(r.verdict.gate for r in records if loses(r, clusters)),
            )
        )
    return tuple(made)


def deciding(records: Sequence[GateRecord], n: int, metrics: Sequence[str]) -> GateRecord | None:
    """Finds the gate whose values stand for a suite.

    Args:
        records: The gates.
        n: Number of examples of the split.
        metrics: The metrics that decide, the first one before the others.

    Returns:
        The first gate on all examples that is on one of these metrics, or else the first on all examples.
    """
    whole = [r for r in records if len(r.values) == n and not r.fixed]
    ranks = {metric: k for k, metric in enumerate(metrics)}
    return min(whole, key=lambda r: ranks.get(r.verdict.metric, len(ranks)), default=None)


def correlation_of(gate: GateRecord, clusters: Clusters) -> float | None:
    """Computes the intra-cluster correlation of a gate's values; None if clusters differ no more than chance."""
    x, labels = _units(gate, clusters)
    return None if p_same(x, labels) > CLUSTERED else correlation(x, labels)


def loses(gate: GateRecord, clusters: Clusters) -> bool:
    """Decides whether a gate passes only because the examples of a cluster count one by one.

    Args:
        gate: The gate.
        clusters: The clusters of the split it was decided on.

    Returns:
        True if it is shown, would not be with every cluster as one group, and the clusters differ by more than chance.
        False for declared strata and for measures without values of their examples (macro-F1).
    """
    verdict = gate.verdict
    if clusters.declared or verdict.outcome != "pass" or verdict.reading != "shown" or not gate.values or gate.fixed:
        return False
    if gate.threshold == gate.bounds[0 if gate.op == ">=" else 1]:
        return False
    if len({_label(gate, clusters, i) for i in gate.values}) < FEWEST or grouped_p(gate, clusters) <= verdict.level:
        return False
    return p_same(*_units(gate, clusters)) <= CLUSTERED


def grouped_p(gate: GateRecord, clusters: Clusters) -> float:
    """Computes p of a gate with every cluster as one group of the examples it was decided on."""
    labels = [_label(gate, clusters, i) for i in gate.values]
    grouped = sample(list(_worst(gate).values()), *gate.bounds, labels, gate.max_group)
    return grouped.p(gate.threshold, "lower" if gate.op == ">=" else "upper")


def _worst(gate: GateRecord) -> dict[str, float]:
    """The values by example, with missing answers at their worst for the gate."""
    return {i: v[0 if gate.op == ">=" else 1] for i, v in gate.values.items()}


def _label(gate: GateRecord, clusters: Clusters, example: str) -> str:
    """The cluster of an example; without a value, its declared group, or else itself."""
    return clusters.with_value.get(example) or gate.groups.get(example, f"/{example}")


def _units(gate: GateRecord, clusters: Clusters) -> tuple[list[float], list[str]]:
    """The values and clusters of what counts as independent: declared groups by their means, other examples alone."""
    members: dict[str, list[float]] = {}
    labels: dict[str, str] = {}
    for i, value in _worst(gate).items():
        unit = gate.groups.get(i, f"/{i}")
        members.setdefault(unit, []).append(value)
        labels.setdefault(unit, _label(gate, clusters, i))
    return [fmean(values) for values in members.values()], list(labels.values())
