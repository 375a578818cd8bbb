"""Gates on other tasks that must not regress: asked of the candidate and the base model, by their dev splits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.answers.cache import CACHE_FILES, answer_cache
from goldgate.base.errors import UserError
from goldgate.forgetting.other_task import on_other_task, other_task
from goldgate.gates import chance_of_passing
from goldgate.jobs.run_suite import SuiteResult, run_suite
from goldgate.ledger import suite_digest
from goldgate.scorers import scorer_versions
from goldgate.subjects import Answer, parse_subject
from goldgate.task.task import load_task

from .conftest import DEV, reply

pytest_plugins = ["pytester"]
CANDIDATE = "base+few_shot:1"
GATE = """
def test_others(kept):
    assert kept.exact_match - kept.before.exact_match >= -0.20
    assert kept.on("dark").exact_match.plausible >= 0.10
"""


def answered(made: Any, name: str, wrong: int, entry: str = "shades") -> None:
    """Puts a subject's answers to the other task into the user's cache."""
    other = other_task(entry, made.task, made.project)
    subject = on_other_task(parse_subject(name, made.task, made.project), other)
    rows: list[Answer] = [
        reply(subject.identity, e, i < wrong, subject.fingerprint(e)) for i, e in enumerate(other.dev)
    ]
    answer_cache(made.project, "general").put_many(rows)


def suite(made: Any, split: Any = "dev") -> SuiteResult:
    return run_suite(made.project, "colours", CANDIDATE, split, generate=False)


@pytest.fixture
def both(make: Callable[..., Any]) -> Any:
    """A project with two tasks, one of which must not make the other worse; the base model errs on two of its 24."""
    make("shades")
    made = make(must_not_regress=["shades"])
    made.gates(GATE)
    answered(made, "base+zero_shot", wrong=2)
    return made


def test_a_candidate_that_kept_the_other_task_passes_on_both_splits(both: Any) -> None:
    answered(both, CANDIDATE, wrong=2)
    for split in ("dev", "golden"):
        result = suite(both, split)
        assert result.passed, result.output
        assert [r.item.partition("::")[2] for r in result.records] == ["test_others[shades]"] * 2
    assert result.records[0].verdict.gate == "kept[shades].exact_match - kept[shades].before.exact_match >= -0.20"
    assert [look["candidate"] for look in both.looks_taken()] == [CANDIDATE]


def test_one_that_lost_it_fails_and_golden_would_say_the_same(both: Any) -> None:
    answered(both, CANDIDATE, wrong=DEV)
    result = suite(both)
    assert not result.passed
    assert result.records[0].verdict.outcome == "fail"
    assert chance_of_passing(result.records, 60, 0.0125) == 0.0


def test_nothing_of_golden_is_opened_and_its_own_golden_is_not_read(both: Any) -> None:
    answered(both, CANDIDATE, wrong=2)
    (both.project.golden("shades") / "golden.jsonl").unlink()
    assert suite(both).passed
    assert not (both.project.cache / CACHE_FILES[1]).exists()


def test_a_suite_that_does_not_ask_for_it_is_incomplete(both: Any) -> None:
    both.gates("def test_it(prompted):\n    assert prompted.exact_match.observed >= 0.0\n")
    both.cached("base+zero_shot", "dev", 0)
    result = suite(both)
    assert not result.complete
    assert result.gaps == ("must_not_regress names shades, but no test uses kept",)


def test_nor_is_one_that_asks_for_some_of_them(both: Any) -> None:
    both.suite.joinpath("task.yaml").write_text(
        json.dumps(
            {**json.loads((both.suite / "task.yaml").read_text()), "must_not_regress": ["shades", "shades+few_shot:2"]}
        )
    )
    answered(both, CANDIDATE, wrong=2)
    both.gates("import pytest\n@pytest.mark.parametrize('kept', ['shades'], indirect=True)" + GATE)
    assert suite(both).gaps == ("must_not_regress names shades+few_shot:2, but no test uses kept",)


def test_one_item_for_each_entry_each_under_its_own_prompt(both: Any) -> None:
    both.suite.joinpath("task.yaml").write_text(
        json.dumps(
            {**json.loads((both.suite / "task.yaml").read_text()), "must_not_regress": ["shades", "shades+few_shot:2"]}
        )
    )
    for name in ("base+zero_shot", CANDIDATE):
        answered(both, name, wrong=2)
        answered(both, name, wrong=4, entry="shades+few_shot:2")
    result = suite(both)
    assert result.passed, result.output
    assert [i.partition("::")[2] for i in result.items] == ["test_others[shades]", "test_others[shades+few_shot:2]"]


def test_without_an_entry_the_gate_says_what_to_write(made: Any) -> None:
    made.gates(GATE)
    result = suite(made)
    assert [r.verdict.outcome for r in result.records] == ["invalid"]
    assert "write must_not_regress: [OTHER_TASK]" in result.output


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("shade", '"shade" is not a task of this project.*did you mean "shades"'),
        ("colours", "is this task itself"),
        ("shades+few_shots:2", 'no prompting strategy "few_shots:2"'),
    ],
)
def test_an_entry_that_names_nothing_is_refused(both: Any, entry: str, said: str) -> None:
    with pytest.raises(UserError, match=f"(?s){said}"):
        other_task(entry, both.task, both.project)


@pytest.mark.parametrize(
    "code",
    [
        "kept.where(lambda e: True).exact_match >= 0.1",
        'kept.on("novelty:far").exact_match >= 0.1',
        "kept.repeated(3).agreement >= 0.1",
    ],
)
def test_what_the_other_tasks_own_suite_is_for_is_invalid_here(both: Any, code: str) -> None:
    answered(both, CANDIDATE, wrong=2)
    both.gates(f"def test_it(kept):\n    assert {code}\n")
    assert [r.verdict.outcome for r in suite(both).records] == ["invalid"]


def test_the_other_tasks_rules_and_examples_are_part_of_what_golden_is_asked(both: Any) -> None:
    def digest() -> str:
        task = load_task(both.project, "colours")
        return suite_digest(task, scorer_versions(task))

    first, path = digest(), both.project.suite("shades") / "task.yaml"
    (both.project.suite("shades") / "test_gates.py").write_text("def test_other(): ...\n")
    assert digest() == first
    path.write_text(path.read_text().replace("Name the colour.", "Name it."))
    assert digest() != first


def test_who_cannot_be_asked_another_task_says_so(both: Any) -> None:
    other = other_task("shades", both.task, both.project)
    with pytest.raises(UserError, match=r"(?s)linear cannot be asked another task.*gate `kept`"):
        on_other_task(parse_subject("linear", both.task, both.project), other)
