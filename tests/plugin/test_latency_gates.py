"""Gates on latency: decided from what was recorded, measured once where nothing was, compared on one machine alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch  # noqa: F401 - imported out here: pytester forgets what is imported within it, and torch bears one import

from goldgate.jobs import workspace as workspace_module
from goldgate.subjects import Answer
from goldgate.subjects.latency import Timing
from goldgate.task.examples import Example

pytest_plugins = ["pytester"]
P95 = "def test_p95(candidate):\n    assert candidate.latency.p95.plausible <= {}\n"
FASTER = "def test_faster(candidate, prompted):\n    assert (candidate.latency - prompted.latency).p50 <= 0\n"
FIRST = "def test_first(candidate):\n    assert candidate.first_token.p95.plausible <= 0.25\n"
HERE, THERE = "this machine", "that machine"


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return result.stdout.str() + result.stderr.str()


class Counting:
    """A subject that answers at once and counts how often it is asked."""

    name, identity = "base+zero_shot", "counting"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def fingerprint(self, example: Example) -> str:
        return f"counting {example.id}"

    def sampled(self, sample: int) -> Counting:
        return self

    def answer(self, examples: Sequence[Example], progress: object = None) -> Iterator[Answer]:
        self.asked.append(len(examples))
        for e in examples:
            yield Answer(e.id, str(e.output), "stop", 3, 1, 0.0, None, self.identity, self.fingerprint(e), e.digest)


def test_recorded_latencies_decide(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make()
    made.champion(waited=(Timing(0.1, 0.2, THERE), Timing(0.2, 0.8, THERE)))
    made.gates(P95.format(0.3) + FASTER + FIRST)
    text = run(pytester)
    assert "passes: all 3 gates" in text
    assert "latency of adapter:runs/lost/adapter: 60 examples one by one on that machine" in text
    made.gates(P95.format(0.1))
    assert "1 fail" in run(pytester)


def test_another_machine_s_latency_is_no_comparison(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make()
    made.champion(waited=(Timing(0.1, 0.2, THERE), Timing(0.2, 0.8, HERE)))
    made.gates(FASTER + P95.format(0.3))
    text = run(pytester)
    assert "one was measured on that machine, the other on this machine" in text
    assert "1 of 2 gates pass, 1 invalid" in text


def test_without_a_record_and_without_a_model_the_gate_is_invalid(
    make: Callable[..., Any], pytester: pytest.Pytester
) -> None:
    made = make()
    made.champion()
    made.gates(P95.format(0.3) + "def test_right(candidate):\n    assert candidate.exact_match >= 0.8\n")
    text = run(pytester)
    assert "1 of 2 gates pass, 1 invalid" in text
    assert "cannot be generated" in text


def test_it_is_measured_once_and_kept(made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Counting()
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: subject)
    made.gates(P95.format(60.0))
    chosen = ("--candidate", "base+zero_shot", "--split", "dev")
    assert "meets its one gate on dev" in run(pytester, *chosen)
    assert subject.asked == [24, 1, *[1] * 24]  # the answers; the one that is not counted; each alone
    subject.asked.clear()
    assert "meets its one gate on dev" in run(pytester, *chosen)
    assert subject.asked == []
    assert "meets its one gate on dev" in run(pytester, *chosen, "--regenerate")
    assert subject.asked == [24, 1, *[1] * 24]


def test_it_is_measured_only_where_it_is_asked_for(
    made: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = Counting()
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: subject)
    made.gates("def test_right(candidate):\n    assert candidate.exact_match >= 0.8\n")
    run(pytester, "--candidate", "base+zero_shot", "--split", "dev")
    assert subject.asked == [24]
