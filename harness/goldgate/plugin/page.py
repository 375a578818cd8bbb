"""Converts a pytest run into the form that the HTML report shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from goldgate.plugin.population import clustered
from goldgate.plugin.tally import SuiteTally
from goldgate.plugin.terminal import head, verdict_line
from goldgate.runs.golden import GateRow, LookFacts
from goldgate_reports import SuiteRun


def suite_runs(suites: Sequence[SuiteTally]) -> list[SuiteRun]:
    """Converts suites for the report.

    Args:
        suites: The suites of the run.

    Returns:
        Each suite with its verdict, its subjects and split, and its gates.
    """
    return [_run(suite) for suite in suites]


def _run(suite: SuiteTally) -> SuiteRun:
    words, colour = verdict_line(suite)
    split: Literal["dev", "golden"] = "golden" if (suite.info.get("split") or {}).get("name") == "golden" else "dev"
    tone: Literal["ship", "stop", "open"] = "stop" if colour == "red" else "open"
    if colour == "green" and split == "golden":  # a pass on dev does not approve a model
        tone = "ship"
    look = suite.info.get("look")
    return SuiteRun(
        suite.task,
        tone,
        words,
        tuple(line.strip() for line in (*head(suite.info), *clustered(suite.spoken()))),
        split,
        None if look is None else LookFacts(number=look["number"], level=suite.info["level"], name=look["name"]),
        tuple(GateRow(item=item.nodeid, verdict=s.verdict) for item in suite.ordered() for s in item.spoken),
        opened=look is not None and suite.info["ledger"]["opened"],
    )
