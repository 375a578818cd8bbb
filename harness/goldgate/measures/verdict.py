"""Verdicts on gates, and the context that says at which level gates are tested and where they are recorded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from goldgate.base.errors import UserError, near_names
from goldgate.measures import wording
from goldgate.measures.evidence import FAIL_LEVEL, Evidence, Op

if TYPE_CHECKING:
    from goldgate.measures.measure import Measure

Outcome = Literal["pass", "fail", "undecided", "invalid"]
Reading = Literal["shown", "plausible", "observed"]
_NUMBERS = ("estimate", "low", "high", "p")  # what a sealed verdict does not say


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


@dataclass(frozen=True)
class Recording:
    """How gates are tested and where verdicts go, for the block of `recording`.

    level: of this look, per side; reading: the suite's default; force: one reading for all gates (dev reads
    "observed"); record: called with every verdict and the measure it was given on; note: added to the line of the
    estimate ("look 1 of golden 3f2a"); error: the suite's, of which the level is a part, None where none holds because
    golden was opened; sealed: verdicts alone are told, and measures do not say their numbers.
    """

    level: float = FAIL_LEVEL
    reading: Reading = "shown"
    force: Reading | None = None
    record: Callable[[Verdict, Measure], None] | None = None
    note: str = ""
    error: float | None = 0.05
    sealed: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.level < 0.5:
            raise UserError(f"a level lies between 0 and 0.5, not {self.level:g}", hint="the first look has 0.025")
        check_reading(self.reading)
        if self.force is not None:
            check_reading(self.force)


_NONE = Recording()
_CURRENT: ContextVar[Recording] = ContextVar("goldgate_recording", default=_NONE)
_OPEN: list[Recording] = []
"""The recordings in force in this process, the innermost last."""


@contextmanager
def recording(how: Recording) -> Iterator[Recording]:
    """Within the block every gate is tested and recorded as `how` says; outside, at 2.5% and nowhere."""
    token = _CURRENT.set(how)
    _OPEN.append(how)
    try:
        yield how
    finally:
        _OPEN.pop()
        _CURRENT.reset(token)


def current() -> Recording:
    """The recording in force here. A thread that a test starts has no context of its own: there the last one counts."""
    here = _CURRENT.get()
    return here if here is not _NONE or not _OPEN else _OPEN[-1]


def check_unsealed(name: str) -> None:
    """Raises UserError where golden is sealed: the numbers of a measure of this name are not told."""
    if current().sealed:
        raise UserError(
            f"golden is sealed: the numbers of {name} are not told",
            hint="compare it, its verdict is told; or look at dev: pytest --split dev",
        )


def decide(evidence: Evidence, op: Op, t: float, written: Reading, how: Recording, gate: str = "") -> Verdict:
    """The verdict on `measure op t`: shown at the level, or its opposite shown at 2.5%, or undecided.

    gate: the gate as written, where it is not "metric op t". Pure; raises UserError for a threshold out of range.
    """
    lo, hi = evidence.bounds
    if not lo <= t <= hi:
        raise UserError(
            f"{evidence.name} lies between {lo:g} and {hi:g}: it can never be compared with {t:g}",
            hint="rates are written as 0.95, not 95",
        )
    reading = how.force or written
    p, against = evidence.p_pass(op, t), evidence.p_fail(op, t)
    low, high = evidence.interval()
    name = evidence.name + ("" if reading == "shown" else f".{reading}")
    verdict = Verdict(
        outcome=_outcome(evidence, op, t, reading, p <= how.level, against <= FAIL_LEVEL),
        gate=gate or f"{name} {op} {wording.threshold(t)}",
        metric=evidence.name,
        op=op,
        threshold=t,
        reading=reading,
        written=written,
        estimate=evidence.estimate,
        low=low,
        high=high,
        n=evidence.n,
        missing=evidence.lost,
        p=p,
        level=how.level,
        bounds=evidence.bounds,
        message="",
        approximate=evidence.approximate,
    )
    if how.sealed:
        unknown = math.nan
        verdict = replace(verdict, sealed=True, estimate=unknown, low=unknown, high=unknown, p=unknown)
        return replace(verdict, message=wording.sealed(verdict, how.note))
    return replace(verdict, message=wording.explain(evidence, verdict, how.note, how.error))


def _outcome(evidence: Evidence, op: Op, t: float, reading: Reading, shown: bool, opposite: bool) -> Outcome:
    if reading == "observed":
        mean = evidence.observed(op)
        slack = 1e-12 * (evidence.bounds[1] - evidence.bounds[0])  # sums of decimals are not exact
        return "pass" if (mean >= t - slack if op == ">=" else mean <= t + slack) else "fail"
    if opposite:
        return "fail"
    plausible = reading == "plausible" and evidence.p_refuted(op, t) > FAIL_LEVEL
    return "pass" if shown or plausible else "undecided"


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
