"""Latency: what one asker waits for one answer. Throughput, which answers carry, is another thing."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from goldgate.base.hardware import device_name
from goldgate.subjects.subject import Subject
from goldgate.task.examples import Example

EXAMPLES = 100
"""Examples of a split that are asked alone: 72 is the fewest that can show a 95th percentile at 2.5%."""


@dataclass(frozen=True)
class Timing:
    """What one asker waited, on which machine. first, last: seconds to the first token and to the last; None for an
    answer that is missing.
    """

    first: float | None
    last: float | None
    machine: str


def chosen(examples: Sequence[Example]) -> list[Example]:
    """The examples that are timed: EXAMPLES of them by digest, the same for every subject."""
    return sorted(examples, key=lambda e: e.digest)[:EXAMPLES]


def measure_latency(subject: Subject, examples: Sequence[Example]) -> dict[str, Timing]:
    """Example digest → what it took when asked alone. The first is asked once before: loading is not counted."""
    here = machine()
    timings: dict[str, Timing] = {}
    for example in [*examples[:1], *examples]:
        started = time.perf_counter()
        (answer,) = subject.answer([example])
        last = time.perf_counter() - started
        # What the subject did before its batch began, reading the prompt into tokens, is waited for too.
        first = last if answer.first_token is None else max(0.0, last - answer.seconds) + answer.first_token
        there = answer.text is not None
        timings[example.digest] = Timing(first if there else None, last if there else None, here)
    return timings


@cache
def machine() -> str:
    """The machine in words: processor, usable cores, accelerator. Latencies of different machines do not compare."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    words = [_processor(), f"{cores} cores"]
    if accelerator := device_name():
        words.append(accelerator)
    return ", ".join(words)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
