"""Deciding a comparison: from the evidence, the threshold and the level to a verdict."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from goldgate.base.errors import UserError
from goldgate.measures import wording
from goldgate.measures.context import Recording
from goldgate.measures.estimate import Use
from goldgate.measures.evidence import FAIL_LEVEL, Evidence, Op
from goldgate.measures.verdict import NUMBERS, Outcome, Reading, Verdict


def decide(evidence: Evidence, op: Op, t: float, written: Reading, how: Recording, gate: str = "") -> Verdict:
    """Decides `measure op t`: it is shown at the level, its opposite is shown at 2.5%, or it is undecided.

    Args:
        evidence: The measure's evidence.
        op: The comparison.
        t: The threshold, within the measure's bounds.
        written: The reading that the suite asks for.
        how: The level and other settings of the look.
        gate: The gate as written, if it is not "metric op t".

    Returns:
        The verdict with its message.

    Raises:
        UserError: The threshold is out of bounds.
    """
    lo, hi = evidence.bounds
    if not lo <= t <= hi:
        raise UserError(
            f"{evidence.name} is between {lo:g} and {hi:g}: it cannot be compared with {t:g}",
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


def told(verdict: Verdict, use: Use, note: str) -> Verdict:
    """Returns a verdict as the code that compared may know it.

    Whether it passes may be known: if it does not, the suite does not pass, whatever is compared next.

    Args:
        verdict: The verdict.
        use: What may be done with the measure.
        note: Where the verdict was given.

    Returns:
        The verdict, with its numbers as `use` gives them; where they are hidden, no answer counts as missing.
    """
    if use.hold == "open" or verdict.sealed:
        return verdict
    numbers: dict[str, Any] = {key: use.number(getattr(verdict, key), verdict.metric) for key in NUMBERS}
    message = wording.hidden(verdict, note) if use.hides else verdict.message
    return replace(verdict, message=message, missing=0 if use.hides else verdict.missing, **numbers)


def _outcome(evidence: Evidence, op: Op, t: float, reading: Reading, shown: bool, opposite: bool) -> Outcome:
    if reading == "observed":
        mean = evidence.observed(op)
        slack = 1e-12 * (evidence.bounds[1] - evidence.bounds[0])  # floating-point sums are not exact
        return "pass" if (mean >= t - slack if op == ">=" else mean <= t + slack) else "fail"
    if opposite:
        return "fail"
    plausible = reading == "plausible" and evidence.p_refuted(op, t) > FAIL_LEVEL
    return "pass" if shown or plausible else "undecided"
