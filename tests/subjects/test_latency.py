"""Latency is what one asker waits: every example alone, in order, after one that is not counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from goldgate.subjects import Answer, latency
from goldgate.subjects.latency import chosen, measure_latency
from goldgate.task.examples import Example

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

    def sampled(self, sample: int) -> Slow:
        return self

    def answer(self, examples: Sequence[Example], progress: Any = None) -> Iterator[Answer]:
        """Reads the prompt for a quarter of a second, then needs the rest, half of it until the first token."""
        self.asked.append([e.id for e in examples])
        for example in examples:
            took = float(example.id[1:]) + 0.25
            self._clock.now += (0.0 if self._loaded else 50.0) + 0.25 + took
            self._loaded = True
            text = None if example.input == "unanswerable" else "a"
            yield Answer(
                example.id,
                text,
                "stop" if text else "error",
                1,
                1,
                took,
                None,
                "slow",
                example.id,
                example.digest,
                first_token=took / 2,
            )


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    clock = Clock()
    monkeypatch.setattr(latency, "time", clock)
    return Slow(clock)


def test_each_example_is_asked_alone_and_the_first_once_before(slow: Slow) -> None:
    measure_latency(slow, EXAMPLES)
    assert slow.asked == [["e0"], ["e0"], ["e1"], ["e2"], ["e3"]]


def test_seconds_come_by_example_and_loading_is_not_among_them(slow: Slow) -> None:
    timings = measure_latency(slow, EXAMPLES)
    assert [timings[e.digest].last for e in EXAMPLES] == [0.5, 1.5, 2.5, 3.5]
    assert measure_latency(slow, EXAMPLES[::-1]) == timings


def test_the_first_token_is_waited_for_from_the_asking(slow: Slow) -> None:
    timings = measure_latency(slow, EXAMPLES)
    assert [timings[e.digest].first for e in EXAMPLES] == [0.375, 0.875, 1.375, 1.875]


def test_an_answer_that_is_missing_has_no_latency(slow: Slow) -> None:
    bad = Example("e7", "unanswerable", "a")
    timing = measure_latency(slow, [bad])[bad.digest]
    assert (timing.first, timing.last) == (None, None)


def test_of_no_examples_there_is_no_latency(slow: Slow) -> None:
    assert measure_latency(slow, []) == {}
    assert slow.asked == []


def test_the_same_examples_are_timed_for_everybody() -> None:
    many = [Example(f"e{i}", f"text {i}", "a") for i in range(300)]
    assert len(chosen(many)) == 100
    assert chosen(many) == chosen(many[::-1])
    assert chosen(EXAMPLES) == sorted(EXAMPLES, key=lambda e: e.digest)
