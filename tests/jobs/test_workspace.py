"""The workspace: each subject asked once, by one lock, and golden summed up without an example of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from goldgate.base.errors import UserError
from goldgate.jobs.comparison import Best, golden_summary
from goldgate.jobs.workspace import Workspace
from goldgate.runs.golden import LookFacts, LookRecord
from goldgate.subjects import latency
from goldgate.subjects.latency import Timing

from .conftest import Heard

BASE = "base+zero_shot"
Numbers = tuple[int, int]


@pytest.fixture
def work(counts: Any) -> Workspace:
    return Workspace(counts.project, counts.task, Heard())


def said(work: Workspace) -> list[str]:
    assert isinstance(work.progress, Heard)
    return work.progress.said


def test_a_subject_is_asked_once_a_split(counts: Any, work: Workspace) -> None:
    counts.cached(BASE, dev=6, golden=6)
    assert work.scored(BASE) is work.scored(BASE, "dev")
    assert work.scored(BASE, "golden") is not work.scored(BASE)
    assert said(work) == [f"{BASE} answers dev  ", f"{BASE} answers golden  "]
    assert [one.split.name for one in work.answering.asked] == ["dev", "golden"]


def test_an_adapter_is_called_by_its_attempt(counts: Any, work: Workspace) -> None:
    name = counts.adapter("runs/counts/r1/attempts/2/adapter")
    counts.cached(name, dev=0)
    work.scored(name, "dev", "how good it is")
    assert said(work) == ["attempt 2 answers dev  how good it is"]


def test_estimates_hold_every_metric(counts: Any, work: Workspace) -> None:
    counts.cached(BASE, dev=6)
    found = work.estimates(work.scored(BASE))
    assert found["exact_match"] == 0.75
    assert set(found) == set(work.scored(BASE).metrics())


def test_prompted_is_the_best_of_all_that_were_tried(counts: Any, work: Workspace) -> None:
    counts.settings(baselines=["zero_shot", "few_shot:2"])
    work.task = counts.task
    for name, wrong in (
        (BASE, 9),
        (f"{BASE}+constrained", 8),
        ("base+few_shot:2", 4),
        ("base+few_shot:2+constrained", 7),
    ):
        counts.cached(name, dev=wrong)
    prompted = work.prompted(everything=True)
    assert prompted.name == "base+few_shot:2"
    assert len(prompted.tried) == 4


def test_latency_is_the_median_and_the_slow_end(counts: Any, work: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def seconds(subject: Any, examples: Any) -> dict[str, Timing]:
        asked.append(len(examples))
        return {e.digest: Timing(0.05, 0.1 if i else 5.0, "here") for i, e in enumerate(examples)}

    monkeypatch.setattr(latency, "measure_latency", seconds)
    found = work.latency([BASE])[BASE]
    assert found["p50"] == 0.1
    assert 0.1 < found["p95"] <= 5.0
    assert asked == [found["n"]]


def test_a_latency_that_cannot_be_had_is_said_and_left_out(work: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(subject: Any, examples: Any) -> dict[str, Timing]:
        if subject.name == BASE:
            raise UserError("cannot be reached", "https://x", "start it")
        return {e.digest: Timing(None, None, "here") for e in examples}

    monkeypatch.setattr(latency, "measure_latency", gone)
    assert work.latency([BASE, "base+few_shot:2"]) == {}
    assert f"  the latency of {BASE} is not known: cannot be reached" in said(work)
    assert "  the latency of base+few_shot:2 is not known: no answer arrived" in said(work)


def summary(counts: Any, work: Workspace, mine: int, theirs: int) -> dict[str, Any]:
    name = counts.adapter("mine")
    counts.cached(name, dev=0, golden=mine)
    counts.cached(BASE, dev=0, golden=theirs)
    looked = LookRecord(subject=name, passed=False, records=(), look=LookFacts(number=1))
    return golden_summary(work, looked, Best(BASE), 0.025).to_json()


def test_a_summary_holds_no_example_of_golden(counts: Any, work: Workspace) -> None:
    found = summary(counts, work, 5, 30)
    text = json.dumps(found)
    assert not found["opened"]
    for example in counts.split("golden"):
        assert f'"{example.id}"' not in text
        assert example.input not in text
    assert found["split"] == {"fingerprint": counts.split("golden").fingerprint, "count": 60}


def test_a_summary_has_every_tag_and_both_subjects(counts: Any, work: Workspace) -> None:
    rows = summary(counts, work, 0, 60)["measures"]
    at = {(r["subject"], r["tag"]): r for r in rows if r["metric"] == "exact_match"}
    assert set(at) == {(s, t) for s in ("adapter:mine", BASE) for t in (None, "dark", "light")}
    assert at["adapter:mine", "dark"]["n"] == 20
    assert (at["adapter:mine", None]["estimate"], at[BASE, None]["estimate"]) == (1.0, 0.0)


@given(wrong=st.tuples(st.integers(0, 60), st.integers(0, 60)))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_turned_is_counted_by_example_and_agrees_with_the_difference(
    counts: Any, typed: Callable[..., Any], wrong: Numbers
) -> None:
    mine, theirs = wrong
    found = summary(counts, Workspace(counts.project, counts.task), mine, theirs)
    turned = found["turned"]["exact_match"]
    gap = next(d for d in found["differences"] if d["metric"] == "exact_match")
    # Both err on the first examples, so that no more turn than the difference.
    assert (turned["right"], turned["wrong"]) == (max(0, theirs - mine), max(0, mine - theirs))
    assert gap["estimate"] == pytest.approx((turned["right"] - turned["wrong"]) / 60)
    assert gap["low"] - 1e-9 <= gap["estimate"] <= gap["high"] + 1e-9
    many = turned["right"] + turned["wrong"]
    assert turned["p"] == pytest.approx(binomtest(turned["right"], many).pvalue if many else 1.0)


def test_a_split_that_does_not_exist_is_named(work: Workspace) -> None:
    with pytest.raises(UserError, match='no split "test"'):
        work.split("test")


def test_a_subject_that_is_refused_is_not_shown(work: Workspace) -> None:
    with pytest.raises(UserError, match="may be a secret") as refused:
        work.scored("openai:m@https://me:secret@example.org/v1+zero_shot")
    assert said(work) == []
    assert "me:secret" not in str(refused.value)
