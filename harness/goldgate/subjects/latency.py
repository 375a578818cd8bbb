"""Latency: how long one caller waits for one answer. Answers carry throughput, which is something else."""

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
"""How many examples of a split are timed one at a time: 72 is the fewest that can bound a 95th percentile at 2.5%."""


@dataclass(frozen=True)
class Timing:
    """How long one caller waited.

    Attributes:
        first: Seconds to the first token; None if the answer is missing.
        last: Seconds to the last token; None if the answer is missing.
        machine: The machine that it was measured on.
    """

    first: float | None
    last: float | None
    machine: str


def chosen(examples: Sequence[Example]) -> list[Example]:
    """Returns the examples to time: the first EXAMPLES by digest, the same for every subject."""
    return sorted(examples, key=lambda e: e.digest)[:EXAMPLES]


def measure_latency(subject: Subject, examples: Sequence[Example]) -> dict[str, Timing]:
    """Measures how long each example takes when it is asked alone.

    The first example is also asked once before, untimed, so that loading the model does not count.

    Args:
        subject: Who answers.
        examples: The examples to time.

    Returns:
        Example digest → timing.
    """
    here = machine()
    timings: dict[str, Timing] = {}
    for example in [*examples[:1], *examples]:
        started = time.perf_counter()
        (answer,) = subject.answer([example])
        last = time.perf_counter() - started
        # Work before the batch starts, such as tokenizing the prompt, is part of the wait.
        first = last if answer.first_token is None else max(0.0, last - answer.seconds) + answer.first_token
        there = answer.text is not None
        timings[example.digest] = Timing(first if there else None, last if there else None, here)
    return timings


@cache
def machine() -> str:
    """Describes the machine: processor, usable cores and accelerator. Latencies from different machines do not
    compare.
    """
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
