"""Exit status 0 without a passing verdict: hooks that swallow, drop, answer for others or have the last word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest_plugins = ["pytester"]

GOOD = "def test_good(candidate):\n    assert candidate.exact_match >= 0.5\n"
BAD = "def test_bad(candidate):\n    assert candidate.exact_match >= 0.999\n"
WRAPPED = "import pytest\n\n@pytest.hookimpl(wrapper=True, tryfirst=True)\n"

CONFTESTS = {
    "the call is wrapped": f"{WRAPPED}def pytest_runtest_call(item):\n    try:\n        return (yield)\n"
    "    except BaseException:\n        return None\n",
    "the call is left out": "import pytest\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call():\n"
    "    return True\n",
    "the report is mended": f"{WRAPPED}def pytest_runtest_makereport(item, call):\n    report = yield\n"
    "    report.outcome = 'passed'\n    return report\n",
    "the report is withheld": f"{WRAPPED}def pytest_runtest_logreport(report):\n    return None\n    yield\n",
    "the protocol is left out": "def pytest_runtest_protocol(item):\n    return True\n",
    "the loop is left out": "def pytest_runtestloop(session):\n    return True\n",
    "tests are deselected": "def pytest_collection_modifyitems(config, items):\n"
    "    bad = [i for i in items if 'bad' in i.name]\n    config.hook.pytest_deselected(items=bad)\n"
    "    items[:] = [i for i in items if i not in bad]\n",
    "tests are skipped": "import pytest\n\ndef pytest_collection_modifyitems(items):\n    for item in items:\n"
    "        item.add_marker(pytest.mark.skip)\n",
    "the status is set at the end": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
    "the status is set last": "import pytest\n\n@pytest.hookimpl(wrapper=True, tryfirst=True)\n"
    "def pytest_sessionfinish(session):\n    yield\n    session.exitstatus = 0\n",
    "the status is set after the end": "SESSION = []\n\ndef pytest_sessionstart(session):\n"
    "    SESSION.append(session)\n\n"
    "def pytest_unconfigure():\n    SESSION[0].exitstatus = 0\n",
    "the end is never reached": "import pytest\n\n@pytest.hookimpl(wrapper=True, tryfirst=True)\n"
    "def pytest_sessionfinish():\n    pytest.exit('bye', returncode=0)\n    yield\n",
    "the run is ended": "import pytest\n\ndef pytest_runtest_teardown():\n    pytest.exit('enough', returncode=0)\n",
    "the main hook answers": "import pytest\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_cmdline_main():\n"
    "    return 0\n",
    "the main hook is wrapped": f"{WRAPPED}def pytest_cmdline_main():\n    yield\n    return 0\n",
    "the whole suite is ignored": "collect_ignore_glob = ['suites/*', '*']\n",
}


@pytest.mark.parametrize("environ", [{}, {"CI": "1"}], ids=["", "CI"])
@pytest.mark.parametrize("name", CONFTESTS)
def test_a_suite_that_was_asked_for_fails_the_run_unless_it_passes(
    name: str, environ: dict[str, str], made: Any, run_apart: Callable[..., Any]
) -> None:
    root = made.project.root
    (root / "conftest.py").write_text(CONFTESTS[name])
    (root / "tests").mkdir()
    (root / "tests" / "test_own.py").write_text("def test_own():\n    pass\n")
    made.gates(f"{GOOD}\n{BAD}")
    ran = run_apart(root, made.project.cache, "suites", "tests", **environ)
    assert ran.status != 0, ran.text
    assert "suite colours passes" not in ran.text


def test_a_conftest_that_is_loaded_late_cannot_swallow(
    make_two: Callable[[str, str], Any], run_apart: Callable[..., Any]
) -> None:
    first = make_two(GOOD, BAD)
    second = first.project.suite("second")
    (second / "conftest.py").write_text(CONFTESTS["the call is wrapped"])
    ran = run_apart(first.project.root, first.project.cache, "suites")
    assert "suite second does not pass" in ran.text
    assert ran.status == 1


def test_a_run_that_is_cut_short_proves_nothing(made: Any, run_apart: Callable[..., Any]) -> None:
    (made.project.root / "conftest.py").write_text(CONFTESTS["the end is never reached"])
    made.gates(f"{GOOD}\n{BAD.replace('test_bad', 'tets_bad')}")  # only the end would tell of this one
    assert run_apart(made.project.root, made.project.cache, "suites").status == 1


@pytest.fixture
def make_two(tmp_path: Any, write_project: Callable[..., Any]) -> Callable[[str, str], Any]:
    """Writes a project with two suites, and returns the first."""

    def make(one: str, other: str) -> Any:
        projects = [write_project(tmp_path / "p", tmp_path / "cache", name) for name in ("first", "second")]
        for project, gates in zip(projects, (one, other), strict=True):
            project.champion()
            project.gates(gates)
        return projects[0]

    return make


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ("addopts = -k good", ("suites",)),
        ("addopts = --deselect suites/colours/test_gates.py::test_bad", ("suites",)),
        ("addopts = --ignore=suites/colours/test_more.py", ("suites",)),
        ("testpaths = suites/colours/test_gates.py", ()),
        ("markers = good\naddopts = -m good", ("suites",)),
        ("addopts = -n 2 -k good", ("suites",)),
        ("addopts = --collect-only -k good", ("suites",)),
        ("addopts = --setup-only -k good", ("suites",)),
    ],
)
def test_what_a_configuration_leaves_out_was_asked_for_all_the_same(
    settings: str, arguments: tuple[str, ...], made: Any, run_apart: Callable[..., Any]
) -> None:
    (made.project.root / "pytest.ini").write_text(f"[pytest]\n{settings}\n")
    made.gates(
        f"import pytest\n\n@pytest.mark.good\n{GOOD}\n" + (BAD if "deselect" in settings or "-k" in settings else "")
    )
    made.gates(BAD, "test_more.py")
    ran = run_apart(made.project.root, made.project.cache, *arguments)
    assert ran.status == 1
    assert "suite colours is incomplete" in ran.text


@pytest.mark.parametrize(
    "arguments",
    [
        ("suites", "-k", "good"),
        ("suites", "-kgood"),
        ("suites/colours/test_gates.py::test_good",),
        ("suites/colours/test_gates.py", "--deselect=suites/colours/test_gates.py::test_bad"),
        ("suites", "-n", "2", "-k", "good"),
    ],
)
def test_a_part_that_a_person_asks_for_may_pass(
    arguments: tuple[str, ...], made: Any, run_apart: Callable[..., Any]
) -> None:
    made.gates(f"{GOOD}\n{BAD}")
    ran = run_apart(made.project.root, made.project.cache, *arguments)
    assert ran.status == 0, ran.text
    assert "suite colours is incomplete" in ran.text
    assert run_apart(made.project.root, made.project.cache, *arguments, CI="1").status == 1
