"""A suite run in this process, by the contract that run_suite writes down."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.gates import chance_of_passing
from goldgate.jobs.run_suite import run_suite


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CI", "false")
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    (tmp_path / "project" / "pytest.ini").write_text("[pytest]\naddopts = -n 2 --no-such-option\n")
    return project


def test_the_champion_passes(made: Any) -> None:
    result = run_suite(made.project, "colours", None, None)
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
    assert run_suite(made.project, "colours", None, "dev").passed
    made.gates("def test_more(candidate):\n    assert candidate.exact_match >= 0.99\n")
    again = run_suite(made.project, "colours", None, "dev")
    assert [r.verdict.gate for r in again.records] == ["exact_match.observed >= 0.99"]
    assert (again.exit, again.complete, again.passed, again.look) == (1, True, False, None)
    assert capsys.readouterr().out == ""


def test_a_projects_cache_is_used_whatever_the_environment_says(
    made: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLDGATE_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    made.cached("base+few_shot:1", "dev", wrong=0)
    result = run_suite(made.project, "colours", "base+few_shot:1", "dev")
    assert result.answers["base+few_shot:1 on dev"]["cache"] == 24
    assert result.passed


def test_its_records_give_the_chance_of_passing(made: Any) -> None:
    result = run_suite(made.project, "colours", None, "dev")
    assert chance_of_passing(result.records, 60, 0.025) > 0.3


def test_a_part_of_a_suite_has_not_passed(made: Any) -> None:
    result = run_suite(made.project, "colours", None, "dev", ("-k", "test_accuracy"))
    assert result.exit == 0
    assert not result.complete
    assert not result.passed
    assert result.gaps == ("3 deselected",)


def test_a_suite_that_cannot_be_collected_has_not_passed(made: Any) -> None:
    made.gates("def broken(:\n")
    result = run_suite(made.project, "colours", None, "dev")
    assert result.exit == 2
    assert not result.passed


def test_a_suite_without_tests_has_not_passed(made: Any) -> None:
    (made.suite / "test_gates.py").unlink()
    result = run_suite(made.project, "colours", None, "dev")
    assert result.exit == 5
    assert not result.passed


def test_an_unknown_task_is_refused(made: Any) -> None:
    with pytest.raises(UserError, match="no task"):
        run_suite(made.project, "colour", None, "dev")


def test_a_project_that_turns_warnings_into_errors_may_have_plugins_that_are_loaded_already(made: Any) -> None:
    """anyio is one, and every HTTP client loads it; pytest warns of it while it is being configured."""
    (made.project.root / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    code = (
        "import sys, anyio.pytest_plugin; from pathlib import Path; from goldgate.jobs.run_suite import run_suite;"
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


def test_what_the_suite_prints_is_returned_and_reaches_nobody(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made.gates("print('while collecting')\n\ndef test_it(candidate):\n    assert candidate.exact_match >= 0.80\n")
    result = run_suite(made.project, "colours", None, "dev")
    assert "suite colours meets its one gate on dev" in result.output
    assert capsys.readouterr() == ("", "")


def test_it_gives_back_the_options_of_an_outer_pytest_and_forgets_the_suites_modules(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    run_suite(made.project, "colours", None, "dev")
    assert os.environ["PYTEST_ADDOPTS"] == "--no-such-option"
    left = [m for m in list(sys.modules.values()) if str(made.suite) in str(getattr(m, "__file__", ""))]
    assert left == []


def test_a_suite_of_the_same_name_in_another_project_is_read_from_there(
    tmp_path: Path, write_project: Callable[..., Any]
) -> None:
    for name, limit in (("one", 0.5), ("another", 0.99)):
        made = write_project(tmp_path / name, tmp_path / "cache")
        made.cached("base+zero_shot", "dev", wrong=10)
        (made.project.root / "pytest.ini").write_text("[pytest]\n")
        made.gates(f"LIMIT = {limit}\n", "rules.py")
        made.gates("from .rules import LIMIT\n\ndef test_it(candidate):\n    assert candidate.exact_match >= LIMIT\n")
        result = run_suite(made.project, "colours", "base+zero_shot", "dev")
        assert f">= {limit:.2f}" in result.output
    assert not [name for name in sys.modules if name.partition(".")[0] == "suites"]


def test_of_a_suite_that_is_not_found_it_says_that_it_has_no_gate(made: Any) -> None:
    (made.suite / "test_gates.py").unlink()
    result = run_suite(made.project, "colours", None, "dev")
    assert (result.items, result.records, result.look, result.evidence()) == ((), (), None, [])
    assert result.gaps == ("it has no gate",)


def test_without_generating_a_missing_answer_is_an_invalid_gate(made: Any) -> None:
    result = run_suite(made.project, "colours", "base+few_shot:1", "dev", generate=False)
    assert {r.verdict.outcome for r in result.records} == {"invalid"}
    assert "neither recorded nor cached" in result.records[0].verdict.message


def test_the_evidence_is_what_the_verdicts_were_decided_from(made: Any) -> None:
    (evidence,) = run_suite(made.project, "colours", None, "dev").evidence()
    assert evidence.roles["candidate"][0] == "adapter:runs/lost/adapter"
    assert {(said.subject, said.split.name) for said in evidence.said} >= {("adapter:runs/lost/adapter", "dev")}


def test_a_retried_item_keeps_the_records_of_its_last_run(made: Any) -> None:
    """The plugin writes them again: an item has its gates once."""
    made.gates("def test_it(candidate):\n    assert candidate.exact_match >= 0.99\n")
    result = run_suite(made.project, "colours", None, "dev", ("--reruns", "1"))
    assert [r.verdict.outcome for r in result.records] == ["fail"]
    assert result.gaps == ("1 run more than once",)
