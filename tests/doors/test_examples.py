"""The examples and the workflows do what they say: their own commands are run, as a reader would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GATES = [ROOT / ".github" / "workflows" / "gate.yml", ROOT / "examples" / "ci" / "github.yml"]


def _shell(command: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A shell command in a folder, with a cache of its own and the interpreter of these tests first on PATH."""
    kept = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith(("GITHUB_", "PYTEST_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**kept, "PATH": path, "GOLDGATE_CACHE": str(folder / "cache"), **more}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text("utf-8"))


def _runs(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def _is_install(command: str) -> bool:
    return re.match(r"python -m pip install ", command) is not None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one of the shipped suites, as a checkout of it would be."""
    for part in ("suites", "golden"):
        shutil.copytree(ROOT / part / "voice", tmp_path / part / "voice")
    return tmp_path


def test_a_csv_becomes_a_suite_whose_gates_pass_on_golden(tmp_path: Path) -> None:
    done = _shell(str(ROOT / "examples" / "from_csv" / "run.sh"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "suite queues passes: all 2 gates (2 shown)" in done.stdout
    assert len(list((tmp_path / "golden" / "queues" / "looks").glob("*.outcome.json"))) == 1


def test_a_metric_and_a_perturbation_of_ones_own_are_gated(tmp_path: Path) -> None:
    done = _shell(str(ROOT / "examples" / "own_parts" / "run.sh"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"minutes_lost.observed <= 1.00 .* pass +299", done.stdout)
    assert re.search(r"under forwarded\].* pass +299", done.stdout)


def test_a_metric_of_ones_own_fails_where_its_threshold_is_missed(tmp_path: Path) -> None:
    strict = tmp_path / "examples" / "own_parts"
    for name in ("own_parts", "from_csv"):
        shutil.copytree(ROOT / "examples" / name, tmp_path / "examples" / name)
    (tmp_path / "golden").symlink_to(ROOT / "golden")
    own = strict / "test_own.py"
    own.write_text(
        own.read_text("utf-8").replace("candidate.by(minutes_lost) <= 1", "candidate.by(minutes_lost) <= 0.1")
    )
    work = tmp_path / "work"
    work.mkdir()
    done = _shell(str(strict / "run.sh"), work)
    assert done.returncode == 1
    assert re.search(r"minutes_lost.observed <= 0.1\S* .* fail +299", done.stdout), done.stdout


@pytest.mark.parametrize("workflow", GATES, ids=lambda path: path.parent.name)
def test_the_gate_of_a_pull_request_decides_from_recorded_answers(workflow: Path, project: Path) -> None:
    install, decide = _runs(_read(workflow)["jobs"]["gate"])
    assert _is_install(install)
    assert "[" not in install  # the light install: no extra
    summary = project / "summary.md"
    done = _shell(decide, project, CI="true", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "460 recorded, 0 cached, 0 generated" in done.stdout
    assert "suite voice passes: all 19 gates" in summary.read_text("utf-8")
    assert (project / "gates.html").read_text("utf-8").startswith("<!doctype html>")
    cases = ElementTree.parse(project / "gates.xml").getroot().iter("testcase")
    assert len([*cases]) == 19


@pytest.mark.parametrize("workflow", GATES, ids=lambda path: path.parent.name)
def test_a_pull_request_that_changes_a_threshold_without_its_look_is_stopped(workflow: Path, project: Path) -> None:
    gates = project / "suites" / "voice" / "test_gates.py"
    gates.write_text(gates.read_text("utf-8").replace("style_ok >= 0.85", "style_ok >= 0.80"))
    done = _shell(_runs(_read(workflow)["jobs"]["gate"])[-1], project, CI="true")
    assert done.returncode == 1
    assert "not recorded (golden/voice/looks)" in done.stdout


def test_the_gate_on_gitlab_decides_from_recorded_answers(project: Path) -> None:
    install, decide = _read(ROOT / "examples" / "ci" / "gitlab.yml")["gate"]["script"]
    assert _is_install(install)
    done = _shell(decide, project, CI="true", GITLAB_CI="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "gates.xml").is_file()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_reads_only_and_names_major_versions_of_its_actions(workflow: Path) -> None:
    whole = _read(workflow)
    assert whole["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in whole["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w./-]+@(v\d+|release/v\d+)", name) for name in used), used


def test_ci_runs_what_the_project_runs() -> None:
    commands = _runs(_read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["ci"])
    assert commands == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_publishing_needs_no_token() -> None:
    publish = _read(ROOT / ".github" / "workflows" / "publish.yml")["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / "publish.yml").read_text("utf-8")


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[bf]*.yml")), ids=lambda p: p.stem)
def test_an_issue_form_has_what_github_asks_of_one(form: Path) -> None:
    whole = _read(form)
    assert whole["name"]
    assert whole["description"]
    assert all(part["type"] in ("textarea", "dropdown") and part["attributes"]["label"] for part in whole["body"])
    ids = [part["id"] for part in whole["body"]]
    assert len(ids) == len(set(ids))
