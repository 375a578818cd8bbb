"""Gates on the last champion: nothing may get worse."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.base.files import read_json, write_json

pytest_plugins = ["pytester"]
GATE = "def test_no_worse(candidate, previous):\n    assert candidate.exact_match - previous.exact_match >= -0.10\n"


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    """Runs the project's suites and returns what was printed."""
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return result.stdout.str() + result.stderr.str()


def test_another_candidate_is_compared_with_the_champion(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GATE)
    made.cached("base+few_shot:1", "golden", wrong=1)
    text = run(pytester, "--candidate", "base+few_shot:1", "--split", "golden")
    assert "previous: adapter:runs/lost/adapter (cccccccccccc)" in text
    assert "exact_match - previous.exact_match >= -0.10" in text
    assert "suite colours passes" in text


def test_a_worse_candidate_does_not_pass(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GATE)
    made.cached("base+few_shot:1", "golden", wrong=30)
    assert "1 fail" in run(pytester, "--candidate", "base+few_shot:1", "--split", "golden")


def test_the_champion_is_compared_with_the_one_before(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GATE)
    path = made.suite / "champion.json"
    champion = read_json(path)
    before = {"subject": "base+old", "identity": champion["prompted_identity"], "run": "r0", "look": None}
    write_json(path, {**champion, "previous": [before]})
    text = run(pytester)
    assert "previous: base+old (" in text
    assert "answers: 120 recorded" in text
    assert "suite colours passes" in text


def test_without_the_answers_of_the_one_before_it_is_invalid(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GATE)
    path = made.suite / "champion.json"
    before = {"subject": "adapter:gone", "identity": "d" * 64, "run": "r0", "look": None}
    write_json(path, {**read_json(path), "previous": [before]})
    text = run(pytester)
    assert "an answer of adapter:gone was not recorded" in text
    assert "1 invalid" in text


def test_a_first_champion_has_none_before_it(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GATE)
    text = run(pytester)
    assert "is invalid: there was no champion before adapter:runs/lost/adapter" in text
    assert "leave it out until then" in text


def test_without_a_champion_it_is_invalid(make: Any, pytester: pytest.Pytester) -> None:
    made = make()
    made.gates(GATE)
    made.cached("base+zero_shot", "dev", wrong=0)
    text = run(pytester, "--candidate", "base+zero_shot")
    assert "is invalid: there is no previous champion: task colours has none" in text


def test_a_champion_of_another_configuration_is_no_reference(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GATE)
    made.cached("base+few_shot:1", "dev", wrong=1)
    path = made.suite / "champion.json"
    write_json(path, {**read_json(path), "serving": "0" * 64})
    assert "recorded answers do not belong to task.yaml" in run(pytester, "--candidate", "base+few_shot:1")


def test_a_gate_on_the_last_champion_alone_is_a_look(made: Any, pytester: pytest.Pytester) -> None:
    made.gates("def test_it(previous):\n    assert previous.exact_match >= 0.5\n")
    made.cached("base+few_shot:1", "golden", wrong=1)
    run(pytester, "--candidate", "base+few_shot:1", "--split", "golden")
    assert len(made.looks_taken()) == 1
