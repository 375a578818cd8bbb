"""A package's scorers and perturbations gate as a suite's own do, and its version is part of the look."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.base.extensions import PERTURBATIONS, SCORERS
from goldgate.ledger import suite_digest
from goldgate.task.task import load_task

from ..conftest import Install

pytest_plugins = ["pytester"]

CODE = """
from goldgate import scorer

@scorer
def short(example, text):
    return len(text) <= 5
"""
GATES = """
from acme_metrics import short

def test_short(candidate):
    assert candidate.by(short) >= 0.80
"""
ENTRY = {SCORERS: {"short": "acme_metrics:short"}}


def test_a_registered_packages_scorer_gates(pytester: pytest.Pytester, made: Any, install: Install) -> None:
    install("acme_metrics", "1.2", CODE, ENTRY)
    made.gates(GATES)
    result = pytester.runpytest("suites")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*short >= 0.8*pass*60"])


def test_code_of_a_package_that_registers_nothing_is_refused(
    pytester: pytest.Pytester, made: Any, install: Install
) -> None:
    install("acme_metrics", "1.2", CODE, {})
    made.gates(GATES)
    result = pytester.runpytest("suites")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the code of short is outside of its suite*"])


@pytest.mark.parametrize("group", [SCORERS, PERTURBATIONS])
def test_the_packages_version_is_part_of_the_look(made: Any, install: Install, group: str) -> None:
    digests = []
    for version in ("1.2", "1.3"):
        install("acme_metrics", version, CODE, {group: {"short": "acme_metrics:short"}})
        made.gates(GATES)
        digests.append(suite_digest(load_task(made.project, "colours"), {"exact_match": 1}))
    assert digests[0] != digests[1]


def test_a_package_that_the_suite_does_not_import_changes_no_digest(made: Any, install: Install) -> None:
    made.gates("def test_short(candidate):\n    assert candidate.exact_match >= 0.80\n")
    task = load_task(made.project, "colours")
    before = suite_digest(task, {"exact_match": 1})
    install("acme_metrics", "1.2", CODE, ENTRY)
    assert suite_digest(task, {"exact_match": 1}) == before
