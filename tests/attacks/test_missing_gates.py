"""Gates that disappear, by a name, a place, a configuration or a hook. The suite's source says which there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

GOOD = "def test_good(candidate):\n    assert candidate.exact_match >= 0.5\n"
BAD = "(candidate):\n    assert candidate.exact_match >= 0.999\n"

ATTACKS: dict[str, tuple[dict[str, str], str]] = {
    # name: (files, where the gate is said to be missing)
    "python_files": (
        {"pytest.ini": "[pytest]\npython_files = test_gates.py\n", "test_more.py": f"def test_bad{BAD}"},
        "test_more.py:1 test_bad did not run",
    ),
    "python_functions": (
        {"pytest.ini": "[pytest]\npython_functions = test_good\n", "test_gates.py": f"{GOOD}\ndef test_bad{BAD}"},
        "test_gates.py:4 test_bad did not run",
    ),
    "python_classes": (
        {
            "pytest.ini": "[pytest]\npython_classes = Suite\n",
            "test_gates.py": f"{GOOD}\nclass TestMore:\n    def test_bad(self, candidate):\n"
            "        assert candidate.exact_match >= 0.999\n",
        },
        "test_gates.py:5 TestMore.test_bad did not run",
    ),
    "one name twice": (
        {"test_gates.py": f"def test_it{BAD}\n{GOOD.replace('test_good', 'test_it')}"},
        "test_gates.py:1 test_it is defined again in line 4",
    ),
    "one class twice": (
        {
            "test_gates.py": "class TestIt:\n    def test_bad(self, candidate):\n"
            "        assert candidate.exact_match >= 0.999\n\nclass TestIt:\n    def test_good(self, candidate):\n"
            "        assert candidate.exact_match >= 0.5\n"
        },
        "test_gates.py:2 TestIt.test_bad: its class is defined again in line 5",
    ),
    "one method twice": (
        {
            "test_gates.py": "class TestIt:\n    def test_it(self, candidate):\n"
            "        assert candidate.exact_match >= 0.999\n    def test_it(self, candidate):\n"
            "        assert candidate.exact_match >= 0.5\n"
        },
        "test_gates.py:2 TestIt.test_it is defined again in line 4",
    ),
    "check_bad": ({"test_gates.py": f"{GOOD}\ndef check_bad{BAD}"}, "test_gates.py:4 check_bad did not run"),
    "tets_bad": ({"test_gates.py": f"{GOOD}\ndef tets_bad{BAD}"}, "test_gates.py:4 tets_bad did not run"),
    "async": ({"test_gates.py": f"{GOOD}\nasync def check_bad{BAD}"}, "test_gates.py:4 check_bad did not run"),
    "a class called Gates": (
        {
            "test_gates.py": f"{GOOD}\nclass Gates:\n    def test_bad(self, candidate):\n"
            "        assert candidate.exact_match >= 0.999\n"
        },
        "test_gates.py:5 Gates.test_bad did not run",
    ),
    "a class with __init__": (
        {
            "test_gates.py": f"{GOOD}\nclass TestMore:\n    def __init__(self):\n        self.t = 0.999\n"
            "    def test_bad(self, candidate):\n        assert candidate.exact_match >= self.t\n"
        },
        "test_gates.py:7 TestMore.test_bad did not run",
    ),
    "gates_more.py": ({"gates_more.py": f"def test_bad{BAD}"}, "gates_more.py:1 test_bad did not run"),
    "a folder that is not searched": (
        {"pytest.ini": "[pytest]\nnorecursedirs = more\n", "more/test_bad.py": f"def test_bad{BAD}"},
        "more/test_bad.py:1 test_bad did not run",
    ),
    "collect_ignore": (
        {"conftest.py": "collect_ignore = ['test_more.py']\n", "test_more.py": f"def test_bad{BAD}"},
        "test_more.py:1 test_bad did not run",
    ),
    "imported, and such tests are not collected": (
        {
            "pytest.ini": "[pytest]\ncollect_imported_tests = false\npythonpath = .\n",
            "../../shared.py": f"def test_bad{BAD}",
            "test_gates.py": f"from shared import test_bad\n\n{GOOD}",
        },
        "shared.py:1 test_bad did not run",
    ),
    "imported with a star": (
        {
            "pytest.ini": "[pytest]\ncollect_imported_tests = false\npythonpath = .\n",
            "../../shared.py": f"def test_bad{BAD}",
            "test_gates.py": f"from shared import *\n\n{GOOD}",
        },
        "shared.py:1 test_bad did not run",
    ),
    "imported under a name that is no test's": (
        {
            "pytest.ini": "[pytest]\npythonpath = .\n",
            "../../shared.py": f"def test_bad{BAD}",
            "test_gates.py": f"from shared import test_bad as bad\n\n{GOOD}",
        },
        "shared.py:1 test_bad did not run",
    ),
    "imported with its module": (
        {
            "pytest.ini": "[pytest]\npythonpath = .\n",
            "../../shared.py": f"def test_bad{BAD}",
            "test_gates.py": f"import shared\n\n{GOOD}",
        },
        "shared.py:1 test_bad did not run",
    ),
    "a base class that is not a test's": (
        {
            "pytest.ini": "[pytest]\npythonpath = .\n",
            "../../shared.py": "class Gates:\n    def test_bad(self, candidate):\n"
            "        assert candidate.exact_match >= 0.999\n",
            "test_gates.py": f"import shared\n\n{GOOD}\nclass More(shared.Gates):\n    pass\n",
        },
        "shared.py:2 Gates.test_bad did not run",
    ),
    "__test__": ({"test_gates.py": f"{GOOD}\ndef test_bad{BAD}\ntest_bad.__test__ = False\n"}, "test_bad did not run"),
    "del": ({"test_gates.py": f"{GOOD}\ndef test_bad{BAD}\ndel test_bad\n"}, "test_gates.py:4 test_bad did not run"),
    "overwritten": ({"test_gates.py": f"{GOOD}\ndef test_bad{BAD}\ntest_bad = None\n"}, "test_bad did not run"),
    "a lambda": (
        {"test_gates.py": f"{GOOD}\nbad = lambda candidate: candidate.exact_match >= 0.999\n"},
        "test_gates.py:4 bad did not run",
    ),
    "a branch that is not taken": (
        {"test_gates.py": f"{GOOD}\nif len(GOODS := []) > 0:\n    def test_bad(candidate):\n        pass\n"},
        "test_gates.py:5 test_bad did not run",
    ),
    "a decorator that returns something else": (
        {
            "test_gates.py": "import functools\n\ndef quiet(test):\n    @functools.wraps(test)\n"
            "    def run(candidate):\n"
            f"        assert candidate.exact_match >= 0.5\n    return run\n\n@quiet\ndef test_bad{BAD}"
        },
        "test_gates.py:10 test_bad did not run",
    ),
    "a hook that makes no item": (
        {
            "conftest.py": "def pytest_pycollect_makeitem(name):\n    return [] if name == 'test_bad' else None\n",
            "test_gates.py": f"{GOOD}\ndef test_bad{BAD}",
        },
        "test_gates.py:4 test_bad did not run",
    ),
    "a hook that drops an item": (
        {
            "conftest.py": "def pytest_collection_modifyitems(items):\n"
            "    items[:] = [i for i in items if 'bad' not in i.name]\n",
            "test_gates.py": f"{GOOD}\ndef test_bad{BAD}",
        },
        "1 removed after collection",
    ),
    "a fixture of the project": (
        {
            "conftest.py": "import pytest\n\n@pytest.fixture\ndef dark(candidate):\n    return candidate.on('dark')\n",
            "test_gates.py": f"{GOOD}\ndef check_bad(dark):\n    assert dark.exact_match >= 0.999\n",
        },
        "test_gates.py:4 check_bad did not run",
    ),
    "fixtures of fixtures, in the file itself": (
        {
            "gates_more.py": "from pytest import fixture as given\n\n@given(name='a')\ndef _a(candidate):\n"
            "    return candidate\n\n@given\ndef b(a):\n    return a\n\ndef check_bad(b):\n"
            "    assert b.exact_match >= 0.999\n"
        },
        "gates_more.py:11 check_bad did not run",
    ),
    "usefixtures": (
        {
            "test_gates.py": f"import pytest\n\n{GOOD}\n@pytest.mark.usefixtures('candidate')\ndef check_bad():\n"
            "    assert False\n"
        },
        "test_gates.py:7 check_bad did not run",
    ),
    "a method in the style of unittest": (
        {
            "test_gates.py": f"import unittest\nimport pytest\n\n{GOOD}\nclass TestMore(unittest.TestCase):\n"
            "    @pytest.fixture(autouse=True)\n    def _given(self, candidate):\n        self.it = candidate\n\n"
            "    def test_good(self):\n        assert self.it.exact_match >= 0.5\n\n"
            "    def tets_bad(self):\n        assert self.it.exact_match >= 0.999\n"
        },
        "test_gates.py:15 TestMore.tets_bad did not run",
    ),
    "a decorator that is only called fixture": (
        {
            "test_gates.py": f"class tools:\n    fixture = staticmethod(lambda test: None)\n\n{GOOD}\n"
            f"@tools.fixture\ndef test_bad{BAD}"
        },
        "test_gates.py:8 test_bad did not run",
    ),
    "a name that is nearly that of a set-up": (
        {"test_gates.py": f"{GOOD}\ndef setup_bad{BAD}"},
        "test_gates.py:4 setup_bad did not run",
    ),
    "usefixtures of a class": (
        {
            "test_gates.py": f"import pytest\n\n{GOOD}\n@pytest.mark.usefixtures('candidate')\nclass Gates:\n"
            "    def bad(self):\n        assert False\n"
        },
        "test_gates.py:8 Gates.bad did not run",
    ),
    "an edge case's": (
        {"test_gates.py": f"{GOOD}\ndef check_bad(edge_case):\n    assert False\n"},
        "test_gates.py:4 check_bad did not run",
    ),
    "used only by another that does not run": (
        {"test_gates.py": f"{GOOD}\ndef tets_bad(candidate):\n    check(candidate)\n\ndef check{BAD}"},
        "test_gates.py:7 check did not run",
    ),
    "a test's argument of the same name": (
        {
            "test_gates.py": "import pytest\n\n@pytest.mark.parametrize('level', [0.5, 0.6])\n"
            "def test_it(candidate, level):\n    assert candidate.exact_match >= level\n\n"
            f"def level{BAD}"
        },
        "test_gates.py:7 level did not run",
    ),
    "a file that is not Python": ({"more.py": "def test_bad(:\n"}, "more.py is not valid Python"),
}


def write(made: Any, files: dict[str, str]) -> None:
    """Writes files of a suite; pytest.ini belongs to the project."""
    made.gates(GOOD)
    for name, text in files.items():
        folder: Path = made.project.root if name == "pytest.ini" else made.suite
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("[pytest]\n", "[pytest]\naddopts = -p no:hypothesispytest\n"))


@pytest.mark.parametrize("name", ATTACKS)
def test_a_gate_that_did_not_run_leaves_the_suite_without_a_verdict(
    name: str, made: Any, pytester: pytest.Pytester
) -> None:
    files, said = ATTACKS[name]
    (pytester.path / "tox.ini").unlink(missing_ok=True)
    write(made, files)
    result = pytester.runpytest("suites", "-p", "no:cacheprovider")
    text = result.stdout.str()
    assert result.ret != 0
    assert "suite colours is incomplete (" in text
    assert said in text


def test_a_whole_suite_that_is_not_collected_is_missed(make: Any, pytester: pytest.Pytester) -> None:
    for name in ("bad", "good"):
        made = make(name)
        made.champion()
        made.gates(GOOD)
    pytester.makeconftest("collect_ignore = ['suites/bad']\n")
    for arguments in (("suites",), (".",)):
        result = pytester.runpytest(*arguments, "-p", "no:cacheprovider")
        assert result.ret == 1
        text = result.stdout.str()
        assert "suite bad is incomplete (none of its files was collected)" in text
        assert "suite good passes" in text


@pytest.mark.parametrize("arguments", ["candidate=None", "*, candidate=None", "prompted, candidate=None"])
def test_a_subject_that_pytest_leaves_at_its_default_is_no_subject(
    arguments: str, made: Any, pytester: pytest.Pytester
) -> None:
    """pytest supplies no argument that has a default, and a test of nothing would pass."""
    bad = f"def test_bad({arguments}):\n    assert candidate is None or candidate.exact_match >= 0.999\n"
    made.gates(f"{GOOD}\n{bad}")
    result = pytester.runpytest("suites", "-p", "no:cacheprovider")
    assert result.ret == 1
    assert "its argument candidate has a default, so it gets none" in result.stdout.str()
    assert "suite colours passes" not in result.stdout.str()


HONEST = {
    "a helper that tests call": "def check(candidate, tag):\n    assert candidate.on(tag).exact_match >= 0.5\n\n"
    "def test_it(candidate):\n    check(candidate, 'dark')\n    check(candidate, tag='light')\n",
    "a helper whose arguments are fixtures": "def gap(candidate, prompted):\n"
    "    return candidate.exact_match - prompted.exact_match\n\ndef reach(candidate, prompted):\n"
    "    return gap(candidate, prompted)\n\n"
    "def test_it(candidate, prompted):\n    assert reach(candidate, prompted) >= 0.1\n",
    "helpers in a list": "import pytest\n\ndef accuracy(candidate):\n    return candidate.exact_match\n\n"
    "def valid(candidate):\n    return candidate.label_valid\n\nMETRICS = [accuracy, valid]\n\n"
    "@pytest.mark.parametrize('metric', METRICS)\ndef test_it(candidate, metric):\n"
    "    assert metric(candidate) >= 0.5\n",
    "a helper in another file": "from .rules import check\nfrom . import rules\n\n"
    "def test_it(candidate):\n    check(candidate)\n\ndef test_more(candidate):\n    rules.more(candidate)\n",
    "methods that tests use": "class Checks:\n    def __init__(self, candidate):\n        self.it = candidate\n\n"
    "    def good(self, prompted):\n        assert self.it.exact_match - prompted.exact_match >= 0.1\n\n"
    "class TestIt:\n    def _floor(self, candidate):\n        return candidate.exact_match\n\n"
    "    def test_it(self, candidate, prompted):\n        Checks(candidate).good(prompted)\n"
    "        assert self._floor(candidate) >= 0.5\n",
    "a function inside of a test": "def test_it(candidate):\n    def part(candidate):\n"
    "        return candidate.exact_match\n    assert part(candidate) >= 0.5\n",
    "tests that a function makes": "def made(t):\n    def test(candidate):\n"
    "        assert candidate.exact_match >= t\n    return test\n\ntest_a, test_b = made(0.5), made(0.6)\n",
    "one of two branches": "import sys\n\nif sys.version_info >= (3, 11):\n    def test_it(candidate):\n"
    "        assert candidate.exact_match >= 0.5\nelse:\n    def test_it(candidate):\n"
    "        assert candidate.exact_match >= 0.6\n",
    "an import that may be absent": "try:\n    import absent_module\nexcept ImportError:\n"
    "    def test_it(candidate):\n        assert candidate.exact_match >= 0.5\nelse:\n"
    "    def test_it(candidate):\n        assert candidate.exact_match >= 0.6\n",
    "a decorator": "import functools\n\ndef twice(test):\n    @functools.wraps(test)\n    def run(candidate):\n"
    "        test(candidate)\n        test(candidate)\n    return run\n\n@twice\ndef test_it(candidate):\n"
    "    assert candidate.exact_match >= 0.5\n",
    "a fixture of the same kind": "import pytest\n\n@pytest.fixture\ndef dark(candidate):\n"
    "    return candidate.on('dark')\n\ndef test_it(dark):\n    assert dark.exact_match >= 0.5\n",
    "arguments that only share a name": "def to_int(text, base=10):\n    return int(text, base)\n\n"
    "def merged(base, override):\n    return {**base, **override}\n\ndef test_it(candidate):\n"
    "    assert candidate.exact_match >= 0.5\n",
    "inherited tests": "class Gates:\n    def test_it(self, candidate):\n"
    "        assert candidate.exact_match >= 0.5\n\nclass TestAll(Gates):\n    pass\n",
    "a partial function": "from functools import partial\n\ndef check(candidate, t):\n"
    "    assert candidate.exact_match >= t\n\ntest_it = partial(check, t=0.5)\n",
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_suite_has_its_verdict(name: str, made: Any, pytester: pytest.Pytester) -> None:
    made.gates(HONEST[name])
    made.gates(
        "def check(candidate):\n    assert candidate.exact_match >= 0.5\n\n"
        "def more(candidate):\n    assert candidate.label_valid >= 0.5\n"
        if "rules" in HONEST[name]
        else "LIMIT = 1\n",
        "rules.py",
    )
    result = pytester.runpytest("suites", "-p", "no:cacheprovider")
    assert "suite colours passes" in result.stdout.str()
    assert result.ret == 0


def test_a_gate_that_another_suite_takes_from_a_shared_module_is_not_missed(
    made: Any, pytester: pytest.Pytester
) -> None:
    write(
        made,
        {
            "pytest.ini": "[pytest]\npythonpath = .\n",
            "../../shared.py": f"def check_good(candidate):\n    assert candidate.exact_match >= 0.5\n\ndef other{BAD}",
            "test_gates.py": "import shared\n\ndef test_it(candidate):\n    shared.check_good(candidate)\n",
        },
    )
    result = pytester.runpytest("suites", "-p", "no:cacheprovider")
    assert "suite colours passes" in result.stdout.str()
