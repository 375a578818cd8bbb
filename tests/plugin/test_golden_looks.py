"""Who takes a look at golden, at which level, and what is written where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from goldgate.base.files import read_json
from goldgate.jobs.run_suite import run_suite

pytest_plugins = ["pytester"]
UNDECLARED = "base+few_shot:1"


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    """Runs the project's suites and returns what was printed."""
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return result.stdout.str() + result.stderr.str()


def test_the_champion_takes_a_look_once(made: Any, pytester: pytest.Pytester) -> None:
    assert "look 1, level 0.025 per side, recorded now" in run(pytester)
    first = made.looks_taken()
    second = run(pytester)
    assert "look 1, level 0.025 per side" in second
    assert "recorded now" not in second
    assert made.looks_taken() == first
    assert [look["candidate"] for look in first] == ["champion"]


def test_another_candidate_is_another_look_at_half_the_level(made: Any, pytester: pytest.Pytester) -> None:
    run(pytester)
    made.cached(UNDECLARED, "golden", wrong=6)
    text = run(pytester, "--candidate", UNDECLARED, "--split", "golden")
    assert "look 2, level 0.0125 per side" in text
    assert (
        "spent: 2 looks at this golden split, 3.75% of the 5% chance of a false pass, this one 1.25%"
        " (nominal: estimates are shown)"
    ) in text
    assert "exact_match >= 0.80 is undecided" in text  # 54 of 60 show 0.80 at neither level
    assert "(look 2 of golden " in text
    assert run(pytester, "--candidate", UNDECLARED, "--split", "golden").count("look 2, level") == 1
    assert len(made.looks_taken()) == 2


def test_a_changed_gate_is_another_look(made: Any, pytester: pytest.Pytester) -> None:
    run(pytester)
    made.gates("def test_less(candidate):\n    assert candidate.exact_match >= 0.5\n")
    run(pytester)
    assert [look["number"] for look in made.looks_taken()] == [1, 2]


def test_the_level_decides(made: Any, pytester: pytest.Pytester) -> None:
    """55 of 60 show 0.80 with p = 0.0121: at look 2 (0.0125), not at look 3."""
    made.champion(wrong=5)
    gate = "def test_it(candidate):\n    assert candidate.exact_match >= 0.80\n"
    shown = "passes: its one gate"
    for more, says in (("", shown), ("x = 1\n", shown), ("x = 2\n", "0 of 1 gates pass, 1 undecided")):
        made.gates(gate + more)
        assert f"suite colours {says}" in run(pytester).replace("does not pass: ", "")


@pytest.mark.parametrize("candidate", ["base+zero_shot", "base+zero_shot+constrained"])
def test_a_declared_baseline_takes_no_look(made: Any, pytester: pytest.Pytester, candidate: str) -> None:
    made.cached(candidate, "golden", wrong=30)
    text = run(pytester, "--candidate", candidate, "--split", "golden")
    assert "no look, level 0.025 per side" in text
    assert "spent: 0 looks at this golden split, 0% of the 5% chance of a false pass (nominal" in text
    assert "exact_match >= 0.80 fails" in text
    assert not made.looks.exists()


def test_dev_takes_no_look_and_reads_observed(made: Any, pytester: pytest.Pytester) -> None:
    text = run(pytester, "--split", "dev")
    assert "exact_match.observed >= 0.80" in text
    assert "meets all 4 gates on dev: observed, not shown; golden decides" in text
    assert not made.looks.exists()


@pytest.mark.parametrize("arguments", [("-k", "nothing"), ("--collect-only",), ("-k", "only_prompted")])
def test_a_run_that_never_asks_for_the_candidate_takes_no_look(
    made: Any, pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    made.gates(
        "def test_only_prompted(prompted):\n    assert prompted.exact_match >= 0.1\n\n"
        "def test_it(candidate):\n    assert candidate.exact_match >= 0.8\n"
    )
    run(pytester, *arguments)
    assert not made.looks.exists()


def test_a_skipped_gate_takes_no_look(made: Any, pytester: pytest.Pytester) -> None:
    made.gates("import pytest\n\n@pytest.mark.skip\ndef test_it(candidate):\n    assert candidate.exact_match >= 0.8\n")
    run(pytester)
    assert not made.looks.exists()


def test_in_ci_an_unrecorded_look_is_invalid_and_nothing_is_written(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    text = run(pytester)
    assert text.count("test_gates.py::") == text.count("this look at golden by champion is not recorded") - 4 == 4
    assert "this look at golden by champion is not recorded" in text
    assert "pytest --split golden --candidate champion" in text
    assert not made.looks.exists()


def test_in_ci_a_recorded_look_decides_and_writes_nothing(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pytester)
    for path in made.looks.glob("*.outcome.json"):
        path.unlink()
    monkeypatch.setenv("CI", "true")
    assert "suite colours passes: all 4 gates (2 shown, 2 not contradicted)" in run(pytester)
    assert not list(made.looks.glob("*.outcome.json"))


def test_a_running_demo_writes_looks_in_ci_too(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "1")
    assert run_suite(replace(made.project, in_demo=True), "colours", None, "golden").passed
    assert len(made.looks_taken()) == 1


def test_the_outcome_is_written_once_and_a_part_of_a_suite_leaves_it_open(made: Any, pytester: pytest.Pytester) -> None:
    run(pytester, "-k", "test_accuracy")
    (path,) = made.looks.glob("*.outcome.json")
    part = read_json(path)
    assert (part["pass"], [g["gate"] for g in part["gates"]]) == (None, ["exact_match >= 0.80"])
    run(pytester)
    outcome = read_json(path)
    assert outcome["pass"] is True
    assert [g["gate"] for g in outcome["gates"]] == [
        "exact_match >= 0.80",
        "exact_match[dark].plausible >= 0.50",
        "exact_match[light].plausible >= 0.50",
        "exact_match - prompted.exact_match >= 0.10",
    ]
    before = path.stat().st_mtime_ns
    run(pytester)
    assert path.stat().st_mtime_ns == before


def test_a_look_is_recorded_before_the_first_gate_runs(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(
        "from pathlib import Path\n\ndef test_it(candidate):\n"
        f"    assert list(Path({str(made.looks)!r}).glob('*.json'))\n    assert candidate.exact_match >= 0.8\n"
    )
    assert "suite colours passes" in run(pytester)


def test_a_lost_look_decides_nothing(made: Any, pytester: pytest.Pytester) -> None:
    run(pytester)
    made.cached(UNDECLARED, "golden", wrong=1)
    run(pytester, "--candidate", UNDECLARED, "--split", "golden")
    first = next(p for p in made.looks.glob("*.json") if "outcome" not in p.name and read_json(p)["number"] == 1)
    first.unlink()
    assert "restore it from version control" in run(pytester)


def test_two_tasks_have_a_ledger_each(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    for name in ("a", "b"):
        make(name).champion()
    text = run(pytester)
    assert "suite a passes" in text
    assert "suite b passes" in text
    assert text.count("look 1, level 0.025") == 2
