"""A gate that asks for what cannot be is invalid, by a message that says what to write; the others are decided."""

from __future__ import annotations

from typing import Any

import pytest

pytest_plugins = ["pytester"]

BAD = {
    "metric": ("candidate.exact_mach >= 0.8", 'no metric "exact_mach" for task colours', 'did you mean "exact_match"'),
    "other_kind": ("candidate.schema_valid >= 0.8", 'no metric "schema_valid" for task colours', ""),
    "tag": (
        'candidate.on("drak").exact_match >= 0.8',
        'no example of golden carries the tag "drak"',
        'did you mean "dark"',
    ),
    "no_tags": ("candidate.on([]).exact_match >= 0.8", "no tags given: the slice is empty", ""),
    "threshold": ("candidate.exact_match >= 80", "is between 0 and 1", "rates are written as 0.95, not 95"),
    "below": ("candidate.exact_match >= -0.1", "is between 0 and 1", ""),
    "nan": ('candidate.exact_match >= float("nan")', "not with nan", "write m >= 0.9"),
    "equal": ("candidate.exact_match == 0.9", "never equal to a number", "write >= or <="),
    "apart": (
        'candidate.on("dark").exact_match - prompted.on("light").exact_match >= 0',
        "measured on different examples",
        "compare measures on the same split and the same tags",
    ),
    "empty": ("candidate.where(lambda e: False).exact_match >= 0.8", "no example of golden is in the slice", ""),
    "by_answer": (
        'candidate.where(lambda e, a: a.text == e.output, "right").exact_match >= 0.8',
        "golden decides: the numbers of a slice by answers, right, are hidden",
        "look on dev: pytest --split dev",
    ),
    "nan_scorer": ("candidate.by(odd) >= 0.8", "the value of example g000 is nan", ""),
    "greedy": ("candidate.repeated(3).agreement >= 0.8", "temperature 0", ""),
    "unlike": ("candidate.exact_match - candidate.macro_f1 >= 0", "measures of different kinds", ""),
}
HEAD = """
from goldgate import scorer

@scorer
def odd(example, text):
    return float("nan")
"""
GOOD = "def test_good(candidate):\n    assert candidate.exact_match >= 0.8\n"


@pytest.fixture(scope="module")
def suite() -> str:
    tests = [f"def test_{name}(candidate, prompted):\n    assert {gate}\n" for name, (gate, _, _) in BAD.items()]
    return "\n\n".join([HEAD, GOOD, *tests, GOOD.replace("good", "good_too")])


def test_each_bad_gate_is_invalid_and_says_what_to_write(made: Any, pytester: pytest.Pytester, suite: str) -> None:
    made.gates(suite)
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", "-vv")
    text = result.stdout.str()
    result.assert_outcomes(passed=2, failed=len(BAD))
    assert f"2 of {2 + len(BAD)} gates pass, {len(BAD)} invalid" in text
    for name, (_, what, hint) in BAD.items():
        part = text.split(f"_ test_{name} _", 1)[1].split("\n_", 1)[0]
        assert what in part, name
        assert hint in part, name
        assert "Traceback" not in part, name
