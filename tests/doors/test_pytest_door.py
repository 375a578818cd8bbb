"""pytest as a user starts it on the shipped tasks, in a process of its own and without the answers of a champion."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped tasks, nothing promoted and nothing looked at."""
    folder = tmp_path_factory.mktemp("shipped")
    left_out = shutil.ignore_patterns("champion*", "looks", "__pycache__", ".*")
    for name in ("suites", "golden"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=left_out)
    return folder


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest in a folder, without the settings of the run that this test is part of."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments]
    env = {**clean, "CI": "false", "GOLDGATE_CACHE": str(folder / "cache"), **environ}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, env=env, check=False)


def test_the_shipped_suites_are_collected_together_without_a_model_library(project: Path) -> None:
    (project / "conftest.py").write_text(
        "import sys\n\ndef pytest_sessionfinish():\n"
        "    assert not {'torch', 'transformers', 'scipy'} & set(sys.modules)\n"
    )
    done = run(project, "suites", "--collect-only", "-q", "-W", "error", "-o", "strict=true")
    (project / "conftest.py").unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "suites/invoices/test_gates.py::test_edge_case[" in done.stdout
    assert "golden suites" not in done.stdout


def test_without_a_champion_every_gate_fails_and_says_what_to_do(project: Path) -> None:
    done = run(project, "suites/invoices")
    assert done.returncode == 1
    assert "passed" not in done.stdout.splitlines()[-1]
    assert "skipped" not in done.stdout.splitlines()[-1]
    assert "there is no candidate: task invoices has no champion" in done.stdout
    assert "goldgate train invoices" in done.stdout
    assert not (project / "golden" / "invoices" / "looks").exists()


def test_an_adapter_that_is_not_there_is_one_message_an_item(project: Path) -> None:
    done = run(project, "suites/invoices", "--candidate", "adapter:runs/none", "--split", "golden", "-k", "schema")
    assert done.returncode == 1
    assert "test_schema is invalid: no such adapter folder" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not (project / "golden" / "invoices" / "looks").exists()


def test_the_options_are_told_by_help(project: Path) -> None:
    text = run(project, "--help").stdout
    for option in ("--candidate", "--split", "--regenerate"):
        assert option in text
