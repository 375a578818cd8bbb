"""Tests that report or run more than once: subtests, unittest's subTest, repeated tests, every worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest_plugins = ["pytester"]

SUBTESTS = """
def test_it(candidate, subtests):
    with subtests.test("valid"):
        assert candidate.label_valid >= 0.5
    with subtests.test("right"):
        assert candidate.exact_match >= {t}
    with subtests.test("own"):
        {own}
"""
UNITTEST = """
import unittest
import pytest

class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _given(self, candidate):
        self.candidate = candidate

    def test_it(self):
        for t in (0.5, {t}):
            with self.subTest(t=t):
                assert self.candidate.exact_match >= t
        {own}
"""


def run(pytester: pytest.Pytester, *arguments: str) -> tuple[int, str]:
    """Runs pytest on the suites; exit status and what was printed."""
    result = pytester.runpytest("suites", *arguments, "-p", "no:cacheprovider")
    return int(result.ret), result.stdout.str()


@pytest.mark.parametrize("gates", [SUBTESTS, UNITTEST], ids=["subtests", "subTest"])
def test_subtests_that_pass_are_a_verdict(
    gates: str, made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "1")
    made.gates(gates.format(t=0.6, own="pass"))
    made.suite.joinpath("conftest.py").write_text("")
    monkeypatch.delenv("CI")
    run(pytester)  # counts the look
    monkeypatch.setenv("CI", "1")
    status, text = run(pytester)
    assert "suite colours passes: all 2 gates" in text
    assert status == 0


@pytest.mark.parametrize("gates", [SUBTESTS, UNITTEST], ids=["subtests", "subTest"])
def test_a_gate_in_a_subtest_that_does_not_pass_fails_the_suite(
    gates: str, made: Any, pytester: pytest.Pytester
) -> None:
    made.gates(gates.format(t=0.99, own="pass"))
    status, text = run(pytester)
    assert status == 1
    assert "suite colours does not pass: 1 of 2 gates pass, 1 undecided" in text


@pytest.mark.parametrize("own", ["assert 1 == 2", "import pytest; pytest.skip('no')"])
@pytest.mark.parametrize("gates", [SUBTESTS, UNITTEST], ids=["subtests", "subTest"])
def test_a_subtest_that_fails_or_is_skipped_for_another_reason_does_not_pass(
    gates: str, own: str, made: Any, pytester: pytest.Pytester
) -> None:
    made.gates(gates.format(t=0.6, own=own))
    status, text = run(pytester)
    assert status == 1
    assert "suite colours passes" not in text


REPEAT = """
import pytest

@pytest.fixture
def step(request):
    return request.param

def pytest_generate_tests(metafunc):
    metafunc.fixturenames.append("step")
    metafunc.parametrize("step", range(2), indirect=True)
"""


def test_tests_that_a_plugin_repeats_are_a_verdict(made: Any, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(REPEAT)
    status, text = run(pytester)
    assert "suite colours passes: all 8 gates" in text
    assert status == 0


WORKERS = """
import os

def test_it(candidate):
    assert candidate.exact_match >= (0.99 if os.environ["PYTEST_XDIST_WORKER"] == "{bad}" else 0.5)
"""


@pytest.mark.parametrize(("bad", "ends"), [("none", "passes: its one gate"), ("gw0", "does not"), ("gw1", "does not")])
def test_every_worker_may_run_every_test(bad: str, ends: str, made: Any, run_apart: Callable[..., Any]) -> None:
    made.gates(WORKERS.format(bad=bad))
    ran = run_apart(made.project.root, made.project.cache, "suites", "-n", "2", "--dist", "each")
    assert f"suite colours {ends}" in ran.text
    assert ran.status == int(bad != "none")
