"""Comparisons outside of the suite's terms: in other places, phases, threads and processes than a test's own call."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytest_plugins = ["pytester"]

GOOD = "def test_good(candidate):\n    assert candidate.exact_match >= 0.5\n"

RECORDED = {
    "a fixture's teardown": "import pytest\n\n@pytest.fixture\ndef it(candidate):\n    yield candidate\n"
    "    candidate.exact_match >= 0.99\n\ndef test_it(it):\n    assert it.exact_match >= 0.5\n",
    "the teardown of a module's fixture": "import pytest\n\n@pytest.fixture(scope='module')\ndef it(candidate):\n"
    "    yield candidate\n    bool(candidate.exact_match >= 0.99)\n\n"
    "def test_it(it):\n    assert it.exact_match >= 0.5\n",
    "a finalizer": "def test_it(candidate, request):\n    assert candidate.exact_match >= 0.5\n"
    "    request.addfinalizer(lambda: candidate.exact_match >= 0.99)\n",
    "teardown_class": "class TestIt:\n    def test_it(self, candidate):\n        type(self).it = candidate\n"
    "        assert candidate.exact_match >= 0.5\n\n    @classmethod\n    def teardown_class(cls):\n"
    "        bool(cls.it.exact_match >= 0.99)\n",
    "teardown_method": "class TestIt:\n    def test_it(self, candidate):\n        self.it = candidate\n"
    "        assert candidate.exact_match >= 0.5\n\n    def teardown_method(self):\n"
    "        bool(self.it.exact_match >= 0.99)\n",
    "teardown_module": "KEPT = []\n\ndef test_it(candidate):\n    KEPT.append(candidate)\n"
    "    assert candidate.exact_match >= 0.5\n\ndef teardown_module():\n    bool(KEPT[0].exact_match >= 0.99)\n",
    "a module's variable": "KEPT = []\n\ndef test_it(candidate):\n    KEPT.append(candidate)\n"
    "    assert candidate.exact_match >= 0.5\n\ndef test_bad():\n    assert KEPT[0].exact_match >= 0.99 or True\n",
    "a recording of one's own": "from goldgate.measures import Recording, recording\n\ndef test_it(candidate):\n"
    "    assert candidate.exact_match >= 0.5\n    with recording(Recording(level=0.49)):\n"
    "        bool(candidate.exact_match >= 0.99)\n",
    "a thread of another test": "import threading\n\nKEPT = []\nGO = threading.Event()\n\ndef run():\n    GO.wait()\n"
    "    bool(KEPT[0].exact_match >= 0.99)\n\nTHREAD = threading.Thread(target=run)\n\ndef test_it(candidate):\n"
    "    KEPT.append(candidate)\n    THREAD.start()\n    assert candidate.exact_match >= 0.5\n\n"
    "def test_bad():\n    GO.set()\n    THREAD.join()\n",
}


def run(pytester: pytest.Pytester, *arguments: str) -> tuple[int, str]:
    """Runs pytest on the suites; exit status and what was printed."""
    result = pytester.runpytest(*(arguments or ("suites",)), "-p", "no:cacheprovider")
    return int(result.ret), result.stdout.str()


@pytest.mark.parametrize("name", RECORDED)
def test_a_comparison_is_recorded_in_every_phase(name: str, made: Any, pytester: pytest.Pytester) -> None:
    made.gates(RECORDED[name])
    status, text = run(pytester)
    assert status == 1
    assert "exact_match >= 0.99 is undecided" in text
    assert "suite colours does not pass" in text


KEPT = """
KEPT = {}

def test_keep(candidate):
    KEPT["candidate"], KEPT["measure"] = candidate, candidate.exact_match
    assert candidate.label_valid >= 0.5

def test_use():
    assert KEPT["candidate"].exact_match >= 0.86

def test_use_the_measure():
    assert KEPT["measure"] >= 0.86
"""


def test_a_kept_candidate_is_judged_at_the_level_of_its_look(
    make: Callable[..., Any], pytester: pytest.Pytester
) -> None:
    made = make()
    made.champion(wrong=2)
    made.gates(KEPT)
    assert run(pytester)[0] == 0  # p is between the levels of the first and the fourth look
    for number in range(1, 4):
        made.cached("base+few_shot:1", "golden", number)
        made.gates(KEPT + f"\n\ndef test_other_{number}(candidate):\n    assert candidate.label_valid >= 0.5\n")
        run(pytester)
    text = run(pytester)[1]
    assert "look 4, level 0.003125" in text
    assert text.count("exact_match >= 0.86 is undecided") >= 2
    assert "suite colours does not pass: 5 of 7" in text or "2 undecided" in text


STRAY = {
    "the session's end": "def pytest_sessionfinish():\n    KEPT[0].exact_match >= 0.999\n",
    "the session's end, swallowed": "def pytest_sessionfinish():\n    try:\n        KEPT[0].exact_match >= 0.999\n"
    "    except Exception:\n        pass\n",
    "the very last hook": "def pytest_unconfigure():\n    try:\n        KEPT[0].exact_match >= 0.999\n"
    "    except Exception:\n        pass\n",
    "after a test's report": "def pytest_runtest_logfinish():\n    try:\n        KEPT[0].exact_match >= 0.999\n"
    "    except Exception:\n        pass\n",
}


@pytest.mark.parametrize("name", STRAY)
def test_a_comparison_that_belongs_to_no_test_takes_the_verdict_away(
    name: str, made: Any, run_apart: Callable[..., Any]
) -> None:
    (made.suite / "conftest.py").write_text(
        "import pytest\n\nKEPT = []\n\n@pytest.fixture\ndef keep(candidate):\n    KEPT.append(candidate)\n\n"
        + STRAY[name]
    )
    made.gates("def test_it(candidate, keep):\n    assert candidate.exact_match >= 0.5\n")
    ran = run_apart(made.project.root, made.project.cache, "suites")
    assert ran.status != 0
    if name != "the very last hook":
        assert "outside of its tests" in ran.text or "while no test of the suite is running" in ran.text


def test_a_gate_at_the_top_of_a_module_is_an_error(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(f"from goldgate import Measure\n\nassert Measure([1.0] * 50) >= 0.5\n\n{GOOD}")
    status, text = run(pytester)
    assert status != 0
    assert "compared while no test of the suite is running" in text


def test_a_measure_of_ones_own_is_judged_by_the_suite_too(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(f"from goldgate import Measure\n\n{GOOD}\ndef test_bad():\n    Measure([1.0] * 50) >= 0.999\n")
    status, text = run(pytester)
    assert status == 1
    assert "measure >= 0.999" in text


def test_a_suite_does_not_judge_the_candidate_of_another(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    kept = "import builtins\n\ndef test_it(candidate):\n    builtins.kept_by_an_attack = candidate\n"
    for name, gates in (
        ("first", f"{kept}    assert candidate.exact_match >= 0.5\n"),
        (
            "second",
            f"{GOOD}\ndef test_bad():\n    import builtins\n    builtins.kept_by_an_attack.exact_match >= 0.6\n",
        ),
    ):
        made = make(name)
        made.champion()
        made.gates(gates)
    status, text = run(pytester)
    assert status == 1
    assert "a measure of suite first is compared while no test of the suite is running" in text
    assert "suite first is incomplete" in text
    assert "suite second does not pass" in text


def test_a_test_outside_of_suites_does_not_judge_a_candidate(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(
        "import builtins\n\ndef test_it(candidate):\n    builtins.kept_by_an_attack = candidate\n"
        "    assert candidate.exact_match >= 0.5\n"
    )
    pytester.makepyfile(
        test_zone="import builtins\nfrom goldgate import Measure\n\ndef test_own():\n"
        "    assert Measure([1.0] * 50) >= 0.5\n\ndef test_kept():\n    builtins.kept_by_an_attack.exact_match >= 0.6\n"
    )
    status, text = run(pytester, "suites", "test_zone.py")
    assert status == 1
    assert "1 failed, 2 passed" in text
    assert "suite colours is incomplete" in text


FORKED = """
import os, pickle

def test_forked(candidate):
    assert candidate.exact_match >= 0.5
    child = os.fork()
    if not child:
        try:
            candidate.exact_match >= 0.999
        except Exception:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7

def test_sent(candidate):
    assert candidate.exact_match >= 0.5
    try:
        pickle.dumps(candidate.exact_match)
    except Exception as error:
        assert "another process" in str(error)
    else:
        raise AssertionError
"""


def test_another_process_cannot_compare(made: Any, run_apart: Callable[..., Any]) -> None:
    made.gates(FORKED)
    ran = run_apart(made.project.root, made.project.cache, "suites")
    assert ran.status == 0, ran.text
    assert "suite colours passes" in ran.text


def test_numbers_may_be_looked_at_anywhere(made: Any, run_apart: Callable[..., Any]) -> None:
    (made.suite / "conftest.py").write_text(
        "import copy, pytest\n\nKEPT = []\n\n@pytest.fixture\ndef keep(candidate):\n"
        "    KEPT.append(copy.deepcopy(candidate.exact_match))\n\n"
        "def pytest_sessionfinish():\n    print('seen', KEPT[0].value, KEPT[0].interval()[0])\n"
    )
    made.gates("def test_it(candidate, keep):\n    assert candidate.exact_match >= 0.5\n")
    ran = run_apart(made.project.root, made.project.cache, "suites", "-s", "--split", "dev")
    assert ran.status == 0, ran.text
    assert re.search(r"seen [01]\.\d+ 0\.\d+", ran.text)
