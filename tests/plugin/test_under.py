"""Suites that ask under perturbations: who answers, where the answers go, and what is said where none can be had."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.recorded import write_recorded
from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.jobs import workspace as workspace_module
from goldgate.perturb import letter_case
from goldgate.subjects import Answer
from goldgate.task.examples import Example

pytest_plugins = ["pytester"]
LABELS = ("red", "green", "blue")
GATES = """
from goldgate.perturb import letter_case

def test_shouted(candidate):
    shouted = candidate.under(letter_case)
    assert shouted.exact_match - shouted.unperturbed.exact_match >= -0.20

def test_steady(candidate):
    assert candidate.across([letter_case]).agreement >= 0.80
"""


class Rule:
    """The colour by the number in the input; reads capitals, or does not."""

    name = "base+few_shot:1"

    def __init__(self, capitals: bool) -> None:
        self.capitals = capitals
        self.identity = digest(["rule", capitals])

    def sampled(self, sample: int) -> Rule:
        return self

    def fingerprint(self, example: Example) -> str:
        return digest([self.identity, example.text])

    def answer(self, examples: Sequence[Example], progress: object = None) -> Iterator[Answer]:
        for e in examples:
            text = LABELS[int(e.text.split()[-1]) % 3] if self.capitals or "number" in e.text else "red"
            yield Answer(e.id, text, "stop", 3, 1, 0.0, None, self.identity, self.fingerprint(e), e.digest)


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    return pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments).stdout.str()


def answered(made: Any, file: str) -> int:
    """How many answers a cache file holds."""
    path: Path = made.project.cache / file
    if not path.is_file():
        return 0
    with sqlite3.connect(path) as db:
        (count,) = db.execute("SELECT count(*) FROM answers").fetchone()
    db.close()
    return int(count)


@pytest.mark.parametrize("capitals", [True, False])
def test_the_perturbed_answers_decide(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capitals: bool
) -> None:
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: Rule(capitals))
    made.gates(GATES)
    text = run(pytester, "--candidate", "base+few_shot:1")
    assert "exact_match[under letter_case] - exact_match[without letter_case].observed >= -0.20" in text
    assert "agreement[perturbed].observed >= 0.80" in text
    assert ("suite colours meets all 2 gates on dev" in text) is capitals
    assert "answers: 0 recorded, 0 cached, 48 generated" in text
    assert "answers: 0 recorded, 48 cached, 0 generated" in run(pytester, "--candidate", "base+few_shot:1")


class Fickle(Rule):
    """Says something else in every third sample."""

    def __init__(self, sample: int = 0) -> None:
        super().__init__(capitals=sample % 3 == 0)
        self.identity = digest(["fickle", sample])

    def sampled(self, sample: int) -> Fickle:
        return Fickle(sample)

    def answer(self, examples: Sequence[Example], progress: object = None) -> Iterator[Answer]:
        for answer in super().answer(examples):
            yield answer if self.capitals else replace(answer, text="Red.")


def test_repeated_answers_are_asked_and_kept_apart(
    make: Callable[..., Any], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: Fickle())
    made = make(decoding={"max_new_tokens": 4, "temperature": 0.7})
    made.gates(
        "def test_steady(candidate):\n    again = candidate.repeated(4)\n"
        "    assert again.agreement >= 0.30\n    assert again.formats <= 2.0\n"
        "    assert again.agreement <= 0.40\n"
    )
    text = run(pytester, "--candidate", "base+few_shot:1")
    assert "agreement[4 times].observed >= 0.30" in text
    assert "suite colours meets all 3 gates on dev" in text
    assert "answers: 0 recorded, 0 cached, 96 generated" in text
    assert "answers: 0 recorded, 96 cached, 0 generated" in run(pytester, "--candidate", "base+few_shot:1")


def test_perturbed_golden_is_the_same_look_and_lies_with_golden(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: Rule(True))
    made.gates(GATES)
    assert "suite colours passes" in run(pytester, "--candidate", "base+few_shot:1", "--split", "golden")
    assert (answered(made, "golden.sqlite"), answered(made, "answers.sqlite")) == (120, 0)
    assert len(made.looks_taken()) == 1


def recorded(made: Any, rule: Rule) -> None:
    """Adds the champion's answers to golden under letter_case, as if they had been recorded with it."""
    identity = read_json(made.suite / "champion.json")["identity"]
    base = list(made.splits["golden"])
    rows = [
        {**a.__dict__, "identity": identity, "subject": "x", "split": "golden", "scores": {}}
        for a in rule.answer([*base, *filter(None, map(letter_case.apply, base))])
    ]
    digest_ = write_recorded(made.suite / "champion_answers.jsonl.gz", rows)
    champion = read_json(made.suite / "champion.json")
    write_json(made.suite / "champion.json", {**champion, "answers": digest_})


def test_a_champion_is_decided_from_perturbed_answers_that_are_recorded(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(GATES)
    recorded(made, Rule(True))
    text = run(pytester)
    assert "suite colours passes: all 2 gates" in text
    assert "answers: 120 recorded, 0 cached, 0 generated" in text
    assert not made.project.cache.exists()


def test_perturbed_answers_of_a_champion_that_are_not_recorded_are_invalid(
    made: Any, pytester: pytest.Pytester
) -> None:
    made.gates(GATES)
    text = run(pytester)
    assert "an answer of adapter:runs/lost/adapter was not recorded" in text
    assert "suite colours does not pass" in text


def test_a_perturbation_of_the_suite_itself(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: Rule(True))
    made.gates(
        "from goldgate.perturb import Edit, Perturbation\n\n"
        "def greeting(example, rng):\n    return [Edit(0, 0, rng.choice(['Hi. ', 'Hello. ']))]\n\n"
        "greeted = Perturbation('greeted', 'must_not_change', greeting)\n\n"
        "def test_greeted(candidate):\n    assert candidate.under(greeted).exact_match >= 0.8\n"
    )
    text = run(pytester, "--candidate", "base+few_shot:1")
    assert "exact_match[under greeted].observed >= 0.80" in text
    assert "suite colours meets its one gate on dev" in text or "meets all" in text
