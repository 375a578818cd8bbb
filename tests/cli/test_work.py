"""The steps of the main job: each subject asked once, golden summed up without an example of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from scipy.stats import binomtest

from goldgate.base.errors import UserError
from goldgate.cli.screen import Screen, clock
from goldgate.jobs.workspace import Work, golden_summary
from goldgate.subjects import latency
from goldgate.subjects.latency import Timing

BASE = "base+zero_shot"
Numbers = tuple[int, int]


@pytest.fixture
def work(counts: Any) -> Work:
    return Work(counts.project, counts.task, Screen(Console(file=io.StringIO(), width=200)))


def shown(work: Work) -> str:
    file = work.screen.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_subject_is_asked_once_a_split(counts: Any, work: Work) -> None:
    counts.cached(BASE, dev=6, golden=6)
    assert work.scored(BASE) is work.scored(BASE, "dev")
    assert work.scored(BASE, "golden") is not work.scored(BASE)
    assert [step["name"] for step in work.screen.steps] == [f"{BASE} answers dev", f"{BASE} answers golden"]


def test_an_adapter_is_called_by_its_attempt(counts: Any, work: Work) -> None:
    name = counts.adapter("runs/counts/r1/attempts/2/adapter")
    counts.cached(name, dev=0)
    work.scored(name, "dev", "how good it is")
    assert "attempt 2 answers dev  how good it is" in shown(work)


def test_estimates_hold_every_metric(counts: Any, work: Work) -> None:
    counts.cached(BASE, dev=6)
    found = work.estimates(work.scored(BASE))
    assert found["exact_match"] == 0.75
    assert set(found) == set(work.scored(BASE).metrics())


def test_prompted_is_the_best_of_all_that_were_tried(counts: Any, work: Work) -> None:
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


def test_latency_is_the_median_and_the_slow_end(counts: Any, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def seconds(subject: Any, examples: Any) -> dict[str, Timing]:
        asked.append(len(examples))
        return {e.digest: Timing(0.05, 0.1 if i else 5.0, "here") for i, e in enumerate(examples)}

    monkeypatch.setattr(latency, "measure_latency", seconds)
    found = work.latency([BASE])[BASE]
    assert found["p50"] == 0.1
    assert 0.1 < found["p95"] <= 5.0
    assert asked == [found["n"]]


def test_a_latency_that_cannot_be_had_is_said_and_left_out(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(subject: Any, examples: Any) -> dict[str, Timing]:
        if subject.name == BASE:
            raise UserError("cannot be reached", "https://x", "start it")
        return {e.digest: Timing(None, None, "here") for e in examples}

    monkeypatch.setattr(latency, "measure_latency", gone)
    assert work.latency([BASE, "base+few_shot:2"]) == {}
    assert f"the latency of {BASE} is not known: cannot be reached" in shown(work)
    assert "the latency of base+few_shot:2 is not known: no answer came" in shown(work)


def summary(counts: Any, work: Work, mine: int, theirs: int) -> dict[str, Any]:
    name = counts.adapter("mine")
    counts.cached(name, dev=0, golden=mine)
    counts.cached(BASE, dev=0, golden=theirs)
    return golden_summary(work, name, BASE, {"number": 1}, [], passed=False)


def test_a_summary_holds_no_example_of_golden(counts: Any, work: Work) -> None:
    found = summary(counts, work, 5, 30)
    text = json.dumps(found)
    assert not found["opened"]
    for example in counts.split("golden"):
        assert f'"{example.id}"' not in text
        assert example.input not in text
    assert found["split"] == {"fingerprint": counts.split("golden").fingerprint, "count": 60}


def test_a_summary_has_every_tag_and_both_subjects(counts: Any, work: Work) -> None:
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
    found = summary(counts, Work(counts.project, counts.task, Screen(Console(file=io.StringIO()))), mine, theirs)
    turned = found["turned"]["exact_match"]
    gap = next(d for d in found["differences"] if d["metric"] == "exact_match")
    # Both err on the first examples, so that no more turn than the difference.
    assert (turned["right"], turned["wrong"]) == (max(0, theirs - mine), max(0, mine - theirs))
    assert gap["estimate"] == pytest.approx((turned["right"] - turned["wrong"]) / 60)
    assert gap["low"] - 1e-9 <= gap["estimate"] <= gap["high"] + 1e-9
    many = turned["right"] + turned["wrong"]
    assert turned["p"] == pytest.approx(binomtest(turned["right"], many).pvalue if many else 1.0)


def test_a_split_that_does_not_exist_is_named(work: Work) -> None:
    with pytest.raises(UserError, match='no split "test"'):
        work.split("test")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (8.2, "8 s"),
        (60, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3600, "60 min 00 s"),
        (59.6, "1 min 00 s"),
        (59.4, "59 s"),
        (119.7, "2 min 00 s"),
    ],
)
def test_seconds_as_people_say_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_line_is_said_as_it_is() -> None:
    screen = Screen(Console(file=io.StringIO(), width=20))
    screen.say("[bold]not a mark[/bold] and longer than the width")
    assert screen.console.file.getvalue() == (  # type: ignore[attr-defined]
        "[bold]not a mark[/bold] and longer than the width\n"
    )


def test_a_step_is_one_line_in_a_log_and_kept_with_its_time() -> None:
    screen = Screen(Console(file=io.StringIO(), width=80))
    with screen.step("train", "the model learns", 10) as advance:
        for done in range(10):
            advance(done, "loss 1.0")
    assert screen.console.file.getvalue() == "train  the model learns\n"  # type: ignore[attr-defined]
    (step,) = screen.steps
    assert (step["name"], step["seconds"] >= 0) == ("train", True)


def test_a_step_that_fails_is_no_step_done() -> None:
    screen = Screen(Console(file=io.StringIO()))
    with pytest.raises(UserError), screen.step("train", "why"):
        raise UserError("no")
    assert screen.steps == []


def test_brackets_in_names_are_shown_as_they_are(work: Work) -> None:
    work.screen.console = Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None)
    with work.screen.step("adapter:[red]/x [/bold]", "in [dim]/[/dim] there", 3) as advance:
        advance(1, "loss [/] 1")
    work.screen.say("[bold]as it is[/bold]")
    assert "adapter:[red]/x [/bold]  in [dim]/[/dim] there" in shown(work)
    assert "loss [/] 1" in shown(work)
    assert "[bold]as it is[/bold]" in shown(work)
