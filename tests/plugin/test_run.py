"""A suite run in this process, for the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.gates import chance_of_passing
from goldgate.plugin.run import run_suite


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("CI", raising=False)
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    (tmp_path / "project" / "pytest.ini").write_text("[pytest]\naddopts = -n 2 --no-such-option\n")
    return project


def test_the_champion_passes(made: Any) -> None:
    result = run_suite(made.project, "colours", None, None, silent=True)
    assert result.exit == 0
    assert result.complete
    assert result.passed
    assert result.look is not None
    assert result.look.number == 1
    assert [r.verdict.outcome for r in result.records] == ["pass"] * 4
    assert len(result.records[0].values) == 60
    assert result.answers["adapter:runs/lost/adapter on golden"] == {"recorded": 60, "cache": 0, "model": 0}
    assert "suite colours passes" in result.output


def test_it_may_be_run_again_and_reads_the_suite_anew(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_suite(made.project, "colours", None, "dev", silent=True).passed
    made.gates("def test_more(candidate):\n    assert candidate.exact_match >= 0.99\n")
    again = run_suite(made.project, "colours", None, "dev", silent=True)
    assert [r.verdict.gate for r in again.records] == ["exact_match.observed >= 0.99"]
    assert (again.exit, again.complete, again.passed, again.look) == (1, True, False, None)
    assert capsys.readouterr().out == ""


def test_a_projects_cache_is_used_whatever_the_environment_says(
    made: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLDGATE_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    made.cached("base+few_shot:1", "dev", wrong=0)
    result = run_suite(made.project, "colours", "base+few_shot:1", "dev", silent=True)
    assert result.answers["base+few_shot:1 on dev"]["cache"] == 24
    assert result.passed


def test_its_records_give_the_chance_of_passing(made: Any) -> None:
    result = run_suite(made.project, "colours", None, "dev", silent=True)
    assert chance_of_passing(result.records, 60, 0.025) > 0.3


def test_a_part_of_a_suite_has_not_passed(made: Any) -> None:
    result = run_suite(made.project, "colours", None, "dev", ("-k", "test_accuracy"), silent=True)
    assert result.exit == 0
    assert not result.complete
    assert not result.passed
    assert result.gaps == ("3 deselected",)


def test_a_suite_that_cannot_be_collected_has_not_passed(made: Any) -> None:
    made.gates("def broken(:\n")
    result = run_suite(made.project, "colours", None, "dev", silent=True)
    assert result.exit == 2
    assert not result.passed


def test_a_suite_without_tests_has_not_passed(made: Any) -> None:
    (made.suite / "test_gates.py").unlink()
    result = run_suite(made.project, "colours", None, "dev", silent=True)
    assert result.exit == 5
    assert not result.passed


def test_an_unknown_task_is_refused(made: Any) -> None:
    with pytest.raises(UserError, match="no task"):
        run_suite(made.project, "colour", None, "dev")


def test_a_project_that_turns_warnings_into_errors_may_have_plugins_that_are_loaded_already(made: Any) -> None:
    """anyio is one, and every HTTP client loads it; pytest warns of it while it is being configured."""
    (made.project.root / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    code = (
        "import sys, anyio.pytest_plugin; from pathlib import Path; from goldgate.plugin.run import run_suite;"
        " from goldgate.task.project import Project;"
        " print(run_suite(Project(Path(sys.argv[1]), Path(sys.argv[2])), 'colours', None, 'dev').passed)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, made.project.root, made.project.cache],
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.endswith("True\n"), done.stderr
