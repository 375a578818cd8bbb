"""Latency: what one asker waits for one answer. Throughput, which answers carry, is another thing."""

from __future__ import annotations

import time
from collections.abc import Sequence

from harness.examples import Example
from harness.subjects.subject import Subject


def measure_latency(subject: Subject, examples: Sequence[Example]) -> list[float]:
    """Seconds for each example asked alone, in order. The first is asked once before: loading is not counted."""
    seconds: list[float] = []
    for example in [*examples[:1], *examples]:
        started = time.perf_counter()
        for _ in subject.answer([example]):
            pass
        seconds.append(time.perf_counter() - started)
    return seconds[1:]
