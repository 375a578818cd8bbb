"""How much of golden a gate is on, told from the examples of dev that it was on."""

from __future__ import annotations

from collections.abc import Mapping

from goldgate.gates.chance import GateRecord
from goldgate.task.examples import Split


def share_of_golden(gate: GateRecord, dev: Split, golden: Split, strata: Mapping[str, Mapping[str, str]]) -> float:
    """Share of golden's examples that are in the gate's slice: those of its tag or stratum, or of any tag; the share
    that it has on dev where it was cut in another way. strata: split → example id → stratum, where the suite names any.
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
    """Tag or stratum → ids of the split's examples that carry it."""
    found: dict[str, set[str]] = {}
    nearness = strata.get(split.name, {})
    for e in split:
        for name in (*e.tags, *((nearness[e.id],) if nearness else ())):
            found.setdefault(name, set()).add(e.id)
    return found
