"""Latency is what one asker waits: every example alone, in order, after one that is not counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from harness.examples import Example
from harness.subjects import latency
from harness.subjects.latency import measure_latency

EXAMPLES = [Example(f"e{i}", f"text {i}", "a") for i in range(4)]


class Clock:
    """A clock that only the asked model moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


class Slow:
    """Takes a second to load, then as many as the example's number says; answers while it is asked for answers."""

    name, identity = "slow", "slow"

    def __init__(self, clock: Clock) -> None:
        self.asked: list[list[str]] = []
        self._clock = clock
        self._loaded = False

    def fingerprint(self, example: Example) -> str:
        return example.id

    def answer(self, examples: Sequence[Example], progress: Any = None) -> Iterator[Any]:
        self.asked.append([e.id for e in examples])
        for example in examples:
            self._clock.now += (0.0 if self._loaded else 50.0) + float(example.id[1:]) + 0.5
            self._loaded = True
            yield example.id


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    clock = Clock()
    monkeypatch.setattr(latency, "time", clock)
    return Slow(clock)


def test_each_example_is_asked_alone_and_the_first_once_before(slow: Slow) -> None:
    measure_latency(slow, EXAMPLES)
    assert slow.asked == [["e0"], ["e0"], ["e1"], ["e2"], ["e3"]]


def test_seconds_come_in_the_examples_order_and_loading_is_not_among_them(slow: Slow) -> None:
    assert measure_latency(slow, EXAMPLES) == [0.5, 1.5, 2.5, 3.5]
    assert measure_latency(slow, EXAMPLES[::-1]) == [3.5, 2.5, 1.5, 0.5]


def test_of_no_examples_there_is_no_latency(slow: Slow) -> None:
    assert measure_latency(slow, []) == []
    assert slow.asked == []
