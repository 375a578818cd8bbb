"""The page of one run of pytest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from goldgate.measures import Measure, invalid
from goldgate.runs.golden import GateRow, LookFacts
from goldgate_reports import SuiteRun, build_suites_report


def suite(**changes: Any) -> SuiteRun:
    """A suite of one gate that passes at look 2."""
    verdict = Measure([1.0] * 90 + [0.0] * 10, name="exact_match").verdict(">=", 0.8)
    row = GateRow(item="suites/t/test_gates.py::test_accuracy", verdict=verdict)
    known = {
        "task": "t",
        "tone": "ship",
        "words": "suite t passes: its one gate (1 shown)",
        "facts": ("t on golden",),
        "split": "golden",
        "look": LookFacts(number=2, level=0.0125, name="abc"),
        "rows": (row,),
    }
    return SuiteRun(**{**known, **changes})


def page(tmp_path: Path, *suites: SuiteRun) -> str:
    build_suites_report(suites, tmp_path / "deep" / "page.html")
    return (tmp_path / "deep" / "page.html").read_text("utf-8")


def test_a_suite_shows_its_verdict_and_its_gates(tmp_path: Path) -> None:
    text = page(tmp_path, suite())
    assert "suite t passes: its one gate (1 shown)" in text
    assert '<p class="basis">t on golden</p>' in text
    assert "<code>exact_match &gt;= 0.80</code>" in text
    assert "look 2, level 0.025" in text
    assert text.count('<li class="gate pass">') == 1


def test_every_suite_has_names_of_its_own(tmp_path: Path) -> None:
    ids = re.findall(r' id="([^"]+)"', page(tmp_path, suite(), suite(task="u")))
    assert len(ids) == len(set(ids)) > 4


def test_golden_without_a_look_is_not_called_dev(tmp_path: Path) -> None:
    assert "on golden, without a look, level" in page(tmp_path, suite(look=None))
    assert "on dev, level" in page(tmp_path, suite(look=None, split="dev"))


def test_a_suite_without_a_gate_says_so(tmp_path: Path) -> None:
    assert "No gate was recorded" in page(tmp_path, suite(rows=()))


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    evil = "</h1><script>alert(1)</script>\u202e"
    row = GateRow(item=evil, verdict=invalid(evil, evil, evil))
    text = page(tmp_path, suite(words=evil, facts=(evil,), rows=(row,)))
    assert "<script" not in text
    assert "\u202e" not in text
    assert "default-src &#39;none&#39;" in text
