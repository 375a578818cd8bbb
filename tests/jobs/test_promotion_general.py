"""What a candidate and its base model said to the general questions is promoted with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.answers.cache import answer_cache
from goldgate.champion.record import load_champion
from goldgate.forgetting.other_task import on_other_task, other_task
from goldgate.forgetting.without_task import WAYS, without_task
from goldgate.jobs.run_suite import run_suite
from goldgate.subjects import Answer, parse_subject
from goldgate.task.questions import asked, passages, questions

from .conftest import BASE, GATES, SIZES, passing

Typed = Callable[..., tuple[int, str, str]]
GATE = (
    "def test_kept(general):\n    assert general.accuracy - general.before.accuracy >= -0.10\n"
    "    assert general.choice - general.before.choice >= -0.10\n"
    "    assert general.perplexity_ratio.percentile(75) <= 1.10\n"
)
ADAPTER = "adapter:runs/counts/r1/attempts/1/adapter"


def answered(counts: Any, name: str, wrong: int) -> None:
    """Puts a subject's answers to the general questions into the user's cache."""
    rows: list[Answer] = []
    for way in WAYS:
        subject = without_task(parse_subject(name, counts.task, counts.project), way)
        for k, e in enumerate(passages() if way == "read" else asked()):
            text = "-3.0000" if way == "read" else questions()[e.id].options[k < wrong][0]
            rows.append(
                Answer(e.id, text, "stop", 9, 50, 0.01, -3.0, subject.identity, subject.fingerprint(e), e.digest)
            )
    answer_cache(counts.project, "general").put_many(rows)


@pytest.fixture
def promoted(typed: Typed, counts: Any) -> Any:
    """A champion whose suite gates what it forgot; its adapter and the cache are gone."""
    counts.gates(GATES + "\n\n" + GATE)
    counts.adapter(ADAPTER.removeprefix("adapter:"))
    answered(counts, ADAPTER, wrong=42)
    answered(counts, BASE, wrong=40)
    passing(counts)
    assert typed("promote", "r1")[0] == 0
    shutil.rmtree(counts.project.cache)
    shutil.rmtree(counts.project.root / "runs")
    return counts


def test_a_machine_without_the_model_decides_what_was_forgotten(promoted: Any) -> None:
    result = run_suite(promoted.project, "counts", None, "golden", generate=False)
    assert result.passed, result.output
    assert len(result.records) == 4
    assert result.answers[f"{ADAPTER} on general"] == {
        "recorded": 2 * len(asked()) + len(passages()),
        "cache": 0,
        "model": 0,
    }


def test_other_questions_than_the_recorded_ones_are_not_decided(promoted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldgate.forgetting.without_task.VERSION", 99)
    result = run_suite(promoted.project, "counts", None, "dev", generate=False)
    assert [r.verdict.outcome for r in result.records] == ["pass", "invalid"]


def test_a_suite_that_does_not_gate_them_records_none(typed: Typed, counts: Any) -> None:
    passing(counts)
    answered(counts, BASE, wrong=40)
    assert typed("promote", "r1")[0] == 0
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert not [row for row in champion.recorded.rows if row["split"] == "general"]


def test_a_machine_without_the_model_decides_what_became_of_another_task(typed: Typed, counts: Any) -> None:
    another = counts.project.suite("more")
    shutil.copytree(counts.suite, another)
    text = (another / "task.yaml").read_text().replace('"task": "counts"', '"task": "more"')
    (another / "task.yaml").write_text(text)
    shutil.copytree(counts.golden, counts.project.golden("more"))
    counts.settings(must_not_regress=["more"])
    counts.gates(GATES + "\n\ndef test_others(kept):\n    assert kept.exact_match - kept.before.exact_match >= -0.30\n")
    counts.adapter(ADAPTER.removeprefix("adapter:"))
    other = other_task("more", counts.task, counts.project)
    for name in (ADAPTER, BASE):
        subject = on_other_task(parse_subject(name, counts.task, counts.project), other)
        answer_cache(counts.project, "general").put_many(
            [
                Answer(
                    e.id,
                    json.dumps(e.output),
                    "stop",
                    9,
                    5,
                    0.01,
                    -0.1,
                    subject.identity,
                    subject.fingerprint(e),
                    e.digest,
                )
                for e in other.dev
            ]
        )
    passing(counts)
    assert typed("promote", "r1")[0] == 0
    shutil.rmtree(counts.project.cache)
    shutil.rmtree(counts.project.root / "runs")
    result = run_suite(counts.project, "counts", None, "golden", generate=False)
    assert result.passed, result.output
    assert len(result.records) == 2
    assert result.answers[f"{ADAPTER} on general"] == {"recorded": SIZES["dev"], "cache": 0, "model": 0}
