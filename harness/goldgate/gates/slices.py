"""The share of golden that a gate covers, inferred from the dev examples that it covered."""

from __future__ import annotations

from collections.abc import Mapping

from goldgate.gates.record import GateRecord
from goldgate.task.examples import Split


def share_of_golden(gate: GateRecord, dev: Split, golden: Split, strata: Mapping[str, Mapping[str, str]]) -> float:
    """Computes the share of golden's examples that are in a gate's slice.

    Args:
        gate: The gate as recorded on dev.
        dev: The dev split.
        golden: The golden split.
        strata: Split → example id → novelty stratum; empty if the suite names no stratum.

    Returns:
        The share of golden with the slice's tag or stratum, or with any tag; the slice's share of dev if it was made
        in another way.
    """
    ids = set(gate.values)
    if ids and "[" in gate.verdict.metric:
        on_dev, on_golden = _slices(dev, strata), _slices(golden, strata)
        same = sorted((s for s in on_dev if on_dev[s] == ids), key=lambda s: f"[{s}]" not in gate.verdict.metric)
        if same:
            return len(on_golden.get(same[0], ())) / len(golden)
        if ids == {e.id for e in dev if set(e.tags) & set(golden.tag_counts())}:
            return sum(bool(e.tags) for e in golden) / len(golden)
    return gate.verdict.n / len(dev)


def _slices(split: Split, strata: Mapping[str, Mapping[str, str]]) -> dict[str, set[str]]:
    """Tag or stratum → ids of the split's examples that have it."""
    found: dict[str, set[str]] = {}
    nearness = strata.get(split.name, {})
    for e in split:
        for name in (*e.tags, *((nearness[e.id],) if nearness else ())):
            found.setdefault(name, set()).add(e.id)
    return found
