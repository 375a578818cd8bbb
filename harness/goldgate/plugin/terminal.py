"""The table of gates and the verdict on every suite, below pytest's own output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from goldgate.measures import Reading, Verdict
from goldgate.measures.wording import catches, outcome, threshold
from goldgate.plugin.population import clustered
from goldgate.plugin.tally import SuiteTally

COLUMNS = ("gate", "estimate", "95% interval", "threshold", "reading", "verdict", "n")
_COLOURS = {"pass": "green", "fail": "red", "undecided": "yellow", "invalid": "red"}
_VERDICT = COLUMNS.index("verdict")
_RESTS_ON: dict[Reading, str] = {"shown": "shown", "plausible": "not contradicted", "observed": "only observed"}
_RIGHT = {COLUMNS.index(name) for name in ("estimate", "threshold", "n")}


def write_summary(out: pytest.TerminalReporter, suites: list[SuiteTally]) -> None:
    """Writes each suite to the terminal: split, subjects, source of the answers, gates and verdict."""
    out.write_sep("=", "golden suites")
    for suite in suites:
        for line in head(suite.info):
            out.write_line(line)
        _write_table(out, suite)
        for line in clustered(suite.spoken()):
            out.write_line(f"  {line}", yellow=True)
        if found := suite.info.get("audit"):
            from goldgate.answers.audit import told

            out.write_line(f"  {told(found)}")
        text, colour = verdict_line(suite)
        out.write_line(text, bold=True, **{colour: True})


def head(info: Mapping[str, Any]) -> list[str]:
    """Renders the lines above a suite's table.

    Args:
        info: The facts of the suite.

    Returns:
        The lines: split, look and level; what looks have cost; the subjects by role; the source of answers; notes.
    """
    split, look = info.get("split"), info.get("look")
    lines = [str(info.get("task", ""))]
    if split is not None:
        lines[0] += f" on {split['name']} {split['fingerprint'][:4]}, {split['count']} examples"
    if look is not None:
        new = ", recorded now" if look["new"] else ""
        lines[0] += f": look {look['number']}, level {info['level']:.4g} per side{new}"
    elif split is not None and split["name"] == "golden" and info["level"] is not None:
        lines[0] += f": no look, level {info['level']:.4g} per side"
    if ledger := info.get("ledger"):
        lines.append(f"  {cost(ledger, info['level'] if look is not None else None)}")
    for role, subject in info.get("subjects", {}).items():
        name, _, metric = role.partition(".")
        lines.append(f"  {name}{f' for {metric}' if metric else ''}: {subject['name']} ({subject['identity']})")
    counts: Counter[str] = Counter()
    for origins in info.get("answers", {}).values():
        counts.update(origins)
    lines.append(f"  answers: {counts['recorded']} recorded, {counts['cache']} cached, {counts['model']} generated")
    return lines + [f"  {note}" for note in info.get("notes", [])]


def cost(ledger: Mapping[str, Any], level: float | None) -> str:
    """Describes what the looks at golden have cost so far.

    Args:
        ledger: The facts of the ledger.
        level: Level of this run's look; None if it takes none.

    Returns:
        The description.
    """
    if ledger["opened"]:
        return "golden was opened: passes carry no error rate until it is refreshed (goldgate prepare --refresh-golden)"
    looks = f"{ledger['looks']} look{'s' if ledger['looks'] != 1 else ''} at this golden split"
    this = "" if level is None else f", this one {100 * level:.4g}%"
    worth = "golden is sealed: only verdicts are shown" if ledger["sealed"] else "nominal: estimates are shown"
    return (
        f"spent: {looks}, {100 * ledger['spent']:.4g}% of the {100 * ledger['error']:g}% chance of a false"
        f" pass{this} ({worth})"
    )


def verdict_line(suite: SuiteTally) -> tuple[str, str]:
    """Renders the verdict on a suite as a whole.

    Args:
        suite: The suite.

    Returns:
        The verdict, or why there is none, and its colour.
    """
    outcomes: Counter[str] = Counter(v.outcome for v in suite.verdicts())
    other = sum(i.end in ("failed", "error") and all(s.verdict for s in i.spoken) for i in suite.ordered())
    wrong = [f"{outcomes[name]} {name}" for name in ("fail", "undecided", "invalid") if outcomes[name]]
    wrong += [f"{other} failed for another reason"] if other else []
    wrong += [] if suite.audit_is_clean else ["answers differ from the recorded ones (--audit)"]
    if gaps := suite.gaps():
        so_far = f"; so far {', '.join(wrong)}" if wrong else ""
        return f"suite {suite.task} is incomplete ({'; '.join(gaps)}): no verdict on the suite{so_far}", "yellow"
    total = sum(outcomes.values())
    if not suite.passed:
        return f"suite {suite.task} does not pass: {outcomes['pass']} of {total} gates pass, {', '.join(wrong)}", "red"
    whole = f"all {total} gates" if total != 1 else "its one gate"
    split = suite.info.get("split") or {}
    if split.get("name") == "dev":
        return f"suite {suite.task} meets {whole} on dev: observed, not shown; golden decides", "green"
    readings = Counter(v.reading for v in suite.verdicts())
    told = ", ".join(f"{readings[r]} {words}" for r, words in _RESTS_ON.items() if readings[r])
    if (suite.info.get("ledger") or {}).get("opened"):
        return f"suite {suite.task} passes, opened: {whole} ({told}), without an error rate", "yellow"
    return f"suite {suite.task} passes: {whole} ({told})", "green"


def _write_table(out: pytest.TerminalReporter, suite: SuiteTally) -> None:
    verdicts = suite.verdicts()
    if not verdicts:
        return
    rows = [COLUMNS, *(cells(v) for v in verdicts)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    for number, row in enumerate(rows):
        out.write("  ")
        for i, cell in enumerate(row):
            text = (cell.rjust(widths[i]) if i in _RIGHT else cell.ljust(widths[i])) + "  "
            colour = {_COLOURS[verdicts[number - 1].outcome]: True} if number and i == _VERDICT else {}
            out.write(text if i + 1 < len(row) else text.rstrip(), **colour)
        out.write("\n")


def cells(verdict: Verdict) -> tuple[str, ...]:
    """Returns the cells of one verdict, in the order of COLUMNS."""
    if verdict.outcome == "invalid":
        return (verdict.gate, "-", "-", "-", "-", "invalid", "-")
    interval = f"{_number(verdict, verdict.low)} to {_number(verdict, verdict.high)}"
    missing = f" ({verdict.missing} missing)" if verdict.missing else ""
    return (
        verdict.gate,
        _number(verdict, verdict.estimate),
        "sealed" if verdict.sealed else interval,
        "margin" if _is_margin(verdict) else threshold(verdict.threshold),
        ", ".join(filter(None, (verdict.reading, catches(verdict), "approximate" if verdict.approximate else ""))),
        outcome(verdict),
        f"{verdict.n}{missing}",
    )


def _is_margin(verdict: Verdict) -> bool:
    """Whether a gate compares two measures, so that its numbers are margins and its threshold is 0."""
    return verdict.metric == verdict.gate


def _number(verdict: Verdict, x: float) -> str:
    """A number of a verdict: rates with three decimals, larger units with four digits, margins signed, sealed "-"."""
    if verdict.sealed:
        return "-"
    low, high = verdict.bounds
    sign = "+" if _is_margin(verdict) else ""
    return f"{x:{sign}.3f}" if high - low <= 4.0 else f"{x:{sign}.4g}"
