"""pytest-rerunfailures gives a gate no second chance."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.files import read_json

LUCKY = """
import pytest

THRESHOLDS = iter([0.99, 0.8, 0.8])

{mark}
def test_lucky(candidate):
    assert candidate.exact_match >= next(THRESHOLDS)

def test_good(candidate):
    assert candidate.exact_match >= 0.7
"""
FLAKY = """
TRIES = iter([0, 1])

def test_flaky(candidate):
    assert candidate.exact_match >= 0.8
    assert next(TRIES)
"""


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any]) -> Any:
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    return project


@pytest.mark.parametrize(
    ("mark", "arguments"),
    [("", ("--reruns", "2")), ("@pytest.mark.flaky(reruns=2)", ()), ("", ("--reruns", "2", "-n", "2"))],
)
def test_a_gate_that_failed_once_has_failed(
    made: Any, run_apart: Callable[..., Any], mark: str, arguments: tuple[str, ...]
) -> None:
    made.gates(LUCKY.format(mark=mark))
    ran = run_apart(made.project.root, made.project.cache, "suites", "-W", "error", "--junitxml=j.xml", *arguments)
    assert ran.status == 1
    assert "1 failed, 1 passed, 2 rerun" in ran.text
    assert "exact_match >= 0.99 is undecided" in ran.text
    assert "running a gate again does not change the verdict of its first run" in ran.text
    assert "suite colours is incomplete (1 run more than once): no verdict on the suite; so far 1 undecided" in ran.text
    (outcome,) = (read_json(p) for p in made.looks.glob("*.outcome.json"))
    assert outcome["pass"] is None
    assert "undecided" in [g["outcome"] for g in outcome["gates"]]
    told = {str(p.get("name")): p.get("value") for p in ET.parse(made.project.root / "j.xml").iter("property")}
    assert told["goldgate.2.gate"] == "exact_match >= 0.99"
    assert told["goldgate.2.verdict"] == "undecided"


def test_a_test_that_is_run_again_for_another_reason_leaves_no_verdict(
    made: Any, run_apart: Callable[..., Any]
) -> None:
    made.gates(FLAKY)
    ran = run_apart(made.project.root, made.project.cache, "suites", "--reruns", "2")
    assert ran.status == 1
    assert "suite colours is incomplete (1 run more than once): no verdict on the suite" in ran.text


def test_installed_and_not_used_it_changes_nothing(made: Any, run_apart: Callable[..., Any]) -> None:
    ran = run_apart(made.project.root, made.project.cache, "suites", "--reruns", "0")
    assert ran.status == 0
    assert "suite colours passes: all 4 gates" in ran.text
