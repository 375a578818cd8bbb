"""What JUnit files and GitHub are told: readable, escaped, once, also by xdist's workers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.measures import invalid
from goldgate.plugin.github import error_commands, plain, step_summary
from goldgate.plugin.spoken import Spoken
from goldgate.plugin.tally import ItemStart, ItemTally, SuiteTally

GATES = """
def test_good(candidate):
    assert candidate.exact_match >= 0.8

def test_two(candidate, edge_cases):
    candidate.on(edge_cases).exact_match.plausible >= 0.5
    assert candidate.exact_match >= 0.99

def test_f1(candidate):
    assert candidate.macro_f1 >= 0.5

def test_typo(candidate):
    assert candidate.exact_macth >= 0.5
"""


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any]) -> Any:
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    project.gates(GATES)
    return project


def junit(root: Path) -> dict[str, dict[str, str]]:
    """Test → property → value."""
    return {
        case.get("name", ""): {str(p.get("name")): str(p.get("value")) for p in case.iter("property")}
        for case in ET.parse(root / "j.xml").iter("testcase")
    }


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_verdicts_are_properties_in_junit(made: Any, run_apart: Callable[..., Any], workers: tuple[str, ...]) -> None:
    ran = run_apart(made.project.root, made.project.cache, "suites", "--junitxml=j.xml", *workers)
    assert ran.status == 1
    told = junit(made.project.root)
    good = told["test_good"]
    assert {n: good[f"goldgate.{n}"] for n in ("gate", "verdict", "threshold", "reading", "n", "missing", "level")} == {
        "gate": "exact_match >= 0.80",
        "verdict": "pass",
        "threshold": ">= 0.8",
        "reading": "shown",
        "n": "60",
        "missing": "0",
        "level": "0.025",
    }
    assert float(good["goldgate.estimate"]) == pytest.approx(58 / 60, abs=1e-5)
    assert re.fullmatch(r"0\.88\d* to 0\.99\d*", good["goldgate.interval"])
    assert 0 < float(good["goldgate.p"]) < 0.001
    assert "goldgate.approximate" not in good
    assert told["test_two"]["goldgate.verdict"] == "pass"
    assert told["test_two"]["goldgate.2.gate"] == "exact_match >= 0.99"
    assert told["test_two"]["goldgate.2.verdict"] == "undecided"
    assert told["test_f1"]["goldgate.approximate"] == "true"
    assert told["test_typo"]["goldgate.verdict"] == "invalid"
    assert 'no metric "exact_macth"' in told["test_typo"]["goldgate.why"]
    assert not [v for case in told.values() for v in case.values() if v.startswith("{")]


def test_the_properties_can_be_switched_off(made: Any, run_apart: Callable[..., Any]) -> None:
    ran = run_apart(
        made.project.root,
        made.project.cache,
        "suites",
        "--junitxml=j.xml",
        "-o",
        "goldgate_junit=false",
        "--strict-config",
    )
    assert "suite colours does not pass" in ran.text
    assert not any(junit(made.project.root).values())


def test_approximate_verdicts_are_called_so(made: Any, run_apart: Callable[..., Any]) -> None:
    text = run_apart(made.project.root, made.project.cache, "suites").text
    assert re.search(r"macro_f1 >= 0\.50 .* shown, approximate +pass +60", text)
    assert re.search(r"exact_match >= 0\.80 .* shown +pass +60", text)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_github_gets_a_summary_and_annotations_once(
    made: Any, run_apart: Callable[..., Any], tmp_path: Path, workers: tuple[str, ...]
) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    ran = run_apart(
        made.project.root,
        made.project.cache,
        "suites",
        *workers,
        CI="false",
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(path),
        GITHUB_WORKSPACE=str(tmp_path),
    )
    found = [line for line in ran.text.splitlines() if line.startswith("::error ")]
    assert len(found) == 2
    assert found[0].startswith(
        "::error file=project/suites/colours/test_gates.py,line=7,"
        "title=exact_match >= 0.99%3A undecided::exact_match >= 0.99 is undecided%0A"
    )
    assert "invalid" in found[1]
    summary = path.read_text()
    assert summary.startswith(
        "before\n### :x: suite colours does not pass: 3 of 5 gates pass, 1 undecided, 1 invalid\n"
    )
    assert "| gate | estimate | 95% interval | threshold | reading | verdict | n |\n| --- |" in summary
    assert re.search(
        r"\| exact\\_match >= 0\.80 \| 0\.967 \| 0\.885 to 0\.996 \| 0\.80 \| shown \| pass \| 60 \|", summary
    )
    assert "shown, approximate" in summary
    assert summary.count("###") == 1


def test_elsewhere_github_is_told_nothing(made: Any, run_apart: Callable[..., Any]) -> None:
    assert "::error" not in run_apart(made.project.root, made.project.cache, "suites", GITHUB_ACTIONS="false").text


def test_a_summary_that_cannot_be_written_is_said(made: Any, run_apart: Callable[..., Any], tmp_path: Path) -> None:
    made.gates("def test_good(candidate):\n    assert candidate.exact_match >= 0.8\n")
    ran = run_apart(made.project.root, made.project.cache, "suites", GITHUB_STEP_SUMMARY=str(tmp_path / "no" / "file"))
    assert ran.status == 0
    assert "cannot be written to GITHUB_STEP_SUMMARY" in ran.text


def hostile() -> SuiteTally:
    """A suite whose tag, file and message try to steer the runner and the page."""
    evil = "x]|<img src=a>\n::error::owned\x1b[2J%0A, a:b"
    verdict = replace(
        invalid(evil, ""), outcome="fail", metric=evil, estimate=0.1, high=0.2, n=3, message=evil + "\r\nend"
    )
    suite = SuiteTally("/p", evil)
    suite.info = {
        "task": evil,
        "items": ["i"],
        "left_out": [],
        "notes": [evil],
        "subjects": {},
        "answers": {},
        "split": None,
        "look": None,
        "level": None,
    }
    item = suite.items.setdefault("i", ItemTally("i"))
    item.starts["", 1] = ItemStart("failed", [Spoken(verdict, f"a,{evil}", 12)], called=True)
    return suite


def test_hostile_text_ends_no_command_and_begins_none() -> None:
    (line,) = error_commands([hostile()], Path("/p"), None)
    assert len(line.splitlines()) == 1
    head, message = line.removeprefix("::error ").split("::", 1)
    assert [part.split("=")[0] for part in head.split(",")] == ["file", "line", "title"]
    assert "\x1b" not in line
    assert "%250A" in message
    assert message.endswith("%0Aend")


def test_hostile_text_is_only_text_in_the_summary() -> None:
    text = step_summary([hostile()])
    assert "<img" not in text
    assert "\x1b" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert not [line for line in text.splitlines() if line.startswith("::")]
    assert plain("a\nb|c") == "a b\\|c"
