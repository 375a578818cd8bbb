"""How long `goldgate demo` will take: the work that is left, by what each part of it cost where it was measured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldgate.base.hardware import matmul_gflops, matmul_gflops_of_one_thread
from goldgate.scored.baselines import declared_baselines
from goldgate.task.examples import Example, render_output
from goldgate.task.task import Task

TRAINED = 0.38
"""GFLOP for a character of the examples that are trained on, once: 0.34 (voice) to 0.45 (invoices)."""
BF16 = 0.86
"""Share of the time that training takes where it trains in bf16."""
ANSWERED: Mapping[str, float] = {"zero_shot": 140, "few_shot": 125, "nearest": 360, "tuned": 60}
"""GFLOP for an answer, by how it is asked for. Nearest shots share only the instructions between prompts."""
ALONE: Mapping[str, float] = {"tuned": 600, "prompted": 1000}
"""The same for an answer that is timed by itself: no batch shares the weights that are read."""
FIXED = 45.0
"""Seconds on any machine: loading, checking, embedding, the gates, the report."""
BUSY = 0.5
"""Load for each core from which a machine counts as busy."""
# All from the runs in docs/results.md, "Where the demo's time goes".


@dataclass(frozen=True)
class Speed:
    """GFLOP/s in 32-bit floats. idle: what the machine gives when it does nothing else; now: what it gives; load: of
    each core, None where the system does not say.
    """

    idle: float
    now: float
    load: float | None

    @property
    def busy(self) -> bool:
        return self.load is not None and self.load >= BUSY


@dataclass(frozen=True)
class Work:
    """What a demo has to do, in GFLOP."""

    training: float
    answers: float

    def minutes(self, gflops: float) -> float:
        """Minutes at so many GFLOP/s, of a machine that does nothing else."""
        return (FIXED + (self.training + self.answers) / gflops) / 60


def measure_speed() -> Speed:
    """How fast this machine multiplies, now and when it is idle.

    Threads that wait for each other lose nearly everything on a busy machine; one alone is slowed only by its share.
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
    """The work of a demo whose first attempt passes.

    Args: learned: examples that are trained on; epochs: passes over them; counts: examples of dev and golden; recorded:
    names of the baselines whose answers are there; timed: answers that are timed one by one, for each of two subjects.
    """
    characters = sum(len(e.text) + len(render_output(e.output)) for e in learned)
    training = TRAINED * characters * epochs * (BF16 if bf16 else 1)
    baselines = [b for b in map(str, declared_baselines(task)) if b not in recorded]
    answers = ANSWERED["tuned"] * (counts["dev"] + counts["golden"])
    answers += sum(_an_answer(b) for b in baselines) * counts["dev"]
    if baselines:
        # One of them may be the best, which answers golden too; for JSON and labels constrained, on dev again.
        dearest = max(_an_answer(b) for b in baselines)
        answers += dearest * (counts["golden"] + (0 if task.kind == "text" else counts["dev"]))
    answers += timed * (ALONE["tuned"] + ALONE["prompted"])
    return Work(training, answers)


def _an_answer(baseline: str) -> float:
    return next((cost for name, cost in ANSWERED.items() if name in baseline), ANSWERED["zero_shot"])


def told(work: Work, speed: Speed) -> str:
    """One line for people: about how long, and what takes most of it."""
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
