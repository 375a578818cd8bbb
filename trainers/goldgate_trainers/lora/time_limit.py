"""A budget is a promise: what an attempt will take, how much of it fits into the time left, and when it has to end.

An attempt that does not fit is planned shorter before its first step, so that the learning rate falls to its end in
time. What was planned is part of the recipe that ran, and of its checkpoints: a training that is taken up again, or
made again from its record, has the same steps. A training that is slower than expected ends at the next step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from goldgate_trainers.lora.attempt_folder import dev_scores, kept_epoch
from goldgate_trainers.lora.recipe import MIN_WARMUP_STEPS, Recipe
from goldgate_trainers.lora.time_up import TimeUp

PLANNED = 0.9
"""Share of the time left that a shortened training is planned for: a speed measured on a few batches is rough."""
FEWEST_STEPS = MIN_WARMUP_STEPS
"""Optimizer steps of the shortest training, whatever the time: with fewer the learning rate never reaches its peak."""
HORIZON = ("epochs", "max_steps", "stop_after")
"""Recipe settings that a lack of time changes."""


@dataclass(frozen=True)
class TimeLimit:
    """How long an attempt may take.

    Attributes:
        ends: Reading of the clock, in seconds, by which the attempt is trained and judged.
        judging: Seconds of that time reserved for the adapter's answers to dev.
        clock: Tells the time.
    """

    ends: float
    judging: float = 0.0
    clock: Callable[[], float] = time.monotonic

    @property
    def left(self) -> float:
        """Seconds left for training; negative once it is too late."""
        return self.ends - self.judging - self.clock()

    def earlier(self, seconds: float) -> TimeLimit:
        """The limit of an attempt that a killed process has already trained for so many seconds."""
        return replace(self, ends=self.ends - seconds)


@dataclass(frozen=True)
class Cost:
    """What training takes on this machine.

    Attributes:
        step: Seconds of an optimizer step.
        epoch: Seconds of an epoch, including what dev is asked at its end.
    """

    step: float
    epoch: float


def shortened(recipe: Recipe, examples: int, cost: Cost, seconds: float) -> Recipe:
    """The recipe as far as it fits into the time: whole epochs where one fits at least, else a number of steps.

    Args:
        recipe: What was asked for.
        examples: Rows of an epoch.
        cost: What training takes on this machine.
        seconds: Time left for training.

    Returns:
        The recipe itself where all of it fits; else one with fewer epochs, or with one epoch and `max_steps`, which is
        FEWEST_STEPS at least, or the whole epoch where that has fewer.
    """
    steps, an_epoch = recipe.steps(examples), recipe.steps_an_epoch(examples)
    if expected(recipe, examples, cost) <= seconds:
        return recipe
    time_planned = max(0.0, PLANNED * seconds)
    whole = math.floor(time_planned / cost.epoch)
    if whole >= 1:
        return replace(recipe, epochs=min(whole, recipe.epochs))
    affordable = max(FEWEST_STEPS, math.floor(time_planned / cost.step))
    most = min(affordable, an_epoch, steps)
    return replace(recipe, epochs=1, max_steps=0 if most == an_epoch else most)


def expected(recipe: Recipe, examples: int, cost: Cost) -> float:
    """Seconds that training the recipe takes: its whole epochs, and the steps of one that `max_steps` cuts."""
    epochs, steps = divmod(recipe.steps(examples), recipe.steps_an_epoch(examples))
    return epochs * cost.epoch + steps * cost.step


def changed(asked: Recipe, ran: Recipe) -> dict[str, int]:
    """The settings of HORIZON by which two recipes differ, as the second has them."""
    return {name: getattr(ran, name) for name in HORIZON if getattr(ran, name) != getattr(asked, name)}


def ended(
    asked: Recipe, planned: Recipe, examples: int, log: Sequence[Mapping[str, float]]
) -> tuple[Recipe, TimeUp | None]:
    """How a training came to its end, read off its log.

    Args:
        asked: The recipe of the attempt.
        planned: The recipe that was trained, from `shortened`.
        examples: Rows of an epoch.
        log: A row for every optimizer step.

    Returns:
        The recipe that trains the same adapter again, and what there is to say where the time did not suffice: None
        where it did, also where training ended because answers to dev got no better.
    """
    scores = dev_scores(log)
    patient = bool(scores) and 0 < planned.patience <= len(scores) - kept_epoch(scores)
    ran = planned
    if len(log) < planned.steps(examples) and not patient and len(log) != planned.stop_after:
        ran = replace(planned, stop_after=len(log))
    settings = changed(asked, ran)
    if not settings:
        return ran, None
    return ran, TimeUp(len(log), planned.steps(examples), asked.steps(examples), settings)


def forecast(asked: Recipe, planned: Recipe, examples: int, cost: Cost, limit: TimeLimit) -> str:
    """What the attempt will take, in one line, and where it will stop if that is more than the time left.

    Args:
        asked: The recipe of the attempt.
        planned: The recipe as far as it fits, from `shortened`.
        examples: Rows of an epoch.
        cost: What training takes on this machine.
        limit: The time of the attempt.
    """
    whole = expected(asked, examples, cost)
    told = f"this attempt takes about {_minutes(whole + limit.judging)}: {_minutes(whole)} of training"
    told += f" ({_count(asked.epochs, 'epoch')}) and {_minutes(limit.judging)} to judge it on dev"
    if planned == asked:
        return told
    most, steps = asked.steps(examples), planned.steps(examples)
    end = f"{planned.epochs} of {_count(asked.epochs, 'epoch')}"
    if planned.max_steps:
        end = f"{steps} of {_count(most, 'step')}, less than one epoch"
    left = max(0.0, limit.left + limit.judging)
    return f"{told}; {_minutes(left)} of the budget are left, so training is planned to stop early, after {end}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.3g} min"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
