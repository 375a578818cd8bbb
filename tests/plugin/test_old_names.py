"""A suite that imports Goldgate by its names before 0.1.0 gets one line: file, line, and what to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GATE = "\n\ndef test_it(candidate):\n    assert candidate.exact_match >= 0.5\n"
Apart = Callable[..., Any]


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any]) -> Any:
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    return project


def said(ran: Any, status: int = 2) -> list[str]:
    """The lines that speak of the import, the exit status being that of a collection error."""
    assert ran.status == status, ran.text
    assert "Traceback" not in ran.text
    assert "importlib" not in ran.text
    return [line.strip() for line in ran.text.splitlines() if "the import package is called" in line]


NEW = {
    "from harness import scorer": ("goldgate", "from goldgate import scorer"),
    "from harness import Measure, scorer as s": ("goldgate", "from goldgate import Measure, scorer as s"),
    "from harness import (\n    Measure,\n    Verdict,\n)": ("goldgate", "from goldgate import Measure, Verdict"),
    "import harness": ("goldgate", "import goldgate"),
    "import harness as h": ("goldgate", "import goldgate as h"),
    "import harness.edge_cases as e": ("goldgate", "import goldgate.perturb as e"),
    "from harness import edge_cases": ("goldgate", "from goldgate import perturb"),
    "from harness import edge_cases, scorer": ("goldgate", "from goldgate import perturb, scorer"),
    "from harness.edge_cases import typos, padding": ("goldgate", "from goldgate.perturb import typos, padding"),
    "from harness.measures import Measure": ("goldgate", "from goldgate.measures import Measure"),
    "from trainers import Recipe": ("goldgate_trainers", "from goldgate_trainers import Recipe"),
    "from reports import build_report": ("goldgate_reports", "from goldgate_reports import build_report"),
}


def test_an_old_import_gets_one_line_that_says_what_to_write(made: Any, run_apart: Apart) -> None:
    for number, old in enumerate(NEW):
        made.gates('"""Gates."""\n\n' + old + GATE, f"test_{number:02}.py")
    ran = run_apart(made.project.root, made.project.cache, "suites", "-q")
    assert said(ran) == [
        f"suites/colours/test_{number:02}.py, line 3: the import package is called {package} since 0.1.0: write {new}"
        for number, (package, new) in enumerate(NEW.values())
    ]


def test_an_old_import_in_a_test_is_the_same_line(made: Any, run_apart: Apart) -> None:
    made.gates("def test_it(candidate):\n    from harness import scorer\n    assert candidate.exact_match >= 0.5\n")
    ran = run_apart(made.project.root, made.project.cache, "suites", "-q")
    assert set(said(ran, status=1)) == {
        "suites/colours/test_gates.py, line 2: the import package is called goldgate since 0.1.0:"
        " write from goldgate import scorer"
    }


def test_under_xdist_it_is_the_same_line(made: Any, run_apart: Apart) -> None:
    made.gates("from harness import scorer" + GATE)
    ran = run_apart(made.project.root, made.project.cache, "suites", "-n", "1", "-W", "error")
    assert set(said(ran, status=1)) == {  # as xdist ends after any error while collecting
        "suites/colours/test_gates.py, line 1: the import package is called goldgate since 0.1.0:"
        " write from goldgate import scorer"
    }


def test_a_helper_module_and_a_conftest_of_the_suite_are_named_themselves(made: Any, run_apart: Apart) -> None:
    made.gates("import sys\nsys.path.insert(0, 'helpers')\nimport limits" + GATE)
    (made.project.root / "helpers").mkdir()
    (made.project.root / "helpers" / "limits.py").write_text("A = 1\nfrom harness import scorer\n")
    ran = run_apart(made.project.root, made.project.cache, "suites")
    assert [line.partition(":")[0] for line in said(ran)] == ["helpers/limits.py, line 2"]
    made.gates(GATE)
    (made.suite / "conftest.py").write_text("from harness import scorer\n")
    ran = run_apart(made.project.root, made.project.cache, ".")
    assert [line.partition(":")[0] for line in said(ran)] == ["suites/colours/conftest.py, line 1"]
    ran = run_apart(made.project.root, made.project.cache, "suites/colours")
    assert ran.status == 4, ran.text
    assert "ERROR: suites/colours/conftest.py, line 1: the import package is called goldgate" in ran.text
    assert "Traceback" not in ran.text


def test_a_project_with_a_harness_of_its_own_imports_that(made: Any, run_apart: Apart) -> None:
    own = made.project.root / "harness"
    own.mkdir()
    (own / "__init__.py").write_text("scorer = 3\nfrom harness import edge_cases\n")
    (own / "edge_cases.py").write_text("typos = 4\n")
    made.gates("from harness import scorer\nfrom harness.edge_cases import typos\n\n"
               "def test_it(candidate):\n    assert (scorer, typos) == (3, 4)\n"
               "    assert candidate.exact_match >= 0.5\n")  # fmt: skip
    ran = run_apart(made.project.root, made.project.cache, "suites")
    assert ran.status == 0, ran.text


def test_an_import_of_a_name_that_was_never_ours_fails_as_it_always_did(made: Any, run_apart: Apart) -> None:
    for number, code in enumerate(
        ("from harness import mine", "import harness.mine", "from harness.mine import scorer")
    ):
        made.gates(code + GATE, f"test_{number}.py")
    ran = run_apart(made.project.root, made.project.cache, "suites")
    assert ran.status == 2
    assert "is called goldgate" not in ran.text
    assert ran.text.count("ModuleNotFoundError: No module named 'harness'") == 3


def test_an_own_harness_that_lacks_one_of_our_names_is_told_of_ours(made: Any, run_apart: Apart) -> None:
    (made.project.root / "harness").mkdir()
    (made.project.root / "harness" / "__init__.py").write_text("")
    made.gates("from harness import scorer" + GATE)
    ran = run_apart(made.project.root, made.project.cache, "suites")
    assert len(said(ran)) == 1


def test_tests_beside_suites_are_none_of_our_business(made: Any, run_apart: Apart) -> None:
    (made.project.root / "checks").mkdir()
    (made.project.root / "checks" / "test_own.py").write_text("from harness import scorer\n")
    ran = run_apart(made.project.root, made.project.cache, "checks")
    assert ran.status == 2
    assert "is called goldgate" not in ran.text
