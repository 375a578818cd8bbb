"""The message of a verdict: what was reached, what would pass here, and how many examples would settle it."""

from __future__ import annotations

import math

from goldgate.measures import binomial
from goldgate.measures.evidence import FAIL_LEVEL, Evidence, Mean
from goldgate.measures.quantile import Quantile
from goldgate.measures.tail import Side, log_mass_near
from goldgate.measures.verdict import Verdict

_LAST_LOOK = 20  # passes that hold for more looks than this all get the same words
_POWER_Z = 0.8416  # normal quantile of binomial.POWER


def threshold(t: float) -> str:
    """Formats a threshold the way people write it.

    Args:
        t: The threshold.

    Returns:
        A text such as 0.90, 0.995, 120 or -0.02.
    """
    short = f"{t:.2f}"
    if float(short) == t:
        return f"{t:.0f}" if abs(t) >= 10 and t == round(t) else short
    return f"{t:.10g}"


def outcome(verdict: Verdict) -> str:
    """Says the outcome in a table, and no more than the reading shows.

    Args:
        verdict: The verdict.

    Returns:
        The outcome; for a plausible gate that passes, what was not shown.
    """
    if verdict.outcome == "pass" and verdict.reading == "plausible":
        return f"not shown {_opposite(verdict)} {threshold(verdict.threshold)}"
    return verdict.outcome


def catches(verdict: Verdict) -> str:
    """Says in a table which truth a plausible gate on a rate would catch in 4 of 5 cases.

    Args:
        verdict: The verdict.

    Returns:
        The words; empty for other readings and other measures.
    """
    if not _has_power(verdict):
        return ""
    truth = _caught(verdict)
    return "catches nothing" if truth is None else f"catches {truth:.2f}"


def _has_power(verdict: Verdict) -> bool:
    return verdict.reading == "plausible" and verdict.bounds == (0.0, 1.0) and 0.0 < verdict.threshold < 1.0


def _caught(verdict: Verdict) -> float | None:
    """The truth nearest to the threshold that is caught in 4 of 5 cases; None if no result on so few shows it."""
    if verdict.op == ">=":
        return binomial.caught(verdict.n, verdict.threshold, FAIL_LEVEL)
    found = binomial.caught(verdict.n, 1.0 - verdict.threshold, FAIL_LEVEL)
    return None if found is None else 1.0 - found


def explain(evidence: Evidence, verdict: Verdict, note: str, error: float | None) -> str:
    """Explains a verdict: its outcome, the evidence, and what to do about it.

    Args:
        evidence: The measure's evidence.
        verdict: The verdict.
        note: Added to the line of the estimate; may be empty.
        error: The suite's error rate; None if none holds.

    Returns:
        The lines of the message, indented after the first.
    """
    kind = "95% interval" + (", approximate," if verdict.approximate else "")
    interval = f"{kind} {_number(evidence, verdict.low, 3)} to {_number(evidence, verdict.high, 3)}"
    where = f" ({note})" if note else ""
    numbers = f"estimate {_number(evidence, verdict.estimate)}, {interval}, n = {verdict.n}{where}"
    return "\n  ".join([_said(verdict), numbers, *_missing(verdict), *_advice(evidence, verdict, error)])


def sealed(verdict: Verdict, note: str) -> str:
    """Explains a verdict on a sealed golden split without saying how close it was.

    Args:
        verdict: The verdict.
        note: Added to the line of the number of examples; may be empty.

    Returns:
        The lines of the message, indented after the first.
    """
    where = f" ({note})" if note else ""
    told = f"golden is sealed, so only the verdict is shown; n = {verdict.n}{where}"
    return "\n  ".join([_said(verdict), told, *_missing(verdict)])


def hidden(verdict: Verdict, note: str) -> str:
    """Says what a verdict is without its numbers, for code that runs while golden decides; arguments as `sealed`."""
    where = f" ({note})" if note else ""
    return f"{_said(verdict)}\n  its numbers are in the run's summary, and hidden here while golden decides{where}"


def _opposite(verdict: Verdict) -> str:
    return "below" if verdict.op == ">=" else "above"


def _said(verdict: Verdict) -> str:
    if verdict.outcome == "pass" and verdict.reading == "plausible":
        return f"{verdict.gate}: not shown to be {_opposite(verdict)} {threshold(verdict.threshold)}"
    said = {"pass": "passes", "fail": "fails", "undecided": "is undecided"}[verdict.outcome]
    return f"{verdict.gate} {said}"


def _missing(verdict: Verdict) -> list[str]:
    if not verdict.missing:
        return []
    return [
        f"{verdict.missing} of {verdict.n} answers are missing: they count as worst for passing and best for failing"
    ]


def _number(evidence: Evidence, x: float, digits: int = 2) -> str:
    span = evidence.bounds[1] - evidence.bounds[0]
    if span <= 4.0:
        text = f"{x:.{digits}f}"
        # 0.996 must not be shown as 1.00: an estimate must not look better than it is.
        return text if digits > 2 or abs(float(text) - x) < 0.0005 else f"{x:.3f}"
    return f"{x:.4g}"


def _advice(evidence: Evidence, verdict: Verdict, error: float | None) -> list[str]:
    t, opposite = verdict.threshold, _opposite(verdict)
    if verdict.reading == "observed":
        met = verdict.outcome == "pass"
        return [
            f"the estimate alone {'reaches' if met else 'does not reach'} {threshold(t)}: "
            + ("met, not shown" if met else "not met")
        ]
    if verdict.reading == "plausible":
        if verdict.outcome == "pass":
            said = f"plausible: the data does not show it to be {opposite} {threshold(t)}"
            if not _has_power(verdict):
                return [said]
            truth = _caught(verdict)
            if truth is None:
                return [f"{said}; no result on so few examples could"]
            return [f"{said}, as it would in 4 of 5 cases if {truth:.2f} were the truth"]
        return [f"the data shows it to be {opposite} {threshold(t)}, at 2.5%"]
    if verdict.outcome == "pass":
        if error is None:
            return [f"p = {_p(verdict.p)}; opened: golden's examples were shown, so no error rate holds"]
        return [f"p = {_p(verdict.p)}: passes {_looks(verdict.p, error)}"]
    if verdict.outcome == "fail":
        shown = f"shown to be {opposite} {threshold(t)} at 2.5%: more examples are not the answer"
        return [shown, *_reach(evidence, verdict)]
    return [*_shows(evidence, verdict), *_reach(evidence, verdict)]


def _reach(evidence: Evidence, verdict: Verdict) -> list[str]:
    """What would pass here, and how many examples would settle it."""
    if isinstance(evidence, Mean):
        more = _more(evidence, verdict) if verdict.outcome == "undecided" else []
        return [*_here(evidence, verdict), *more]
    if isinstance(evidence, Quantile):
        return _good_side(evidence, verdict)
    return []


def _good_side(evidence: Quantile, verdict: Verdict) -> list[str]:
    """For a quantile: how many examples must be on the good side of the threshold."""
    mean, rate = evidence.share(verdict.op, verdict.threshold)
    side = "at least" if verdict.op == ">=" else "at most"
    there = round(mean.pessimist.mean * verdict.n)
    if not mean.yes_no:
        return [f"{there} of {verdict.n} are {side} {threshold(verdict.threshold)}"]
    k = binomial.needed(verdict.n, rate, verdict.level)
    if k is None:
        fewest = binomial.fewest_perfect(rate, verdict.level)
        return [f"no result on {verdict.n} examples can show it: it takes {fewest} of {fewest} on the good side"]
    return [f"it passes if {k} of {verdict.n} are {side} {threshold(verdict.threshold)} ({there} now)"]


def _p(p: float) -> str:
    if p < 1e-6:
        return "under 0.000001"
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1g}" if p >= 0.0001 else f"{p:.6f}"


def _looks(p: float, error: float) -> str:
    carries = _LAST_LOOK if p <= error / 2**_LAST_LOOK else math.floor(math.log2(error / p))
    if carries < 1:
        return "at this level only"
    return f"up to look {carries}" + (" and beyond" if carries == _LAST_LOOK else "")


def _shows(evidence: Evidence, verdict: Verdict) -> list[str]:
    """What is shown at the level of a later look, which the 95% interval does not tell."""
    if verdict.level == FAIL_LEVEL:
        return []
    bound = evidence.bound_for(verdict.op, verdict.level)
    least = "at least" if verdict.op == ">=" else "at most"
    return [f"at this look's level ({verdict.level:.4g}) it shows {least} {_number(evidence, bound, 3)}"]


def _here(evidence: Mean, verdict: Verdict) -> list[str]:
    """Which result would pass on these examples."""
    t, n, op = verdict.threshold, verdict.n, verdict.op
    if evidence.yes_no:
        rate = t if op == ">=" else 1.0 - t
        k = binomial.needed(n, rate, verdict.level)
        if k is None:
            return [_never(evidence, verdict, rate)]
        if op == ">=":
            return [f"it passes at {k} of {n} right ({round(evidence.pessimist.mean * n)} now)"]
        return [f"it passes at {n - k} of {n} or fewer ({round(evidence.optimist.mean * n)} now)"]
    lo, hi = evidence.bounds
    rate = (t - lo) / (hi - lo) if op == ">=" else (hi - t) / (hi - lo)
    if evidence.groups is None and rate > 0.0 and rate**n > verdict.level:
        return [_never(evidence, verdict, rate)]
    reach = verdict.estimate + t - evidence.bound_for(op, verdict.level)
    if lo <= reach <= hi:
        now, then = _number(evidence, verdict.estimate), _number(evidence, reach)
        return [f"it passes at about {then} with this spread on {n} examples ({now} now)"]
    return []


def _never(evidence: Mean, verdict: Verdict, rate: float) -> str:
    if rate >= 1.0:
        return f"no number of examples can show {threshold(verdict.threshold)}: it is the best possible value"
    fewest = binomial.fewest_perfect(rate, verdict.level)
    best = "all right" if evidence.yes_no and verdict.op == ">=" else "all at the best value"
    return f"no result on {verdict.n} examples can show it: it takes {fewest} of {fewest}, {best}"


def _more(evidence: Mean, verdict: Verdict) -> list[str]:
    """How many examples would show it if the estimate is the truth."""
    t, op, estimate = verdict.threshold, verdict.op, verdict.estimate
    on_wrong_side = estimate <= t if op == ">=" else estimate >= t
    if on_wrong_side:
        side = "below" if (estimate < t) else "above" if estimate > t else "at"
        return [f"the estimate is {side} {threshold(t)}: more examples are not the answer"]
    if evidence.yes_no:
        rate, truth = (t, estimate) if op == ">=" else (1.0 - t, 1.0 - estimate)
        total = binomial.examples_for(min(truth, 1.0), rate, verdict.level)
    else:
        total = _examples_like_these(evidence, verdict)
    if total is None:
        return ["the estimate is so close to the threshold that over a million examples would be needed"]
    more = total - verdict.n
    if more <= 0:
        return []
    truth_text = _number(evidence, estimate)
    return [f"if {truth_text} is the truth, about {_round(more)} more examples would show it (4 chances in 5)"]


def _examples_like_these(evidence: Mean, verdict: Verdict) -> int | None:
    """The number of examples with this spread that show it in 4 of 5 cases.

    The sample is repeated, with its estimate moved towards the threshold by the sampling error of an unlucky draw.
    """
    data = evidence.worst_for(verdict.op)
    side: Side = "lower" if verdict.op == ">=" else "upper"
    deviations = (data.totals - verdict.estimate * data.sizes) ** 2
    spread = math.sqrt(float(deviations @ data.counts)) / float(data.sizes @ data.counts)
    sign = 1.0 if side == "lower" else -1.0

    def shown(times: float) -> bool:
        shift = sign * _POWER_Z * spread / math.sqrt(times)
        coefficients, counts = data.terms(verdict.threshold + shift, side)
        counts = counts * times
        counts[-1] = 1.0
        coefficients[-1] += sign * shift * data.spare
        return log_mass_near(coefficients, counts) <= math.log(verdict.level)

    low, high = 0.0, 1.0
    while not shown(high):
        low, high = high, 2.0 * high
        if high * verdict.n > binomial.MOST:
            return None
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if shown(middle) else (middle, high)
    return math.ceil(high * verdict.n)


def _round(count: int) -> str:
    """Rounds up to two significant figures, because the number is only an estimate."""
    step = 10 ** max(len(str(count)) - 2, 0)
    return f"{math.ceil(count / step) * step:,}"
