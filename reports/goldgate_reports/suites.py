"""The report on one run of pytest: each suite's gates and verdict, in one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from goldgate.base.files import write_whole
from goldgate.runs.golden import GateRow, GoldenRecord, LookFacts
from goldgate_reports.build import render_page
from goldgate_reports.gates import READINGS, Gate, Look, gates_of, look_of

Tone = Literal["ship", "stop", "open"]


@dataclass(frozen=True)
class SuiteRun:
    """What one run of pytest found out about one suite.

    Attributes:
        task: Name of the task.
        tone: The tone of the verdict, which chooses its sign.
        words: The verdict on the whole suite.
        facts: Who was tested on what, one line each.
        split: Whose examples were used.
        look: The look at golden; None where the run was not a look.
        rows: The gates.
        opened: Whether the golden examples had been shown before the look.
    """

    task: str
    tone: Tone
    words: str
    facts: tuple[str, ...]
    split: Literal["dev", "golden"]
    look: LookFacts | None
    rows: tuple[GateRow, ...]
    opened: bool = False


@dataclass(frozen=True)
class SuiteView:
    """One suite, as the page shows it."""

    task: str
    tone: Tone
    words: str
    facts: tuple[str, ...]
    gates_split: str
    look: Look | None
    gates: tuple[Gate, ...]
    readings: tuple[tuple[str, str], ...]


def build_suites_report(suites: Sequence[SuiteRun], path: Path) -> None:
    """Writes the page.

    Args:
        suites: The suites that pytest ran.
        path: The HTML file to write.

    Raises:
        UserError: The file cannot be written.
    """
    write_whole(path, render_page("suites.html.jinja", views=[_view(suite) for suite in suites]))


def _view(suite: SuiteRun) -> SuiteView:
    look = None if suite.look is None else look_of(GoldenRecord(look=suite.look, opened=suite.opened))
    gates = gates_of(suite.rows, look, on_golden=suite.split == "golden")
    readings = tuple((r, words) for r, words in READINGS.items() if any(g.reading == r for g in gates))
    return SuiteView(suite.task, suite.tone, suite.words, suite.facts, suite.split, look, gates, readings)
