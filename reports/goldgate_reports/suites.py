"""The report of one run of pytest: the gates of each suite and its verdict, in one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from goldgate.base.files import write_whole
from goldgate_reports.build import render_page
from goldgate_reports.gates import READINGS, Gate, Look, gates_of, look_of

Tone = Literal["ship", "stop", "open"]


@dataclass(frozen=True)
class SuiteRun:
    """What pytest came to on one suite. words: the verdict on the whole; facts: who was tested on what, a line each;
    look: number, level and name of the look at golden, and whether golden was opened; None where it was none; rows:
    {"item", "verdict"} a gate.
    """

    task: str
    tone: Tone
    words: str
    facts: tuple[str, ...]
    split: Literal["dev", "golden"]
    look: Mapping[str, Any] | None
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class SuiteView:
    """One suite as the page shows it."""

    task: str
    tone: Tone
    words: str
    facts: tuple[str, ...]
    gates_split: str
    look: Look | None
    gates: tuple[Gate, ...]
    readings: tuple[tuple[str, str], ...]


def build_suites_report(suites: Sequence[SuiteRun], path: Path) -> None:
    """Writes the page, whole. Raises UserError where a row is no verdict or the file cannot be written."""
    write_whole(path, render_page("suites.html.jinja", views=[_view(suite) for suite in suites]))


def _view(suite: SuiteRun) -> SuiteView:
    look = None if suite.look is None else look_of({"look": suite.look, "opened": suite.look.get("opened")})
    gates = gates_of(suite.rows, look, f"the run of {suite.task}", on_golden=suite.split == "golden")
    readings = tuple((r, words) for r, words in READINGS.items() if any(g.reading == r for g in gates))
    return SuiteView(suite.task, suite.tone, suite.words, suite.facts, suite.split, look, gates, readings)
