"""Gates as a report shows them, and the verdict on all of them in words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from goldgate.measures import Outcome, Reading, Verdict
from goldgate.runs.golden import GateRow, GoldenRecord, LookFacts
from goldgate.runs.record import SplitFacts
from goldgate_reports.charts import IntervalChart, interval_chart
from goldgate_reports.estimates import Estimate, finite, of_verdict
from goldgate_reports.records import Records
from goldgate_reports.words import number, plural, probability

READINGS: dict[str, str] = {
    "shown": "the data shows it at the look's level",
    "plausible": "the data does not show the opposite",
    "observed": "the estimate alone reaches it: met, not shown",
}
_MOST_LOOKS = 20  # no ledger gets that far; a pass with p = 0 would carry for ever


@dataclass(frozen=True)
class Gate:
    """One recorded gate. carries: how far a pass holds; flips: how likely a fresh golden set of the same size
    comes to another verdict; dev: its estimate on dev; chart: None without numbers.

    reading: the one it was decided by; written: the one that the suite asks for (dev reads every gate as observed).
    """

    item: str
    title: str
    expression: str
    outcome: Outcome
    reading: Reading
    written: Reading
    estimate: Estimate
    p: str
    tested: str
    carries: str
    flips: str
    message: str
    approximate: bool
    sealed: bool
    dev: str
    chart: IntervalChart | None
    threshold: str
    measures: str


@dataclass(frozen=True)
class Look:
    """A look at golden: its number, level and what the golden split has spent so far."""

    number: int | None
    level: float | None
    name: str
    spent: str
    opened: bool
    sealed: bool
    count: int | None
    fingerprint: str


def look_of(golden: GoldenRecord) -> Look:
    """Takes the look from golden.json; what it does not say stays None."""
    look, split = golden.look or LookFacts(), golden.split or SplitFacts()
    return Look(
        look.number,
        look.level,
        look.name,
        probability(look.spent),
        golden.opened,
        golden.sealed,
        split.count,
        split.fingerprint or "",
    )


def golden_gates(records: Records) -> tuple[Gate, ...]:
    """The gates of the look, in the order they ran; empty where there was none."""
    if records.golden is None:
        return ()
    look = look_of(records.golden)
    on_dev = {_key(row): row.verdict for row in (records.best.gates if records.best else ())}
    return tuple(_gate(row, look, on_dev.get(_key(row))) for row in records.golden.verdicts or ())


def dev_gates(records: Records) -> tuple[Gate, ...]:
    """The gates of the best attempt on dev; what they say was not tested on golden."""
    return gates_of(records.best.gates if records.best else (), None, on_golden=False)


def gates_of(rows: Sequence[GateRow], look: Look | None, *, on_golden: bool) -> tuple[Gate, ...]:
    """Lays recorded gates out for a page.

    Args:
        rows: The gates.
        look: The look that they were tested at; None on dev, and on golden where the run of the suite was no look.
        on_golden: Whether they are on golden, where there is no look that says so.

    Returns:
        One row of the page for each.
    """
    return tuple(_gate(row, look, None, on_golden=on_golden) for row in rows)


def _key(row: GateRow) -> tuple[str, str, str, float]:
    """What makes a gate on dev and one on golden the same: an item may hold several, and dev reads them differently."""
    return row.item, row.verdict.metric, row.verdict.op, row.verdict.threshold


def _gate(row: GateRow, look: Look | None, on_dev: Verdict | None, *, on_golden: bool = False) -> Gate:
    verdict = row.verdict
    estimate = of_verdict(verdict)
    drawn = None
    if estimate.value is not None and estimate.low is not None and estimate.high is not None:
        drawn = interval_chart(
            estimate.value, estimate.low, estimate.high, estimate.scale, verdict.threshold, verdict.op
        )
    return Gate(
        item=row.item,
        title=title_of(row.item) or verdict.metric,
        expression=verdict.gate,
        outcome=verdict.outcome,
        reading=verdict.reading,
        written=verdict.written,
        estimate=estimate,
        p=probability(finite(verdict.p)) if verdict.reading == "shown" and not verdict.sealed else "",
        tested=_tested(verdict, look, on_golden),
        carries=_carries(verdict, look),
        flips="" if row.flips is None else f"another verdict in {number(row.flips, 'rate')} of cases",
        message=verdict.message,
        approximate=verdict.approximate,
        sealed=verdict.sealed,
        dev="" if on_dev is None else of_verdict(on_dev).text,
        chart=drawn,
        threshold=number(verdict.threshold, estimate.scale),
        measures=_measures(verdict.metric),
    )


def title_of(item: str) -> str:
    """A pytest item in words: "…::test_edge_case[ocr_noise]" is "Edge case: ocr noise"."""
    found = re.fullmatch(r"(?:.*::)?(?:test_)?(\w+?)(?:\[(.*)\])?", item, re.DOTALL)
    if not found:
        return item
    name = found[1].replace("_", " ").strip().capitalize()
    return f"{name}: {found[2].replace('_', ' ')}" if found[2] else name


def _measures(metric: str) -> str:
    """What a gate between two measures is an estimate of, which its name alone does not say."""
    left, op, right = metric.partition(" <= ")
    if op:
        return f"{right} minus {left}: passes from 0 up"
    left, op, right = metric.partition(" >= ")
    return f"{left} minus {right}: passes from 0 up" if op else ""


def _tested(verdict: Verdict, look: Look | None, on_golden: bool) -> str:
    """At which look and level a gate was tested, as its reading has it."""
    none = "on golden, no look" if on_golden else "on dev"
    where = none if look is None else f"look {look.number}" if look.number is not None else "look not recorded"
    if verdict.reading == "observed":
        return f"{where}, the estimate alone"
    if verdict.reading == "plausible":
        return f"{where}, the opposite at level 0.025"
    return f"{where}, level {probability(verdict.level)}"


def _carries(verdict: Verdict, look: Look | None) -> str:
    """How far a pass holds: up to which look the same evidence would still pass."""
    if not verdict or look is None:
        return ""
    if look.opened:
        return "opened: golden's examples were shown, so no error rate holds"
    if verdict.reading == "observed":
        return "met, not shown: carries no error rate"
    if verdict.reading == "plausible":
        return "the same at every look"
    p = finite(verdict.p)
    if p is None or look.number is None or p > verdict.level:
        return ""
    error = verdict.level * 2**look.number
    beyond = p <= error / 2**_MOST_LOOKS
    last = _MOST_LOOKS if beyond else math.floor(math.log2(error / p) + 1e-9)
    return f"passes up to look {max(last, look.number)}" + (" and beyond" if last == _MOST_LOOKS else "")


@dataclass(frozen=True)
class Headline:
    """The verdict in words. tone: ship, stop or open; reasons: the gates that stand in the way."""

    tone: Literal["ship", "stop", "open"]
    words: str
    rests_on: str
    reasons: tuple[str, ...]


def headline(gates: Sequence[Gate], look: Look | None, on_dev: Sequence[Gate], status: str) -> Headline:
    """What the run says about shipping, first in words, then which readings that rests on and what is in the way."""
    if look is None:
        return _without_look(on_dev, status)
    if not gates:
        return Headline("stop", "Do not ship: no gate was recorded", "", ("a suite must compare something",))
    counts = Counter[str](g.outcome for g in gates)
    total = plural(len(gates), "gate")
    reasons = tuple(f"{g.title}: {_reason(g)}" for g in gates if g.outcome != "pass")
    if counts["fail"] or counts["invalid"]:
        return Headline("stop", f"Do not ship: {_tally(counts, len(gates))}", _rests_on(gates), reasons)
    if counts["undecided"]:
        return Headline("open", f"Not shown yet: {_tally(counts, len(gates))}", _rests_on(gates), reasons)
    if status == "failed":
        reason = "a test of the suite fails without a gate of its own: see the suite's output"
        return Headline("stop", "Do not ship: the gates pass, the suite does not", _rests_on(gates), (reason,))
    words = f"all {total} pass" if len(gates) > 1 else "the one gate passes"
    if look.opened:
        reason = "golden's examples were shown before this look: refresh golden for a verdict that holds"
        return Headline("open", f"Opened: {words}, without an error rate", _rests_on(gates), (reason,))
    return Headline("ship", f"Ship: {words}", _rests_on(gates), ())


def _without_look(on_dev: Sequence[Gate], status: str) -> Headline:
    if status == "running":
        words = "Not shown yet: the run is not finished"
    else:
        words = "Not shown yet: the run ended without a look at golden"
    reached = sum(g.outcome == "pass" for g in on_dev)
    reason = f"on dev, {reached} of {plural(len(on_dev), 'gate')} are reached by the estimate; dev proves nothing"
    return Headline("open", words, "", (reason,) if on_dev else ("no gate was recorded, on dev or on golden",))


def _tally(counts: Mapping[str, int], total: int) -> str:
    """ "2 of 11 gates fail, 1 is undecided"."""
    said = {
        "fail": ("fails", "fail"),
        "invalid": ("is invalid", "are invalid"),
        "undecided": ("is undecided", "are undecided"),
    }
    parts = [(counts[o], said[o][counts[o] != 1]) for o in said if counts[o]]
    first, rest = parts[0], parts[1:]
    head = f"{first[0]} of {plural(total, 'gate')} {first[1]}"
    return ", ".join([head, *(f"{count} {word}" for count, word in rest)])


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _reason(gate: Gate) -> str:
    """Why a gate does not pass, on one line."""
    if gate.outcome == "invalid":
        return gate.message.partition("\n")[0] or f"{gate.expression} is invalid"
    state = "fails" if gate.outcome == "fail" else "is undecided"
    if not gate.estimate.known:
        why = "golden is sealed" if gate.sealed else "its numbers were not recorded"
        return f"{gate.expression} {state} ({why})"
    return f"{gate.expression} {state}: estimate {gate.estimate.text}, 95% interval {gate.estimate.interval}"


def _rests_on(gates: Sequence[Gate]) -> str:
    """Which readings the verdict rests on: "5 gates shown, 6 plausible"."""
    counts = Counter[str](g.reading for g in gates)
    parts = [f"{counts[r]} {r} ({READINGS[r]})" for r in READINGS if counts[r]]
    return f"Rests on {plural(len(gates), 'gate')}: {_listed(parts)}."
