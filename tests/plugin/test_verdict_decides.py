"""The recorded verdict decides, not what a test does with it. One suite that tries everything, run once."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SUITE = """
import threading

import pytest

def test_plain(candidate):
    assert candidate.exact_match >= 0.99

def test_not(candidate):
    assert not (candidate.exact_match >= 0.99)

def test_or(candidate):
    assert candidate.exact_match >= 0.99 or True

@pytest.mark.xfail(reason="known to be bad")
def test_xfail(candidate):
    assert candidate.exact_match >= 0.99

@pytest.mark.xfail(reason="known to be bad", strict=True, raises=AssertionError)
def test_strict_xfail(candidate):
    assert candidate.exact_match >= 0.99

def test_swallowed(candidate):
    try:
        assert candidate.exact_match >= 0.99
    except AssertionError:
        print("never mind")

def test_outside_an_assert(candidate):
    candidate.exact_match >= 0.99

def test_skipped_afterwards(candidate):
    if not candidate.exact_match >= 0.99:
        pytest.skip("not today")

def test_xfailed_afterwards(candidate):
    if not candidate.exact_match >= 0.99:
        pytest.xfail("not today")

def test_returned_early(candidate):
    for t in (0.5, 0.99, 0.6):
        candidate.exact_match >= t

@pytest.fixture
def compared(candidate):
    return bool(candidate.exact_match >= 0.99)

def test_compared_in_a_fixture(compared):
    pass

def test_in_a_thread(candidate):
    thread = threading.Thread(target=lambda: bool(candidate.exact_match >= 0.99))
    thread.start()
    thread.join()

def test_by_name(request):
    assert request.getfixturevalue("candidate").exact_match >= 0.99 or True

def test_nothing(candidate):
    assert candidate.exact_match.value > 0.1

def test_nothing_by_name(request):
    request.getfixturevalue("candidate")

def test_only_looks(candidate):
    assert candidate.exact_match.verdict(">=", 0.5)

def test_unknown_metric(candidate):
    assert candidate.exact_macth >= 0.5

def test_unknown_metric_swallowed(candidate):
    try:
        assert candidate.exact_macth >= 0.5
    except Exception:
        pass

def test_empty_slice(candidate):
    assert candidate.on("drak").exact_match >= 0.5

def test_equality(candidate):
    assert candidate.exact_match == 1.0

def test_out_of_range(candidate):
    assert candidate.exact_match >= 95

def test_other_examples(candidate, prompted):
    assert candidate.on("dark").exact_match - prompted.exact_match >= 0.1

def test_good(candidate):
    assert candidate.exact_match >= 0.80

def test_not_of_a_good_one(candidate):
    assert not (candidate.exact_match >= 0.80)

def test_own_error(candidate):
    assert candidate.exact_match >= 0.80
    raise RuntimeError("a bug of the suite")

def test_no_subject():
    assert 1 + 1 == 2
"""


@dataclass(frozen=True)
class Case:
    """What JUnit says of one item."""

    failure: str | None
    headline: str
    verdicts: list[str]


Run = tuple[int, str, dict[str, Case]]


def _run(made: Any, run_apart: Callable[..., Any], *arguments: str, python: tuple[str, ...] = ()) -> Run:
    made.champion()
    made.gates(SUITE)
    root = made.project.root
    ran = run_apart(root, made.project.cache, "suites", "--junitxml=junit.xml", *arguments, python=python)
    cases = {}
    for case in ET.parse(root / "junit.xml").iter("testcase"):
        told = [p.get("value", "") for p in case.iter("property") if str(p.get("name")).endswith("verdict")]
        failure = case.find("failure")
        bad = failure if failure is not None else case.find("error")
        cases[case.get("name", "")] = Case(
            None if bad is None else bad.text, "" if bad is None else bad.get("message", ""), told
        )
        assert case.find("skipped") is None
    return ran.status, ran.text, cases


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, write_project: Callable[..., Any], run_apart: Callable[..., Any]
) -> Run:
    made = write_project(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("cache"))
    return _run(made, run_apart, "-W", "error")


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "not",
        "or",
        "xfail",
        "strict_xfail",
        "swallowed",
        "outside_an_assert",
        "skipped_afterwards",
        "xfailed_afterwards",
        "returned_early",
        "compared_in_a_fixture",
        "in_a_thread",
    ],
)
def test_a_gate_that_does_not_pass_fails_its_item(run: Run, name: str) -> None:
    case = run[2][f"test_{name}"]
    assert case.failure is not None
    assert case.headline == "exact_match >= 0.99 is undecided"
    assert "Traceback" not in case.failure
    assert "AssertionError" not in case.failure


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing", "compares nothing"),
        ("by_name", "declare it as the test's argument"),
        ("nothing_by_name", "declare it as the test's argument"),
        ("only_looks", "compares nothing"),
        ("unknown_metric", 'did you mean "exact_match"'),
        ("unknown_metric_swallowed", "compares nothing"),
        ("empty_slice", 'did you mean "dark"'),
        ("equality", "never equal"),
        ("out_of_range", "rates are written as 0.95"),
        ("other_examples", "different examples"),
    ],
)
def test_broken_evidence_is_invalid_with_one_message(run: Run, name: str, says: str) -> None:
    case = run[2][f"test_{name}"]
    assert case.failure is not None
    assert says in case.failure
    assert "Traceback" not in case.failure
    assert case.verdicts[-1] == "invalid"


def test_the_message_is_the_style_guides(run: Run) -> None:
    lines = (run[2]["test_plain"].failure or "").splitlines()
    assert lines[0] == "suites/colours/test_gates.py:7: exact_match >= 0.99 is undecided"
    assert lines[1].startswith("  estimate 0.967, 95% interval 0.885 to 0.996, n = 60 (look 1 of golden ")
    assert lines[-1] == "  worst on dev: d000 [dark]  expected red, got green"
    assert "g0" not in "".join(lines[2:])  # no example of golden


def test_the_message_says_the_form_where_the_test_hid_the_verdict(run: Run) -> None:
    cases = run[2]
    assert "write a gate as" not in (cases["test_plain"].failure or "")
    for name in ("not", "or", "outside_an_assert", "swallowed"):
        assert "whatever the test does with it; write a gate as" in (cases[f"test_{name}"].failure or "")
    assert "xfail mark does not change the verdict" in (cases["test_xfail"].failure or "")


def test_other_items_keep_their_own_outcome(run: Run) -> None:
    status, text, cases = run
    assert status == 1
    assert [name for name, case in cases.items() if case.failure is None] == ["test_good", "test_no_subject"]
    assert "a bug of the suite" in (cases["test_own_error"].failure or "")
    assert "RuntimeError" in (cases["test_own_error"].failure or "")
    assert "24 failed, 2 passed" in text


def test_optimised_python_changes_nothing(
    tmp_path: Path, write_project: Callable[..., Any], run_apart: Callable[..., Any]
) -> None:
    made = write_project(tmp_path / "project", tmp_path / "cache")
    status, _, cases = _run(made, run_apart, "--assert=plain", python=("-O",))
    assert status == 1
    # The interpreter drops asserts: what stood in one was never compared, and says so.
    for name in ("plain", "not", "or", "swallowed", "good"):
        assert "compares nothing" in (cases[f"test_{name}"].failure or "")
    for name in ("outside_an_assert", "skipped_afterwards"):
        assert cases[f"test_{name}"].headline == "exact_match >= 0.99 is undecided"
