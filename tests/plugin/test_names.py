"""Names that a project or another plugin has too: options, fixtures, modules beside a suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

SHORT = ("candidate", "split", "open-golden", "regenerate", "answers", "audit", "gate-report")
GOOD = "def test_good(candidate):\n    assert candidate.exact_match >= 0.5\n"


@pytest.mark.parametrize("name", SHORT)
def test_a_project_may_have_an_option_of_any_name(name: str, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(f"def pytest_addoption(parser):\n    parser.addoption('--{name}', default='own')\n")
    dest = name.replace("-", "_")
    pytester.makepyfile(f"def test_it(request):\n    assert request.config.getoption('{dest}') == 'mine'\n")
    result = pytester.runpytest(f"--{name}=mine")
    result.assert_outcomes(passed=1)


def test_a_conftest_that_is_loaded_late_may_have_one_too(pytester: pytest.Pytester) -> None:
    folder = pytester.mkpydir("deep").joinpath("deeper")
    folder.mkdir()
    (folder / "conftest.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--split')\n")
    (folder / "test_it.py").write_text("def test_it():\n    pass\n")
    pytester.runpytest().assert_outcomes(passed=1)


def test_beside_such_an_option_ours_has_its_long_name(made: Any, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("def pytest_addoption(parser):\n    parser.addoption('--split', default='own')\n")
    made.gates(GOOD)
    text = pytester.runpytest("suites", "--gg-split=dev", "--split=x", "-p", "no:cacheprovider").stdout.str()
    assert "colours on dev" in text
    assert "colours on golden" in pytester.runpytest("suites", "--split=x", "-p", "no:cacheprovider").stdout.str()


@pytest.mark.parametrize("arguments", [("--split", "dev"), ("--split=dev",), ("--gg-split", "dev")])
def test_both_names_mean_the_same(arguments: tuple[str, ...], made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GOOD)
    assert "colours on dev" in pytester.runpytest("suites", *arguments, "-p", "no:cacheprovider").stdout.str()


FIXTURES = (
    "candidate",
    "prompted",
    "base",
    "linear",
    "incumbent",
    "previous",
    "general",
    "kept",
    "golden",
    "edge_case",
)


@pytest.mark.parametrize("order", [("tests",), ("tests", "suites"), ("suites", "tests"), ()])
def test_a_projects_fixtures_keep_their_names(order: tuple[str, ...], made: Any, pytester: pytest.Pytester) -> None:
    own = "".join(f"@pytest.fixture\ndef {name}():\n    return 1\n\n" for name in FIXTURES)
    pytester.makeconftest(f"import pytest\n\n{own}")
    pytester.mkdir("tests").joinpath("test_own.py").write_text(
        f"def test_own({', '.join(FIXTURES)}):\n    assert {' + '.join(FIXTURES)} == {len(FIXTURES)}\n"
    )
    made.gates(GOOD)
    result = pytester.runpytest(*order, "-p", "no:cacheprovider")
    assert result.ret == 0
    assert ("suite colours passes" in result.stdout.str()) == (order != ("tests",))


OWN = "import pytest\n\n@pytest.fixture\ndef candidate(candidate):\n    return candidate.on('dark')\n\n"


@pytest.mark.parametrize("place", ["suites/conftest.py", "suites/colours/conftest.py", "suites/colours/test_gates.py"])
def test_inside_of_suites_a_fixture_of_the_project_comes_first(
    place: str, made: Any, pytester: pytest.Pytester
) -> None:
    made.gates(GOOD)
    path = pytester.path / place
    path.write_text(OWN + (GOOD if path.name == "test_gates.py" else ""))
    text = pytester.runpytest("suites", "-p", "no:cacheprovider").stdout.str()
    assert "exact_match[dark] >= 0.50" in text
    assert "suite colours passes" in text


@pytest.mark.parametrize("line", ["from rules import LIMIT", "import rules\n\nLIMIT = rules.LIMIT"])
def test_an_import_of_a_file_beside_the_suite_says_how_to_write_it(
    line: str, made: Any, pytester: pytest.Pytester
) -> None:
    made.gates(f"{line}\n\n{GOOD}")
    made.gates("LIMIT = 0.5\n", "rules.py")
    text = pytester.runpytest("suites", "-p", "no:cacheprovider").stdout.str()
    assert "suites/colours/test_gates.py, line 1: rules lies beside this file: write from .rules import .." in text
    assert "Traceback" not in text
    made.gates(f"from .rules import LIMIT\n\n{GOOD}")
    assert "suite colours passes" in pytester.runpytest("suites", "-p", "no:cacheprovider").stdout.str()


@pytest.mark.parametrize("where", ["argument", "ini", "environment"])
def test_an_import_mode_that_the_user_has_chosen_stays(where: str, made: Any, run_apart: Callable[..., Any]) -> None:
    made.gates(f"from rules import LIMIT\n\n{GOOD}")
    made.gates("LIMIT = 0.5\n", "rules.py")
    mode = "--import-mode=prepend"
    if where == "ini":
        (made.project.root / "tox.ini").write_text(f"[pytest]\naddopts = -p no:hypothesispytest {mode}\n")
    arguments = ("suites", mode) if where == "argument" else ("suites",)
    environ = {"PYTEST_ADDOPTS": mode} if where == "environment" else {}
    ran = run_apart(made.project.root, made.project.cache, *arguments, **environ)
    assert "suite colours passes" in ran.text


def test_a_suite_may_be_a_symbolic_link(made: Any, pytester: pytest.Pytester, tmp_path: Path) -> None:
    elsewhere = tmp_path / "kept"
    made.suite.rename(elsewhere)
    made.suite.symlink_to(elsewhere)
    for arguments in (("suites",), ("suites/colours",), ()):
        result = pytester.runpytest(*arguments, "-p", "no:cacheprovider")
        assert "suite colours passes: all 4 gates" in result.stdout.str()
        assert result.ret == 0


def test_a_run_on_dev_says_that_golden_was_not_asked(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "1")
    made.gates(GOOD)
    made.cached("base+few_shot:1", "dev", 1)
    arguments = ("suites", "--candidate", "base+few_shot:1", "-p", "no:cacheprovider")
    assert "golden was not asked" in pytester.runpytest(*arguments).stdout.str()
    assert "golden was not asked" not in pytester.runpytest(*arguments, "--split", "dev").stdout.str()
    assert "golden was not asked" not in pytester.runpytest("suites", "-p", "no:cacheprovider").stdout.str()
