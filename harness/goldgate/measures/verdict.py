"""Verdicts: the results of comparing measures, with their evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Protocol, get_args

from goldgate.base.errors import UserError, near_names
from goldgate.measures.evidence import FAIL_LEVEL, Evidence, Op

Outcome = Literal["pass", "fail", "undecided", "invalid"]
Reading = Literal["shown", "plausible", "observed"]
NUMBERS = ("estimate", "low", "high", "p")  # what a sealed verdict hides


class Judged(Protocol):
    """What a verdict was given on: the part of a Measure that code which records verdicts needs."""

    @property
    def evidence(self) -> Evidence: ...


@dataclass(frozen=True)
class OnlyEvidence:
    """The evidence that a verdict was given on, for the code that records it.

    Attributes:
        evidence: The evidence.
    """

    evidence: Evidence


def check_reading(name: str) -> None:
    """Checks the name of a reading.

    Args:
        name: The name.

    Raises:
        UserError: There is no such reading.
    """
    if name not in get_args(Reading):
        raise UserError(f'there is no reading "{name}"', hint=near_names(name, get_args(Reading)))


@dataclass(frozen=True)
class Verdict:
    """The result of a gate with its evidence. It is true exactly if the gate passes.

    An invalid verdict has n = 0 and p = 1; only its message has a meaning. A sealed verdict has no numbers: estimate,
    low, high and p are NaN, and null in JSON.

    Attributes:
        outcome: "pass", "fail", "undecided" or "invalid".
        gate: The gate as written.
        metric: Name of the measure.
        op: The comparison.
        threshold: What the measure was compared with.
        reading: The reading that decided.
        written: The reading that the suite asks for; on dev, `reading` may differ.
        estimate: The estimate from the answers that are not missing.
        low: Lower end of the 95% interval.
        high: Upper end of the 95% interval.
        n: Number of examples, including missing answers.
        missing: Number of missing answers.
        p: p of the gate.
        level: The level that it was tested at, per side.
        bounds: Range of the estimate.
        message: The explanation for people.
        approximate: Whether the probabilities come from a bootstrap instead of the test for means.
        sealed: Whether the numbers are hidden because golden is sealed.
        against: Who `prompted` is in this gate: "prompted = base+few_shot:4 for style_ok"; empty without it.
    """

    outcome: Outcome
    gate: str
    metric: str
    op: Op
    threshold: float
    reading: Reading
    written: Reading
    estimate: float
    low: float
    high: float
    n: int
    missing: int
    p: float
    level: float
    bounds: tuple[float, float]
    message: str
    approximate: bool = False
    sealed: bool = False
    against: str = ""

    def __bool__(self) -> bool:
        return self.outcome == "pass"

    def __repr__(self) -> str:
        return f"<{self.gate}: {self.outcome}>"

    def to_json(self) -> dict[str, Any]:
        """Returns the verdict as plain JSON values; `from_json` is the inverse."""
        hidden = dict.fromkeys(NUMBERS) if self.sealed else {}
        made = {**asdict(self), "bounds": list(self.bounds), **hidden}
        return made if self.against else {key: value for key, value in made.items() if key != "against"}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Verdict:
        """Restores a verdict from `to_json`. Raises UserError if a field is missing or unknown."""
        known = {f.name for f in fields(cls)}
        wrong = known.symmetric_difference(raw) - {"approximate", "sealed", "against"}
        if wrong:
            raise UserError(f"not a verdict: {sorted(wrong)[0]!r} is missing or unknown", hint="record the run again")
        hidden = dict.fromkeys(NUMBERS, math.nan) if raw.get("sealed") else {}
        return cls(**{**raw, "bounds": (raw["bounds"][0], raw["bounds"][1]), **hidden})


def invalid(gate: str, why: str, hint: str = "", level: float = FAIL_LEVEL) -> Verdict:
    """Makes the verdict of a gate whose evidence is broken. It does not pass.

    Args:
        gate: The gate as written.
        why: What is broken, in one sentence.
        hint: What to do next.
        level: The level of the look, per side.

    Returns:
        The verdict.
    """
    message = f"{gate} is invalid: {why}" + (f"\n  {hint}" if hint else "")
    return Verdict(
        outcome="invalid",
        gate=gate,
        metric=gate,
        op=">=",
        threshold=0.0,
        reading="shown",
        written="shown",
        estimate=0.0,
        low=0.0,
        high=1.0,
        n=0,
        missing=0,
        p=1.0,
        level=level,
        bounds=(0.0, 1.0),
        message=message,
    )
