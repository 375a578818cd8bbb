"""Gates can be chosen by kind."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.plugin.kinds import KINDS, METRICS
from goldgate.scorers import scorer_versions

pytest_plugins = ["pytester"]

GATES = """
import pytest

def test_right(candidate):
    assert candidate.exact_match >= 0.8

def test_read(candidate):
    assert candidate.label_valid >= 0.5

def test_hard(candidate, edge_case):
    assert candidate.on(edge_case).exact_match.plausible >= 0.5

def test_all_hard(candidate, edge_cases):
    assert candidate.on(edge_cases).exact_match >= 0.5

def test_gap(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.1

def test_tokens(candidate):
    assert candidate.tokens_out <= 3

def test_wait(candidate):
    assert candidate.latency.p95 <= 3

def test_again(candidate):
    assert candidate.repeated(3).agreement >= 0.9

@pytest.mark.parametrize("metric", ["label_valid"])
@pytest.mark.format
def test_by_hand(candidate, metric):
    assert candidate.measure(metric) >= 0.5
"""


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (
            "format or edge_case",
            {"test_read", "test_hard[dark]", "test_hard[light]", "test_all_hard", "test_by_hand[label_valid]"},
        ),
        ("baseline_gap", {"test_gap"}),
        ("cost", {"test_tokens"}),
        ("accuracy and not edge_case and not baseline_gap", {"test_right"}),
        ("latency", {"test_wait"}),
        ("consistency", {"test_again"}),
    ],
)
def test_gates_are_chosen_by_kind(made: Any, pytester: pytest.Pytester, expression: str, names: set[str]) -> None:
    made.gates(GATES)
    text = pytester.runpytest(
        "suites", "-p", "no:cacheprovider", "--strict-markers", "--collect-only", "-q", "-m", expression
    ).stdout.str()
    assert {line.split("::")[1] for line in text.splitlines() if "::" in line} == names


def test_chosen_by_kind_it_is_no_verdict_on_the_suite(made: Any, pytester: pytest.Pytester) -> None:
    text = pytester.runpytest("suites", "-p", "no:cacheprovider", "-m", "edge_case").stdout.str()
    assert "suite colours is incomplete (2 deselected)" in text


def test_the_kinds_are_listed(pytester: pytest.Pytester) -> None:
    text = pytester.runpytest("--markers", "-p", "no:hypothesispytest").stdout.str()
    assert all(f"@pytest.mark.{kind}:" in text for kind in KINDS)


def test_other_tests_get_no_marks(made: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_elsewhere="import pytest\n\n@pytest.fixture\ndef prompted():\n    return 1\n\n"
        "def test_it(prompted):\n    assert prompted\n"
    )
    text = pytester.runpytest(".", "-p", "no:cacheprovider", "--collect-only", "-q", "-m", "baseline_gap").stdout.str()
    assert "test_elsewhere" not in text
    assert "test_beats_prompting" in text


def test_every_metric_has_a_kind(make_task: Any) -> None:
    for kind, schema in (("json", {"type": "object"}), ("label", None), ("text", None)):
        settings: dict[str, Any] = {"kind": kind, "prices": {"per_million_input": 1.0}}
        settings |= {"labels": ["a", "b"]} if kind == "label" else {}
        settings |= {"style": {"forbidden": ["!"]}} if kind == "text" else {}
        _, task = make_task(settings, schema, train=[("x", {} if kind == "json" else "a")])
        assert set(scorer_versions(task)) <= set(METRICS)
