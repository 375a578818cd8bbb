"""Gates that disappear in a folder that is linked into a suite. Such folders of the project belong to the suite."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.ledger import suite_digest
from goldgate.scorers import scorer_versions

pytest_plugins = ["pytester"]

GOOD = "def test_good(candidate):\n    assert candidate.exact_match >= 0.5\n"
BAD = "(candidate):\n    assert candidate.exact_match >= 0.999\n"
LINKED = "[pytest]\naddopts = -p no:hypothesispytest\nnorecursedirs = more\n"


@pytest.mark.parametrize("below", ["", "deep/er"])
def test_gates_in_a_linked_folder_of_the_project_are_missed(below: str, made: Any, pytester: pytest.Pytester) -> None:
    (pytester.path / "tox.ini").unlink(missing_ok=True)
    pytester.path.joinpath("pytest.ini").write_text(LINKED)
    away = pytester.path / "shared_gates" / below
    away.mkdir(parents=True)
    (away / "test_more.py").write_text(f"def test_bad{BAD}")
    (made.suite / "more").symlink_to(pytester.path / "shared_gates")
    made.gates(GOOD)
    before = suite_digest(made.task, scorer_versions(made.task))
    text = pytester.runpytest("suites", "-p", "no:cacheprovider").stdout.str()
    assert "suite colours is incomplete (" in text
    assert "test_more.py:1 test_bad did not run" in text
    (away / "test_more.py").write_text(f"def test_good{BAD}")
    assert suite_digest(made.task, scorer_versions(made.task)) != before  # they are part of the look


def test_gates_in_a_linked_folder_run_like_others(made: Any, pytester: pytest.Pytester) -> None:
    away = pytester.path / "shared_gates"
    away.mkdir()
    (away / "test_more.py").write_text("def test_more(candidate):\n    assert candidate.exact_match >= 0.6\n")
    (away / "loop").symlink_to(made.suite)  # a link to a folder above has no end
    (made.suite / "more").symlink_to(away)
    made.gates(GOOD)
    text = pytester.runpytest("suites", "-p", "no:cacheprovider", "--ignore-glob=*/loop*").stdout.str()
    assert "suite colours passes: all 2 gates" in text


def test_a_link_out_of_the_project_is_said(made: Any, pytester: pytest.Pytester, tmp_path_factory: Any) -> None:
    (made.suite / "more").symlink_to(tmp_path_factory.mktemp("away"))
    made.gates(GOOD)
    text = pytester.runpytest("suites", "-p", "no:cacheprovider").stdout.str()
    assert "suite colours is incomplete (more is a link out of the project)" in text
