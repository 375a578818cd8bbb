"""Gates as a report shows them, and the overall verdict in words."""

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
    "shown": "the data shows it at the level of the look",
    "plausible": "the data does not show the opposite",
    "observed": "the estimate reaches it, which shows nothing beyond these examples",
}
_MOST_LOOKS = 20  # no ledger gets that far, and a pass with p = 0 would otherwise hold for ever


@dataclass(frozen=True)
class Gate:
    """One recorded gate.

    Attributes:
        item: Its pytest item.
        title: The item in words.
        expression: What the suite asserts.
        outcome: Pass, fail, undecided or invalid.
        reading: The reading that decided it.
        written: The reading that the suite asks for; on dev, every gate is read as observed.
        estimate: The estimate with its interval.
        p: The p-value in words; empty where the gate was not tested.
        tested: The look and the level, in words.
        carries: Up to which look a pass holds, in words.
        flips: How likely a new golden set of the same size is to give another verdict, in words.
        message: What pytest printed.
        approximate: Whether the interval is approximate.
        sealed: Whether golden is sealed, so that there are no numbers.
        dev: The estimate on dev; empty where there is none.
        chart: The interval on its axis; None where there are no numbers.
        threshold: What the estimate is compared with.
        measures: What the estimate means and whom it is over, where the name of the metric does not say it.
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
    """A look at golden: its number, its level, and what all looks at this golden split have spent."""

    number: int | None
    level: float | None
    name: str
    spent: str
    opened: bool
    sealed: bool
    count: int | None
    fingerprint: str


def look_of(golden: GoldenRecord) -> Look:
    """Takes the look from golden.json.

    Args:
        golden: The record; whatever it leaves out is None in the result.

    Returns:
        The look.
    """
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
    """Returns the gates of the look in the order in which they ran; empty where there was no look."""
    if records.golden is None:
        return ()
    look = look_of(records.golden)
    on_dev = {_key(row): row.verdict for row in (records.best.gates if records.best else ())}
    return tuple(_gate(row, look, on_dev.get(_key(row))) for row in records.golden.verdicts or ())


def dev_gates(records: Records) -> tuple[Gate, ...]:
    """Returns the best attempt's gates on dev, which were not tested on golden."""
    return gates_of(records.best.gates if records.best else (), None, on_golden=False)


def gates_of(rows: Sequence[GateRow], look: Look | None, *, on_golden: bool) -> tuple[Gate, ...]:
    """Prepares recorded gates for a page.

    Args:
        rows: The gates.
        look: The look that tested them; None on dev, and on golden where the run of the suite was not a look.
        on_golden: Whether they are on golden, which matters only where `look` is None.

    Returns:
        One row of the page per gate.
    """
    return tuple(_gate(row, look, None, on_golden=on_golden) for row in rows)


def _key(row: GateRow) -> tuple[str, str, str, float]:
    """Identifies a gate across dev and golden: one item may hold several, and dev reads them differently."""
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
        flips="" if row.flips is None else f"gives another verdict in {number(row.flips, 'rate')} of cases",
        message=verdict.message,
        approximate=verdict.approximate,
        sealed=verdict.sealed,
        dev="" if on_dev is None else of_verdict(on_dev).text,
        chart=drawn,
        threshold=number(verdict.threshold, estimate.scale),
        measures="; ".join(filter(None, (_measures(verdict.metric), verdict.against))),
    )


def title_of(item: str) -> str:
    """Writes a pytest item in words: "…::test_edge_case[ocr_noise]" becomes "Edge case: ocr noise"."""
    found = re.fullmatch(r"(?:.*::)?(?:test_)?(\w+?)(?:\[(.*)\])?", item, re.DOTALL)
    if not found:
        return item
    name = found[1].replace("_", " ").strip().capitalize()
    return f"{name}: {found[2].replace('_', ' ')}" if found[2] else name


def _measures(metric: str) -> str:
    """Says what a gate between two measures estimates, which its name alone does not tell."""
    left, op, right = metric.partition(" <= ")
    if op:
        return f"{right} minus {left}; passes at 0 or more"
    left, op, right = metric.partition(" >= ")
    return f"{left} minus {right}; passes at 0 or more" if op else ""


def _tested(verdict: Verdict, look: Look | None, on_golden: bool) -> str:
    """Says at which look and level a gate was tested, according to its reading."""
    none = "on golden, without a look" if on_golden else "on dev"
    where = none if look is None else f"look {look.number}" if look.number is not None else "look not recorded"
    if verdict.reading == "observed":
        return f"{where}, by the estimate alone"
    if verdict.reading == "plausible":
        return f"{where}, the opposite at level 0.025"
    return f"{where}, level {probability(verdict.level)}"


def _carries(verdict: Verdict, look: Look | None) -> str:
    """Says up to which look the same evidence would still pass."""
    if not verdict or look is None:
        return ""
    if look.opened:
        return "opened: golden's examples were shown, so no error rate holds"
    if verdict.reading == "observed":
        return "met but not shown, so a pass has no error rate"
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
    """The verdict in words.

    Attributes:
        tone: Whether to ship, to stop, or neither yet.
        words: The verdict.
        rests_on: The readings that it rests on.
        reasons: What prevents a release, one reason per line.
    """

    tone: Literal["ship", "stop", "open"]
    words: str
    rests_on: str
    reasons: tuple[str, ...]


def headline(gates: Sequence[Gate], look: Look | None, on_dev: Sequence[Gate], status: str) -> Headline:
    """Decides what the run says about shipping.

    Args:
        gates: The gates on golden.
        look: The look at golden; None where there was none.
        on_dev: The best attempt's gates on dev.
        status: The status of the run.

    Returns:
        The verdict, the readings that it rests on, and what prevents a release.
    """
    if look is None:
        return _without_look(on_dev, status)
    if not gates:
        return Headline("stop", "Do not ship: no gate was recorded", "", ("a suite must contain at least one gate",))
    counts = Counter[str](g.outcome for g in gates)
    total = plural(len(gates), "gate")
    reasons = tuple(f"{g.title}: {_reason(g)}" for g in gates if g.outcome != "pass")
    if counts["fail"] or counts["invalid"]:
        return Headline("stop", f"Do not ship: {_tally(counts, len(gates))}", _rests_on(gates), reasons)
    if counts["undecided"]:
        return Headline("open", f"Not shown yet: {_tally(counts, len(gates))}", _rests_on(gates), reasons)
    if status == "failed":
        reason = "a test that is not a gate fails: see the output of the suite"
        return Headline("stop", "Do not ship: the gates pass, but the suite does not", _rests_on(gates), (reason,))
    words = f"all {total} pass" if len(gates) > 1 else "the one gate passes"
    if look.opened:
        reason = "the golden examples were shown before this look; refresh golden for a verdict with an error rate"
        return Headline("open", f"Opened: {words}, without an error rate", _rests_on(gates), (reason,))
    return Headline("ship", f"Ship: {words}", _rests_on(gates), ())


def _without_look(on_dev: Sequence[Gate], status: str) -> Headline:
    if status == "running":
        words = "Not shown yet: the run is not finished"
    else:
        words = "Not shown yet: the run ended without a look at golden"
    reached = sum(g.outcome == "pass" for g in on_dev)
    reason = f"on dev, the estimates reach {reached} of {plural(len(on_dev), 'gate')}, which proves nothing"
    return Headline("open", words, "", (reason,) if on_dev else ("no gate was recorded on dev or on golden",))


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
    """Says on one line why a gate does not pass."""
    if gate.outcome == "invalid":
        return gate.message.partition("\n")[0] or f"{gate.expression} is invalid"
    state = "fails" if gate.outcome == "fail" else "is undecided"
    if not gate.estimate.known:
        why = "golden is sealed" if gate.sealed else "its numbers were not recorded"
        return f"{gate.expression} {state} ({why})"
    return f"{gate.expression} {state}: estimate {gate.estimate.text}, 95% interval {gate.estimate.interval}"


def _rests_on(gates: Sequence[Gate]) -> str:
    """Says which readings the verdict rests on, as in "5 shown and 6 plausible"."""
    counts = Counter[str](g.reading for g in gates)
    parts = [f"{counts[r]} {r} ({READINGS[r]})" for r in READINGS if counts[r]]
    return f"The verdict rests on {plural(len(gates), 'gate')}: {_listed(parts)}."
