"""--gate-report: this run as one HTML file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any]) -> Any:
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    return project


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_report_holds_every_suite(
    made: Any, write_project: Callable[..., Any], run_apart: Callable[..., Any], workers: tuple[str, ...]
) -> None:
    write_project(made.project.root, made.project.cache, "shades").champion(wrong=30)
    ran = run_apart(made.project.root, made.project.cache, "suites", "--gate-report", "out/gates.html", *workers)
    assert ran.status == 1
    assert "out/gates.html" in ran.text
    text = (made.project.root / "out" / "gates.html").read_text("utf-8")
    assert "suite colours passes: all 4 gates (2 shown, 2 not contradicted)" in text
    assert "suite shades does not pass: " in text
    assert text.count('<header class="first ship">') == 1
    assert text.count('<header class="first stop">') == 1
    assert text.count('<li class="gate ') == 8
    assert "golden thing number" not in text  # no example of golden


def test_dev_ships_nothing(made: Any, run_apart: Callable[..., Any]) -> None:
    run_apart(made.project.root, made.project.cache, "suites", "--split", "dev", "--gate-report", "gates.html")
    text = (made.project.root / "gates.html").read_text("utf-8")
    assert '<header class="first open">' in text
    assert "golden decides" in text


def test_what_is_no_html_file_is_refused(made: Any, run_apart: Callable[..., Any]) -> None:
    gates = made.suite / "test_gates.py"
    before = gates.read_text()
    ran = run_apart(made.project.root, made.project.cache, "suites", "--gate-report", str(gates))
    assert ran.status == 4
    assert "does not end in .html" in ran.text
    assert gates.read_text() == before
