"""Gates on what the model could do before: asked of the candidate and the base model, on every split the same."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.answers.cache import CACHE_FILES, answer_cache
from goldgate.forgetting.without_task import WAYS, without_task
from goldgate.jobs.run_suite import run_suite
from goldgate.ledger import suite_digest
from goldgate.scorers import scorer_versions
from goldgate.subjects import Answer, parse_subject
from goldgate.task.questions import asked, passages, questions

pytest_plugins = ["pytester"]
CANDIDATE = "base+few_shot:1"
GATE = """
def test_keeps_what_it_knew(general):
    assert general.accuracy - general.before.accuracy >= -0.10
    assert general.perplexity_ratio.percentile(75) <= 1.10
"""


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    """Runs the project's suites and returns what was printed."""
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return result.stdout.str() + result.stderr.str()


def answered(made: Any, name: str, wrong: int, logprob: float = -3.0) -> None:
    """Puts a subject's answers to the general questions into the user's cache."""
    rows: list[Answer] = []
    for way in WAYS:
        subject = without_task(parse_subject(name, made.task, made.project), way)
        for k, e in enumerate(passages() if way == "read" else asked()):
            text = f"{logprob:.4f}" if way == "read" else questions()[e.id].options[k < wrong][0]
            rows.append(
                Answer(e.id, text, "stop", 9, 50, 0.01, logprob, subject.identity, subject.fingerprint(e), e.digest)
            )
    answer_cache(made.project, "general").put_many(rows)


@pytest.fixture
def both(made: Any) -> Any:
    """A project whose base model has answered, and whose suite gates nothing but what was forgotten."""
    made.gates(GATE)
    answered(made, "base+zero_shot", wrong=40)
    return made


def test_a_candidate_that_kept_it_passes_on_dev_and_golden(both: Any, pytester: pytest.Pytester) -> None:
    answered(both, CANDIDATE, wrong=42)
    for split in ("dev", "golden"):
        text = run(pytester, "--candidate", CANDIDATE, "--split", split)
        assert "suite colours passes" in text
        assert "general" in text
    assert len(both.looks_taken()) == 1


def test_a_candidate_that_forgot_fails(both: Any, pytester: pytest.Pytester) -> None:
    answered(both, CANDIDATE, wrong=90, logprob=-4.0)
    text = run(pytester, "--candidate", CANDIDATE, "--split", "golden")
    assert "general.accuracy - general.before.accuracy >= -0.10 fails" in text
    assert "suite colours passes" not in text


def test_a_gate_on_them_alone_takes_its_look_at_golden(both: Any, pytester: pytest.Pytester) -> None:
    answered(both, CANDIDATE, wrong=40)
    run(pytester, "--candidate", CANDIDATE, "--split", "golden")
    assert [look["candidate"] for look in both.looks_taken()] == [CANDIDATE]


def test_nothing_of_golden_is_opened_for_them(both: Any) -> None:
    answered(both, CANDIDATE, wrong=40)
    result = run_suite(both.project, "colours", CANDIDATE, "dev", generate=False)
    assert result.passed
    assert not (both.project.cache / CACHE_FILES[1]).exists()


def test_without_answers_the_gate_is_invalid(both: Any) -> None:
    result = run_suite(both.project, "colours", CANDIDATE, "dev", generate=False)
    assert [r.verdict.outcome for r in result.records] == ["invalid"]


def test_asked_by_name_while_a_test_runs_it_is_invalid(both: Any) -> None:
    answered(both, CANDIDATE, wrong=40)
    both.gates("def test_it(request):\n    g = request.getfixturevalue('general')\n    assert g.accuracy >= 0.1\n")
    result = run_suite(both.project, "colours", CANDIDATE, "dev")
    assert [r.verdict.outcome for r in result.records] == ["invalid"]


def test_a_test_that_compares_nothing_is_invalid(both: Any) -> None:
    answered(both, CANDIDATE, wrong=40)
    both.gates("def test_it(general):\n    assert general.accuracy.value > 0.1\n")
    result = run_suite(both.project, "colours", CANDIDATE, "dev")
    assert [r.verdict.outcome for r in result.records] == ["invalid"]


def test_the_version_of_the_questions_counts_only_where_they_are_gated(
    both: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated, versions = suite_digest(both.task, scorer_versions(both.task)), scorer_versions(both.task)
    both.gates("def test_it(candidate):\n    assert candidate.exact_match >= 0.8\n")
    plain = suite_digest(both.task, versions)
    monkeypatch.setattr("goldgate.task.questions.VERSION", 99)
    assert suite_digest(both.task, versions) == plain
    both.gates(GATE)
    assert suite_digest(both.task, versions) != gated


def test_the_evidence_of_a_run_holds_them(both: Any) -> None:
    answered(both, CANDIDATE, wrong=40)
    result = run_suite(both.project, "colours", CANDIDATE, "dev")
    (evidence,) = result.evidence()
    assert set(evidence.roles) == {"candidate", "base"}
    assert sorted(len(s.answers) for s in evidence.said) == sorted(2 * [len(asked()), len(passages())])


def test_the_marks_say_that_it_is_about_forgetting(both: Any, pytester: pytest.Pytester) -> None:
    answered(both, CANDIDATE, wrong=40)
    text = run(pytester, "--candidate", CANDIDATE, "-m", "forgetting", "--co", "-q")
    assert "test_keeps_what_it_knew" in text
