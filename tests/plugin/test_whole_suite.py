"""A suite has a verdict only where it was run as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest_plugins = ["pytester"]

TWO = (
    "import pytest\n\n{mark}\ndef test_one(candidate):\n    {body}assert candidate.exact_match >= 0.8\n\n"
    "def test_two(candidate):\n    assert candidate.exact_match >= 0.7\n"
)


def run(pytester: pytest.Pytester, *arguments: str) -> tuple[int, str]:
    """Runs pytest on the project; exit status and what was printed."""
    result = pytester.runpytest(*(arguments or ("suites",)), "-p", "no:cacheprovider")
    return int(result.ret), result.stdout.str() + result.stderr.str()


def test_a_whole_suite_passes(made: Any, pytester: pytest.Pytester) -> None:
    status, text = run(pytester)
    assert status == 0
    assert "suite colours passes: all 4 gates (2 shown, 2 not contradicted)" in text


@pytest.mark.parametrize("arguments", [("suites/colours",), (".",), ()])
def test_the_whole_suite_may_be_asked_for_in_other_words(
    made: Any, pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    assert "suite colours passes" in run(pytester, *arguments)[1]


@pytest.mark.parametrize(
    ("mark", "body", "reason"),
    [
        ("@pytest.mark.skip", "", "1 skipped"),
        ("@pytest.mark.skipif(True, reason='no')", "", "1 skipped"),
        ("", "pytest.skip('no'); ", "1 skipped"),
        ("@pytest.mark.xfail(run=False)", "", "1 xfailed"),
        ("@pytest.mark.xfail", "raise ValueError; ", "1 xfailed"),
    ],
)
def test_an_item_that_did_not_run_leaves_it_incomplete(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mark: str, body: str, reason: str
) -> None:
    made.gates(TWO.format(mark=mark, body=body))
    status, text = run(pytester)
    assert status == 1
    assert f"suite colours is incomplete ({reason}): no verdict on the suite" in text
    assert run(pytester, "suites/colours/test_gates.py")[0] == 0
    monkeypatch.setenv("CI", "true")
    assert run(pytester, "suites/colours/test_gates.py")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("suites", "-k", "two"), "2 deselected"),
        (("suites", "--deselect", "suites/colours/test_gates.py::test_one"), "1 deselected"),
        (("suites/colours/test_gates.py::test_two",), "only part of it was selected"),
        (("suites/colours/test_gates.py",), "only part of it was selected"),
        (("suites", "--ignore=suites/colours/test_more.py"), "test_more.py not collected"),
    ],
)
def test_a_part_of_the_suite_is_no_verdict(
    made: Any, pytester: pytest.Pytester, arguments: tuple[str, ...], reason: str
) -> None:
    made.gates(TWO.format(mark="", body=""))
    made.gates("def test_three(candidate):\n    assert candidate.exact_match >= 0.6\n", "test_more.py")
    text = run(pytester, *arguments)[1]
    assert "suite colours is incomplete (" in text
    assert reason in text


def test_stopping_at_the_first_failure_is_no_verdict(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(TWO.format(mark="", body="").replace("0.8", "0.99"))
    text = run(pytester, "suites", "-x")[1]
    assert "incomplete (1 not run): no verdict on the suite; so far 1 undecided" in text


def test_running_only_what_failed_last_is_no_verdict(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(TWO.format(mark="", body="").replace("0.8", "0.99"))
    made.gates("def test_three(candidate):\n    assert candidate.exact_match >= 0.6\n", "test_more.py")
    pytester.runpytest("suites")
    text = pytester.runpytest("suites", "--lf").stdout.str()
    assert "test_more.py not collected" in text


def test_a_gate_that_passes_each_time_may_run_again(made: Any, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "from _pytest.runner import runtestprotocol\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    runtestprotocol(item, nextitem=None)\n"
    )
    assert "suite colours passes: all 4 gates" in run(pytester)[1]


def test_a_broken_file_leaves_it_incomplete(made: Any, pytester: pytest.Pytester) -> None:
    made.gates("def test_broken(:\n", "test_broken.py")
    status, text = run(pytester)
    assert status == 2
    assert "suites/colours/test_broken.py could not be collected" in text


def test_a_failure_for_another_reason_fails_the_suite(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(TWO.format(mark="", body="") + "\ndef test_three():\n    assert 1 == 2\n")
    assert "does not pass: 2 of 2 gates pass, 1 failed for another reason" in run(pytester)[1]


def test_a_suite_without_a_gate_has_no_verdict(made: Any, pytester: pytest.Pytester) -> None:
    made.gates("def test_nothing():\n    pass\n")
    assert "incomplete (it has no gate)" in run(pytester)[1]


def test_a_gate_between_two_measures_shows_its_margin(made: Any, pytester: pytest.Pytester) -> None:
    made.champion()
    made.gates("def test_it(candidate, prompted):\n    assert candidate.tokens_out <= 2 * prompted.tokens_out\n")
    result = pytester.runpytest("suites", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*tokens_out <= 2 [*] prompted.tokens_out*+2 *+1.642 to +2.358*margin*pass*"])


def test_failing_gates_are_counted_by_kind(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make()
    made.champion()
    made.gates(
        "import pytest\n\n@pytest.mark.parametrize('t', [0.5, 0.96, 0.999, 7])\n"
        "def test_it(candidate, t):\n    assert candidate.exact_match >= t\n"
    )
    text = run(pytester)[1]
    assert "suite colours does not pass: 1 of 4 gates pass, 1 fail, 1 undecided, 1 invalid" in text
