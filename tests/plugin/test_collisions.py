"""A project may have packages called harness, trainers, reports and tests: the plugin has none of these names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = (str(Path(sys.executable).parent / "pytest"),)
MODULE = (sys.executable, "-m", "pytest")
OWN = {
    "harness": ("scorers", "errors", "plugin", "measures", "cli"),
    "trainers": ("recipe", "lora", "loop"),
    "reports": ("words", "build", "suites", "views", "records"),
    "tests": ("conftest", "answers"),
    "suites": (),
}
"""Packages of a user, with modules that once were ours. Each that is imported without being asked for says so."""
LOUD = "raise AssertionError(f'{__name__} of the user was imported')\n"
USED = "from reports import words\nfrom harness.scorers import LIMIT\n"


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any]) -> Any:
    """A project with a champion beside packages of its own, two of which its tests use."""
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    root = project.project.root
    for package, modules in OWN.items():
        (root / package).mkdir(exist_ok=True)
        (root / package / "__init__.py").write_text("")
        for module in modules:
            (root / package / f"{module}.py").write_text(LOUD)
    (root / "tests" / "conftest.py").write_text("")
    (root / "reports" / "words.py").write_text("MINE = 1\n")
    (root / "harness" / "scorers.py").write_text("LIMIT = 0.5\n")
    (root / "tests" / "test_own.py").write_text(
        f"{USED}\n\ndef test_own():\n    assert (words.MINE, LIMIT) == (1, 0.5)\n"
    )
    (root / "conftest.py").write_text(
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent))\n"
    )
    return project


def run(made: Any, command: tuple[str, ...], *arguments: str, **environ: str) -> str:
    """What a command prints that must pass."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_", "GITHUB_")) and k != "CI"}
    done = subprocess.run(
        [*command, "-p", "no:hypothesispytest", "-p", "no:cacheprovider", *arguments],
        cwd=made.project.root,
        env={**clean, "GOLDGATE_CACHE": str(made.project.cache), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "of the user was imported" not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("command", [SCRIPT, MODULE], ids=["pytest", "python -m pytest"])
def test_suites_decide_beside_packages_of_any_name(made: Any, command: tuple[str, ...], tmp_path: Path) -> None:
    summary, page = tmp_path / "summary.md", tmp_path / "gates.html"
    github = {"CI": "false", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    out = run(made, command, "suites", "tests", "-W", "error", f"--gate-report={page}", **github)
    assert "suite colours passes" in out
    assert "suite colours passes" in summary.read_text()
    assert "exact_match" in page.read_text()


@pytest.mark.parametrize("command", [SCRIPT, MODULE], ids=["pytest", "python -m pytest"])
def test_so_they_do_under_xdist(made: Any, command: tuple[str, ...], tmp_path: Path) -> None:
    page = tmp_path / "gates.html"
    out = run(made, command, "suites", "-p", "xdist", "-n", "2", "-W", "error", f"--gate-report={page}")
    assert "suite colours passes" in out
    assert page.is_file()


def test_a_failing_gate_is_annotated_beside_packages_of_any_name(made: Any) -> None:
    made.gates("def test_it(candidate):\n    assert candidate.exact_match >= 0.999\n")
    with pytest.raises(AssertionError, match=r"::error file=suites/colours/test_gates.py,line=2"):
        run(made, MODULE, "suites", CI="false", GITHUB_ACTIONS="true")


@pytest.mark.parametrize("command", [SCRIPT, MODULE], ids=["pytest", "python -m pytest"])
def test_a_users_other_tests_see_nothing_of_the_plugin(made: Any, command: tuple[str, ...]) -> None:
    root = made.project.root
    (root / "tests" / "conftest.py").write_text(
        "import json, pathlib, sys\n\ndef pytest_sessionfinish():\n"
        "    names = [n for n in sys.modules if n.startswith('goldgate') or n in ('numpy', 'pydantic', 'jinja2')]\n"
        "    pathlib.Path('loaded.json').write_text(json.dumps(names))\n"
    )
    out = run(made, command, "tests", "-W", "error", CI="1", GITHUB_ACTIONS="true")
    assert "1 passed" in out
    assert "golden" not in out
    assert "::error" not in out
    assert set(json.loads((root / "loaded.json").read_text())) <= {
        "goldgate",
        "goldgate.base",
        "goldgate.base.errors",
        "goldgate.plugin",
        "goldgate.plugin.asked",
        "goldgate.plugin.kinds",
        "goldgate.plugin.options",
        "goldgate.plugin.place",
    }
