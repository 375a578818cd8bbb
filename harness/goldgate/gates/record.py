"""A gate as it was recorded, with its values by example, so that it can be applied to other draws of examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goldgate.measures import Judged, Verdict
from goldgate.measures.evidence import Evidence, Mean, Op
from goldgate.measures.quantile import Quantile
from goldgate.measures.resampled import Resampled
from goldgate.task.questions import PREFIX as GENERAL


@dataclass(frozen=True)
class GateRecord:
    """One gate with its values by example id, so that it can be applied to resampled examples.

    Attributes:
        verdict: The gate's verdict on these examples.
        values: Id → (lowest, highest) value, equal unless the answer is missing; empty for an approximate measure.
        groups: Id → group, for the examples that have one.
        max_group: Size of the largest group that may occur.
        item: pytest's node id of the test.
        op: Comparison of the values' mean with `threshold`.
        threshold: What the mean must reach; for a percentile, a share of examples.
        bounds: Range of one value.
        spread: Standard error of an approximate measure; None for other measures.
        fixed: Whether the gate is on the general questions or passages, which are the same on dev and golden.
    """

    verdict: Verdict
    values: Mapping[str, tuple[float, float]]
    groups: Mapping[str, str]
    max_group: int
    item: str
    op: Op
    threshold: float
    bounds: tuple[float, float]
    spread: float | None = None
    fixed: bool = False

    @classmethod
    def of(cls, verdict: Verdict, measure: Judged, item: str) -> GateRecord:
        """Records a verdict with the measure it was given on.

        Args:
            verdict: The verdict.
            measure: The measure that was compared.
            item: pytest's node id of the test.

        Returns:
            The record.
        """
        e: Evidence = measure.evidence
        op, t = verdict.op, verdict.threshold
        if isinstance(e, Quantile):
            (e, t), op = e.share(op, t), ">="
        fixed = all(i.startswith(GENERAL) for i in e.ids)
        if isinstance(e, Resampled):
            return cls(verdict, {}, {}, e.max_group, item, op, t, e.bounds, 0.0 if e.lost else e.spread, fixed)
        assert isinstance(e, Mean)
        values = {i: (float(lo), float(hi)) for i, lo, hi in zip(e.ids, e.low, e.high, strict=True)}
        groups = {} if e.groups is None else dict(zip(e.ids, e.groups, strict=True))
        return cls(verdict, values, groups, e.max_group, item, op, t, e.bounds, fixed=fixed)

    @classmethod
    def bare(cls, verdict: Verdict, item: str) -> GateRecord:
        """Records a gate without values, because its evidence is broken or golden is sealed.

        Args:
            verdict: The verdict.
            item: pytest's node id of the test.

        Returns:
            The record.
        """
        return cls(verdict, {}, {}, 1, item, verdict.op, verdict.threshold, verdict.bounds)

    def to_json(self) -> dict[str, Any]:
        """Returns the record as plain JSON values; `from_json` is the inverse."""
        return {
            "item": self.item,
            "verdict": self.verdict.to_json(),
            "values": {i: list(v) for i, v in self.values.items()},
            "groups": dict(self.groups),
            "max_group": self.max_group,
            "op": self.op,
            "threshold": self.threshold,
            "bounds": list(self.bounds),
            "spread": self.spread,
            **({"fixed": True} if self.fixed else {}),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> GateRecord:
        """Restores a record from `to_json`. Raises UserError if its verdict has a missing or unknown field."""
        values = {str(i): (float(v[0]), float(v[1])) for i, v in raw["values"].items()}
        verdict = Verdict.from_json(raw["verdict"])
        bounds = (float(raw["bounds"][0]), float(raw["bounds"][1]))
        return cls(
            verdict,
            values,
            dict(raw["groups"]),
            int(raw["max_group"]),
            str(raw["item"]),
            raw["op"],
            float(raw["threshold"]),
            bounds,
            raw["spread"],
            raw.get("fixed", False),
        )


def yes_no(gate: GateRecord) -> bool:
    """Decides whether a gate counts right answers among independent examples.

    Args:
        gate: The gate.

    Returns:
        True if its values are zeros and ones and no two examples share a group.
    """
    alone = gate.max_group == 1 and len(set(gate.groups.values())) == len(gate.groups)
    return alone and gate.bounds == (0.0, 1.0) and all(x in (0.0, 1.0) for v in gate.values.values() for x in v)
