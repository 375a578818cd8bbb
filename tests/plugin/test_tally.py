"""What becomes of items and workers' words, without running pytest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from goldgate.measures import invalid
from goldgate.plugin.spoken import Spoken
from goldgate.plugin.tally import Tally

INFO: dict[str, Any] = {
    "task": "t",
    "root": "/p",
    "split": None,
    "subjects": {},
    "level": 0.025,
    "look": None,
    "notes": [],
    "answers": {},
    "writes": True,
    "items": ["a", "b"],
    "left_out": [],
    "missing": [],
    "audit": None,
}


def report(
    nodeid: str,
    outcome: str = "passed",
    when: str = "call",
    xfail: bool = False,
    task: str = "t",
    verdict: str = "pass",
    run: int = 1,
    worker: str = "",
    ran: bool = True,
) -> pytest.TestReport:
    """A report as pytest would make it."""
    said = replace(invalid("gate", "for a reason"), outcome=verdict)  # type: ignore[arg-type]
    spoken = [Spoken(said, "test_gates.py", 3).to_json()]
    carried = json.dumps({"task": task, "root": "/p", "run": run, "worker": worker, "ran": ran, "spoken": spoken})
    made = pytest.TestReport(nodeid, ("f", 1, "n"), {}, outcome, None, when, goldgate=carried)  # type: ignore[arg-type]
    if xfail:
        made.wasxfail = "reason"
    return made


def tally(*reports: pytest.TestReport, **info: Any) -> Tally:
    made = Tally()
    for one in reports:
        made.add(one)
    made.describe([{**INFO, **info}])
    return made


def test_a_suite_passes_when_every_item_and_verdict_does() -> None:
    (suite,) = tally(report("a"), report("b")).suites
    assert suite.complete
    assert suite.passed


@pytest.mark.parametrize(
    "bad",
    [
        report("b", "failed"),
        report("b", "failed", "setup"),
        report("b", "failed", "teardown"),
        report("b", verdict="undecided"),
        report("b", "skipped", "setup"),
        report("b", "skipped", xfail=True),
    ],
)
def test_one_bad_item_is_enough(bad: pytest.TestReport) -> None:
    (suite,) = tally(report("a"), report("b", when="setup"), bad).suites
    assert not suite.passed


def test_an_item_that_never_ran_is_missed() -> None:
    (suite,) = tally(report("a")).suites
    assert suite.gaps() == ["1 not run"]


def test_an_item_that_got_a_second_chance_is_seen() -> None:
    (suite,) = tally(report("a"), report("b", "failed"), report("b", run=2)).suites
    assert suite.gaps() == ["1 run more than once"]


def test_an_item_that_passes_each_time_may_run_twice() -> None:
    (suite,) = tally(report("a"), report("b"), report("b", run=2)).suites
    assert suite.passed


@pytest.mark.parametrize("bad", [{"outcome": "failed"}, {"verdict": "undecided"}, {"outcome": "skipped"}])
@pytest.mark.parametrize("order", [1, -1])
def test_one_bad_worker_is_enough(bad: dict[str, str], order: int) -> None:
    both = [report("b", worker="gw0", **bad), report("b", worker="gw1")][::order]  # type: ignore[arg-type]
    (suite,) = tally(report("a", worker="gw0"), report("a", worker="gw1"), *both).suites
    assert not suite.passed
    assert "more than once" not in " ".join(suite.gaps())


@pytest.mark.parametrize("bad", ["failed", "skipped"])
def test_a_bad_subtest_is_not_mended_by_the_rest_of_its_test(bad: str) -> None:
    (suite,) = tally(report("a"), report("b"), report("b", bad), report("b")).suites
    assert not suite.passed


def test_a_gate_is_missing_only_if_no_worker_ran_it() -> None:
    made = tally(report("a"), report("b"), missing=["x", "y"])
    made.describe([{**INFO, "missing": ["y", "z"]}])
    assert made.suites[0].gaps() == ["y"]


def test_other_tests_are_not_kept() -> None:
    other = pytest.TestReport("x", ("f", 1, "n"), {}, "passed", None, "call")
    made = Tally()
    made.add(other)
    assert made.suites == []


def test_items_stand_in_the_suites_order() -> None:
    (suite,) = tally(report("b"), report("a")).suites
    assert [i.nodeid for i in suite.ordered()] == ["a", "b"]


def test_what_two_workers_say_is_merged() -> None:
    made = tally(report("a"), report("b"), answers={"s on dev": {"recorded": 10, "cache": 0, "model": 30}})
    made.describe(
        [
            {
                **INFO,
                "split": {"name": "dev"},
                "answers": {
                    "s on dev": {"recorded": 10, "cache": 30, "model": 0},
                    "r on dev": {"recorded": 0, "cache": 4, "model": 0},
                },
            }
        ]
    )
    (suite,) = made.suites
    assert suite.info["answers"] == {
        "s on dev": {"recorded": 10, "cache": 0, "model": 30},
        "r on dev": {"recorded": 0, "cache": 4, "model": 0},
    }
    assert suite.info["split"] == {"name": "dev"}
    assert suite.passed


def test_two_projects_with_a_task_of_one_name_are_two_suites() -> None:
    made = tally(report("a"), report("b"))
    made.describe([{**INFO, "root": "/q"}])
    assert [s.root for s in made.suites] == ["/p", "/q"]
