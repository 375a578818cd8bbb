"""Attack: an item keeps a gate's name, and a hook or a conftest.py makes it run another function, or none.

One kind, every way: the function of the item, its call, its protocol, the class of the item, the code of the function,
what the test is given. The function that the source names must have run, and have compared what it says it compares.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest_plugins = ["pytester"]

GATES = """
import pytest

def test_good(candidate):
    assert candidate.exact_match >= 0.5

def test_bad(candidate):
    assert candidate.exact_match >= 0.999
"""
GOOD = "def good(it):\n    assert it.exact_match >= 0.1\n\n"
IS_BAD = "item.name.startswith('test_bad')"

SWAPPED = {
    "item.obj": f"def pytest_collection_modifyitems(items):\n    for item in items:\n        if {IS_BAD}:\n"
    "            item.obj = item.module.test_good\n",
    "item.obj of the setup": f"def pytest_runtest_setup(item):\n    if {IS_BAD}:\n"
    "        item.obj = item.module.test_good\n",
    "item.runtest": f"def pytest_runtest_call(item):\n    if {IS_BAD}:\n"
    "        item.runtest = lambda: good(item.funcargs['candidate'])\n",
    "the class of the item": "class Quiet(pytest.Function):\n    def runtest(self):\n"
    "        good(self.funcargs['candidate'])\n\n"
    f"def pytest_collection_modifyitems(items):\n    for item in items:\n        if {IS_BAD}:\n"
    "            item.__class__ = Quiet\n",
    "callobj": "def pytest_pycollect_makeitem(collector, name, obj):\n    if name == 'test_bad':\n"
    "        return [pytest.Function.from_parent(collector, name=name, callobj=collector.obj.test_good)]\n",
    "another item": "def pytest_collection_modifyitems(items):\n    for at, item in enumerate(items):\n"
    f"        if {IS_BAD}:\n"
    "            items[at] = pytest.Function.from_parent(item.parent, name=item.name, callobj=item.module.test_good)\n",
    "its name": "def pytest_collection_modifyitems(items):\n    for at, item in enumerate(items):\n"
    f"        if {IS_BAD}:\n            twin = pytest.Function.from_parent(item.parent, name='test_good')\n"
    "            twin.name, twin._nodeid = item.name, item.nodeid\n            items[at] = twin\n",
    "the other item twice": "def pytest_collection_modifyitems(items):\n    items[1] = items[0]\n",
    "a twin of the other item": "def pytest_collection_modifyitems(items):\n"
    "    items[1] = pytest.Function.from_parent(items[0].parent, name='test_good')\n",
    "the module's name": "def pytest_pycollect_makemodule(module_path, parent):\n"
    "    made = pytest.Module.from_parent(parent, path=module_path)\n"
    "    made.obj.test_bad = made.obj.test_good\n    return made\n",
    "its code": f"def pytest_itemcollected(item):\n    if {IS_BAD}:\n"
    "        item.obj.__code__ = item.module.test_good.__code__\n",
    "pytest_pyfunc_call": "@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem):\n"
    "    if pyfuncitem.name == 'test_bad':\n        good(pyfuncitem.funcargs['candidate'])\n        return True\n",
    "pytest_pyfunc_call, which compares nothing": "@pytest.hookimpl(tryfirst=True)\n"
    "def pytest_pyfunc_call(pyfuncitem):\n    return True if pyfuncitem.name == 'test_bad' else None\n",
    "pytest_runtest_call": "@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n"
    f"    if {IS_BAD}:\n        item.obj = item.module.test_good\n    return (yield)\n",
    "pytest_runtest_protocol": "@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_protocol(item):\n"
    "    return True if item.name == 'test_bad' else None\n",
    "pytest_runtest_protocol with reports of its own": "from _pytest.reports import TestReport\n\n"
    "@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_protocol(item):\n    if item.name != 'test_bad':\n"
    "        return None\n    for when in ('setup', 'call', 'teardown'):\n"
    "        told = TestReport(item.nodeid, item.location, {}, 'passed', None, when)\n"
    "        item.ihook.pytest_runtest_logreport(report=told)\n    return True\n",
    "a call that never was": "from _pytest.runner import CallInfo\n\n"
    "@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_protocol(item):\n    if item.name != 'test_bad':\n"
    "        return None\n    item.ihook.pytest_runtest_setup(item=item)\n"
    "    good(item.funcargs.get('candidate') or item._request.getfixturevalue('candidate'))\n"
    "    for when in ('setup', 'call', 'teardown'):\n        call = CallInfo.from_call(lambda: None, when)\n"
    "        told = item.ihook.pytest_runtest_makereport(item=item, call=call)\n"
    "        item.ihook.pytest_runtest_logreport(report=told)\n    return True\n",
    "what it is given": "class Fake:\n    def __getattr__(self, name):\n        return self\n\n"
    "    def __ge__(self, other):\n        return True\n\n"
    "@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem):\n    if pyfuncitem.name == 'test_bad':\n"
    "        good(pyfuncitem.funcargs['candidate'])\n        pyfuncitem.funcargs['candidate'] = Fake()\n",
}


def _run(made: Any, pytester: pytest.Pytester, conftest: str, gates: str = GATES) -> tuple[int, str]:
    made.gates(gates)
    made.gates(f"import pytest\n\n{GOOD}{conftest}", "conftest.py")
    done = pytester.runpytest("suites", "-p", "no:cacheprovider")
    return int(done.ret), done.stdout.str()


@pytest.mark.parametrize("name", SWAPPED)
def test_another_function_in_a_gate_s_place_leaves_no_verdict(name: str, made: Any, pytester: pytest.Pytester) -> None:
    status, text = _run(made, pytester, SWAPPED[name])
    assert status == 1, text
    assert "suite colours passes" not in text
    assert re.search(r"test_bad|1 not run|1 removed after collection", text)


HONEST = {
    "a decorator": "import functools\n\ndef told(test):\n    @functools.wraps(test)\n    def run(*a, **k):\n"
    "        return test(*a, **k)\n    return run\n\n@told\ndef test_it(candidate):\n"
    "    assert candidate.exact_match >= 0.5\n",
    "parametrize": "import pytest\n\n@pytest.mark.parametrize('least', [0.5, 0.6], ids=['a::b', 'c[d]'])\n"
    "def test_it(candidate, least):\n    assert candidate.exact_match >= least\n",
    "classes inside of classes": "class TestIt:\n    class TestMore:\n        def test_it(self, candidate):\n"
    "            assert candidate.exact_match >= 0.5\n",
    "unittest": "import unittest\nimport pytest\n\nclass TestIt(unittest.TestCase):\n"
    "    @pytest.fixture(autouse=True)\n    def _given(self, candidate):\n        self.it = candidate\n\n"
    "    def test_it(self):\n        with self.subTest('a'):\n            assert self.it.exact_match >= 0.5\n",
    "an inherited unittest": "import unittest\nimport pytest\n\nclass Gates:\n"
    "    def test_it(self):\n        assert self.it.exact_match >= 0.5\n\n"
    "class TestIt(Gates, unittest.TestCase):\n    @pytest.fixture(autouse=True)\n"
    "    def _given(self, candidate):\n        self.it = candidate\n",
    "subtests": "def test_it(candidate, subtests):\n    for least in (0.5, 0.6):\n"
    "        with subtests.test(least=least):\n            assert candidate.exact_match >= least\n",
    "gates in a fixture": "import pytest\n\n@pytest.fixture\ndef gate(candidate):\n"
    "    assert candidate.exact_match >= 0.5\n\ndef test_it(gate):\n    pass\n",
    "gates in a fixture, and a test of other things": "import pytest\n\n@pytest.fixture(autouse=True)\n"
    "def gate(candidate):\n    assert candidate.exact_match >= 0.5\n\ndef test_numbers():\n    assert 1 < 2\n",
    "a thread": "import threading\n\ndef check(candidate):\n    assert candidate.exact_match >= 0.5\n\n"
    "def test_it(candidate):\n    one = threading.Thread(target=check, args=[candidate])\n    one.start()\n"
    "    one.join()\n",
    "a lambda in a pool": "from concurrent.futures import ThreadPoolExecutor\n\ndef test_it(candidate):\n"
    "    with ThreadPoolExecutor(1) as pool:\n"
    "        assert pool.submit(lambda: bool(candidate.exact_match >= 0.5)).result()\n",
    "a factory": "def made(t):\n    def test(candidate):\n        assert candidate.exact_match >= t\n"
    "    return test\n\ntest_a, test_b = made(0.5), made(0.6)\n",
    "a partial function": "from functools import partial\n\ndef check(candidate, t):\n"
    "    assert candidate.exact_match >= t\n\ntest_it = partial(check, t=0.5)\n",
    "another name": "def check(candidate):\n    assert candidate.exact_match >= 0.5\n\ntest_it = check\n",
    "a test by exec": "def test_it(candidate):\n    assert candidate.exact_match >= 0.5\n\n"
    "exec('def test_more(candidate):\\n    assert candidate.exact_match >= 0.6')\n",
    "a static method": "class TestIt:\n    @staticmethod\n    def test_it(candidate):\n"
    "        assert candidate.exact_match >= 0.5\n",
    "an async test that a plugin of the project runs": "import pytest\n\n@pytest.mark.anyio\n"
    "async def test_it(candidate):\n    assert candidate.exact_match >= 0.5\n",
    "hypothesis": "from hypothesis import HealthCheck, given, settings, strategies\n\n"
    "@settings(max_examples=2, database=None, suppress_health_check=list(HealthCheck))\n"
    "@given(least=strategies.sampled_from([0.5, 0.6]))\n"
    "def test_it(candidate, least):\n    assert candidate.exact_match >= least\n",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_ways_to_run_a_test_keep_their_verdict(name: str, made: Any, pytester: pytest.Pytester) -> None:
    made.gates(HONEST[name])
    done = pytester.runpytest("suites", "-p", "no:cacheprovider")
    assert "suite colours passes" in done.stdout.str(), done.stdout.str()
    assert done.ret == 0


def test_a_test_that_is_run_again_keeps_its_verdict(made: Any, pytester: pytest.Pytester) -> None:
    """As plugins do that rerun or repeat an item."""
    again = "    for item in session.items * 2:\n        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)\n"
    status, text = _run(
        made,
        pytester,
        f"def pytest_runtestloop(session):\n{again}    return True\n",
        GATES.partition("def test_bad")[0],
    )
    assert "suite colours passes" in text, text
    assert status == 0


@pytest.mark.parametrize("profiled", [True, False], ids=["cProfile", "a function"])
def test_a_profiler_goes_on_after_the_test_has_started(profiled: bool, made: Any, pytester: pytest.Pytester) -> None:
    """The watch for the start of a test's function gives it back."""
    start = f"import cProfile, sys\nSEEN = []\nONE = cProfile.Profile() if {profiled} else None\n\n"
    hooks = (
        "def pytest_runtest_setup(item):\n"
        "    ONE.enable() if ONE else sys.setprofile(lambda frame, *_: SEEN.append(frame.f_code.co_name))\n\n"
        "def pytest_runtest_teardown(item):\n    ONE.disable() if ONE else sys.setprofile(None)\n"
        "    print('profiled', 'interval' in str(SEEN) or any('interval' in str(e.code) for e in ONE.getstats()))\n"
    )
    gates = "def test_good(candidate):\n    candidate.exact_match.interval()\n    assert candidate.exact_match >= 0.5\n"
    made.gates(gates)
    made.gates(start + hooks, "conftest.py")
    done = pytester.runpytest("suites", "-s", "-p", "no:cacheprovider")
    assert "profiled True" in done.stdout.str(), done.stdout.str()
    assert "suite colours passes" in done.stdout.str()


def test_what_a_hook_compares_is_not_what_the_test_compares(made: Any, pytester: pytest.Pytester) -> None:
    status, text = _run(made, pytester, SWAPPED["what it is given"])
    assert "test_bad is invalid: it uses a subject but compares nothing" in text
    assert status == 1


@pytest.mark.parametrize("name", ["item.obj", "pytest_pyfunc_call", "pytest_pyfunc_call, which compares nothing"])
def test_that_the_function_did_not_run_is_said_by_name(name: str, made: Any, pytester: pytest.Pytester) -> None:
    _, text = _run(made, pytester, SWAPPED[name])
    assert "test_bad is invalid: the function that its suite's source names did not run" in text


def test_a_report_of_a_call_that_never_was_is_no_pass(made: Any, pytester: pytest.Pytester) -> None:
    _, text = _run(made, pytester, SWAPPED["a call that never was"])
    assert "suites/colours/test_gates.py::test_bad passed, but the function that its suite's source names" in text
