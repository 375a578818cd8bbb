"""--audit N: recorded answers are made again, and what differs is no pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from goldgate.base.files import read_json
from goldgate.jobs import workspace as workspace_module
from goldgate.subjects import Answer
from goldgate.task.examples import Example

pytest_plugins = ["pytester"]
GATE = "def test_one(candidate):\n    assert candidate.exact_match >= 0.8\n"


class Forgetful:
    """A subject whose answers from some example on are others than before. near: how near the two are."""

    name, identity = "base+few_shot:1", "forgetful"

    def __init__(self) -> None:
        self.other: set[str] = set()
        self.near = 1.0
        self.asked: list[int] = []

    def fingerprint(self, example: Example) -> str:
        return f"forgetful {example.id}"

    def gap(self, example: Example, one: str, other: str) -> float:
        return self.near

    def answer(self, examples: Sequence[Example], progress: object = None) -> Iterator[Answer]:
        self.asked.append(len(examples))
        for e in examples:
            text = "purple" if e.id in self.other else str(e.output)
            yield Answer(e.id, text, "stop", 3, 1, 0.0, None, self.identity, self.fingerprint(e), e.digest)


@pytest.fixture
def subject(made: Any, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester) -> Forgetful:
    forgetful = Forgetful()
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: forgetful)
    made.gates(GATE)
    run(pytester)
    forgetful.asked.clear()
    return forgetful


def run(pytester: pytest.Pytester, *arguments: str, split: str = "dev") -> tuple[int, str]:
    result = pytester.runpytest(
        "suites", "-p", "no:cacheprovider", "--candidate", "base+few_shot:1", "--split", split, *arguments
    )
    return int(result.ret), result.stdout.str() + result.stderr.str()


def test_the_same_answers_pass(subject: Forgetful, pytester: pytest.Pytester) -> None:
    status, text = run(pytester, "--audit", "5")
    assert status == 0
    assert re.search(r"audit \(seed \d+\): 5 answers made again, 0 differ by a near-tie, the others are the same", text)
    assert "meets its one gate on dev" in text
    assert subject.asked == [5]


def test_more_than_there_are_is_all(subject: Forgetful, pytester: pytest.Pytester) -> None:
    assert "24 answers made again" in run(pytester, "--audit", "99")[1]


def test_other_answers_fail_the_suite(subject: Forgetful, pytester: pytest.Pytester) -> None:
    subject.other = {"d003"}
    status, text = run(pytester, "--audit", "24")
    assert status == 1
    assert "1 differ: base+few_shot:1: d003" in text
    assert "suite colours does not pass: 1 of 1 gates pass, answers differ from the recorded ones (--audit)" in text


def test_a_near_tie_is_counted_and_passes(subject: Forgetful, pytester: pytest.Pytester) -> None:
    subject.other, subject.near = {"d003", "d004"}, 0.001
    status, text = run(pytester, "--audit", "24")
    assert status == 0
    assert "2 differ by a near-tie" in text


def test_an_answer_that_is_drawn_has_no_near_tie(
    make: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(decoding={"max_new_tokens": 4, "temperature": 1.0}).gates(GATE)
    forgetful = Forgetful()
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: forgetful)
    run(pytester)
    forgetful.other, forgetful.near = {"d003"}, 0.001
    status, text = run(pytester, "--audit", "24")
    assert status == 1
    assert "1 differ: base+few_shot:1: d003" in text


def test_a_failed_audit_on_golden_leaves_the_look_open(
    made: Any, subject: Forgetful, pytester: pytest.Pytester
) -> None:
    run(pytester, split="golden")
    for path in made.looks.glob("*.outcome.json"):
        path.unlink()
    subject.other = {f"g{i:03d}" for i in range(60)}
    status, text = run(pytester, "--audit", "60", split="golden")
    assert status == 1
    assert "60 differ: " in text
    assert "and 55 more" in text
    (outcome,) = (read_json(path) for path in made.looks.glob("*.outcome.json"))
    assert outcome["pass"] is None


def test_answers_that_were_made_just_now_are_no_audit(subject: Forgetful, pytester: pytest.Pytester) -> None:
    status, text = run(pytester, "--audit", "5", "--regenerate")
    assert status == 1
    assert "it could not be done: no answer of a local model was used" in text


def test_a_champion_whose_adapter_is_gone_cannot_be_audited(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GATE)
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", "--audit", "3")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*it could not be done: *adapter:runs/lost/adapter*", "*does not pass*"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--audit", "-1"), "1 or more"),
        (("--audit", "3", "-n", "2"), "run it without -n"),
        (("--audit", "3", "--answers", "r1"), "no model is called"),
    ],
)
def test_what_cannot_be_audited_is_refused(
    made: Any, pytester: pytest.Pytester, arguments: tuple[str, ...], says: str
) -> None:
    result = pytester.runpytest("suites", *arguments)
    assert result.ret == 4
    assert says in result.stderr.str()
