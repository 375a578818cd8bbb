"""Estimates how long `goldgate demo` will take, from the work that is left and the measured cost of each part."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldgate.base.hardware import matmul_gflops, matmul_gflops_of_one_thread
from goldgate.scored.baselines import declared_baselines
from goldgate.task.examples import Example, render_output
from goldgate.task.task import Task

TRAINED = 0.38
"""GFLOP per character of training examples and epoch; measured between 0.34 (voice) and 0.45 (invoices)."""
BF16 = 0.86
"""Training time in bf16 as a share of the time in fp32."""
ANSWERED: Mapping[str, float] = {"zero_shot": 140, "few_shot": 125, "nearest": 360, "tuned": 60}
"""GFLOP per answer, by how it is prompted. Prompts with nearest shots have only the instructions in common."""
ALONE: Mapping[str, float] = {"tuned": 600, "prompted": 1000}
"""The same for an answer that is timed alone, where no batch shares the cost of reading the weights."""
FIXED = 45.0
"""Seconds that every machine needs for loading, checking, embedding, the gates and the report."""
BUSY = 0.5
"""Load per core from which a machine counts as busy."""
# All of these were measured in the runs of docs/results.md, "Where the demo's time goes".


@dataclass(frozen=True)
class Speed:
    """The speed of a machine at 32-bit matrix products.

    Attributes:
        idle: GFLOP/s when the machine does nothing else.
        now: GFLOP/s at present.
        load: Load per core; None if the system does not report it.
    """

    idle: float
    now: float
    load: float | None

    @property
    def busy(self) -> bool:
        return self.load is not None and self.load >= BUSY


@dataclass(frozen=True)
class Work:
    """The work of a demo in GFLOP.

    Attributes:
        training: Work of training.
        answers: Work of answering.
    """

    training: float
    answers: float

    def minutes(self, gflops: float) -> float:
        """Returns the minutes that the work takes on an idle machine of this speed in GFLOP/s."""
        return (FIXED + (self.training + self.answers) / gflops) / 60


def measure_speed() -> Speed:
    """Measures how fast this machine multiplies matrices, and estimates how fast it is when idle.

    On a busy machine, threads that wait for each other lose nearly all their speed, while a single thread loses only
    its share of a core. The idle speed is therefore estimated from one thread.

    Returns:
        The speed.
    """
    import torch

    load = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else None
    now = matmul_gflops()
    if load is None or load < BUSY:
        return Speed(now, now, load)
    return Speed(max(now, matmul_gflops_of_one_thread() * torch.get_num_threads()), now, load)


def work_of(
    task: Task,
    learned: Sequence[Example],
    epochs: int,
    counts: Mapping[str, int],
    recorded: Sequence[str],
    bf16: bool,
    timed: int,
) -> Work:
    """Estimates the work of a demo whose first attempt passes.

    Args:
        task: The task.
        learned: Examples that are trained on.
        epochs: Passes over them.
        counts: Number of examples in dev and golden, by split.
        recorded: Names of the baselines whose answers are recorded.
        bf16: Whether training runs in bf16.
        timed: Number of answers that are timed one by one, for each of two subjects.

    Returns:
        The work.
    """
    characters = sum(len(e.text) + len(render_output(e.output)) for e in learned)
    training = TRAINED * characters * epochs * (BF16 if bf16 else 1)
    baselines = [b for b in map(str, declared_baselines(task)) if b not in recorded]
    answers = ANSWERED["tuned"] * (counts["dev"] + counts["golden"])
    answers += sum(_an_answer(b) for b in baselines) * counts["dev"]
    if baselines:
        # The best baseline may be one of them: it also answers golden and, for json and labels, dev under constraints.
        dearest = max(_an_answer(b) for b in baselines)
        answers += dearest * (counts["golden"] + (0 if task.kind == "text" else counts["dev"]))
    answers += timed * (ALONE["tuned"] + ALONE["prompted"])
    return Work(training, answers)


def _an_answer(baseline: str) -> float:
    return next((cost for name, cost in ANSWERED.items() if name in baseline), ANSWERED["zero_shot"])


def told(work: Work, speed: Speed) -> str:
    """Describes the estimate in one line: the time, and what takes most of it.

    Args:
        work: The work.
        speed: The machine's speed.

    Returns:
        The line.
    """
    minutes, training = work.minutes(speed.idle), work.training / speed.idle / 60
    if training >= 0.5 * minutes:
        most = f"training about {_minutes(training)} of it"
    else:
        most = f"training about {_minutes(training)} of it, answering about {_minutes(work.answers / speed.idle / 60)}"
    at = f"{speed.idle:.0f} GFLOP/s"
    if speed.busy:
        return (
            f"about {_minutes(minutes)} on this machine if it were idle ({at}), {most}; it is busy now (load"
            f" {speed.load:.1f} a core), so expect several times that"
        )
    return f"about {_minutes(minutes)} on this machine ({at}), {most}"


def _minutes(minutes: float) -> str:
    return f"{max(1, round(minutes))} min"
