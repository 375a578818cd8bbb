"""Verdicts: what the comparison of a measure came to, with its evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Protocol, get_args

from goldgate.base.errors import UserError, near_names
from goldgate.measures.evidence import FAIL_LEVEL, Evidence, Op

Outcome = Literal["pass", "fail", "undecided", "invalid"]
Reading = Literal["shown", "plausible", "observed"]
_NUMBERS = ("estimate", "low", "high", "p")  # what a sealed verdict does not say


class Judged(Protocol):
    """What a verdict was given on, as those see it who record verdicts: a Measure."""

    @property
    def evidence(self) -> Evidence: ...


def check_reading(name: str) -> None:
    """Raises UserError for what is not a reading."""
    if name not in get_args(Reading):
        raise UserError(f'no reading "{name}"', hint=near_names(name, get_args(Reading)))


@dataclass(frozen=True)
class Verdict:
    """What a gate came to, with its evidence. True exactly when it passes.

    gate: the gate as written; reading: the one it was decided by, written: the one the suite asks for (another on dev);
    low, high: the 95% interval; p: of the gate being shown; level: that it was tested at; n: examples, missing ones
    included. An invalid verdict has n = 0, p = 1 and no meaning but its message. A sealed one has no numbers: estimate,
    low, high and p are NaN, and null in JSON.
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

    def __bool__(self) -> bool:
        return self.outcome == "pass"

    def __repr__(self) -> str:
        return f"<{self.gate}: {self.outcome}>"

    def to_json(self) -> dict[str, Any]:
        """A dict of plain JSON values; `from_json` gives the verdict back."""
        hidden = dict.fromkeys(_NUMBERS) if self.sealed else {}
        return {**asdict(self), "bounds": list(self.bounds), **hidden}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Verdict:
        """Raises UserError where a field is missing or unknown."""
        known = {f.name for f in fields(cls)}
        wrong = known.symmetric_difference(raw) - {"approximate", "sealed"}
        if wrong:
            raise UserError(f"not a verdict: {sorted(wrong)[0]!r} is missing or unknown", hint="record the run again")
        hidden = dict.fromkeys(_NUMBERS, math.nan) if raw.get("sealed") else {}
        return cls(**{**raw, "bounds": (raw["bounds"][0], raw["bounds"][1]), **hidden})


def invalid(gate: str, why: str, hint: str = "", level: float = FAIL_LEVEL) -> Verdict:
    """A verdict for a gate whose evidence is broken; it does not pass. why: what is broken, in one sentence."""
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
