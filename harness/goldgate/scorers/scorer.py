"""The scorer: a named, versioned function from answers to one number per example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from goldgate.scorers.prices import Tariff
from goldgate.scorers.score import Given, Score
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example
from goldgate.task.task import Task

if TYPE_CHECKING:
    from goldgate.scorers.own import OwnScorer


@dataclass(frozen=True)
class Context:
    """What a scorer may need in addition to the answers.

    Attributes:
        task: The task.
        cache: The folder where the embedding model is cached.
        own: The user's scorers that were used so far, by name.
        keeping: The user's scorers that have kept something while they ran → the variable that changed.
        tariff: What the subject's tokens cost; None for the prices that task.yaml sets for all.
    """

    task: Task
    cache: Path
    own: dict[str, OwnScorer] = field(default_factory=dict)
    keeping: dict[str, str] = field(default_factory=dict)
    tariff: Tariff | None = None

    @property
    def priced(self) -> Tariff:
        """The tariff, by default the one that task.yaml sets for all subjects; it exists wherever cost_per_1k is a
        metric.
        """
        assert self.task.prices is not None
        return self.tariff or Tariff.for_all(self.task.prices)


class Scoring(Protocol):
    def __call__(self, context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> Sequence[Given]: ...


@dataclass(frozen=True)
class Scorer:
    """One metric.

    Attributes:
        name: Its name.
        version: Raised when the same answer may score differently.
        score: Computes the values.
        kinds: The kinds of task that it applies to.
        better: Whether a "high" or a "low" value is better.
        bounds: The lowest and the highest value, in the metric's unit.
        needs: Says what a task lacks for the metric; None if it lacks nothing.
        model: Whether scoring itself runs a model, so that its values are worth recording with the answers.
        shown: Whether reports and `evaluate` list the metric even if no gate uses it.
        quality: Whether it judges what an answer says; if not, what the answer costs.
    """

    name: str
    version: int
    score: Scoring
    kinds: frozenset[str]
    better: Literal["high", "low"] = "high"
    bounds: Callable[[Context], tuple[float, float]] = lambda context: (0.0, 1.0)
    needs: Callable[[Task], str | None] = lambda task: None
    model: bool = False
    shown: bool = True
    quality: bool = True


def per_example(
    score: Callable[[Task, Example, str], float], why: Callable[[Task, Example, str], str] | None = None
) -> Scoring:
    """Makes a scorer from a function of one answer's text whose worst value is 0 and whose best is 1.

    A missing answer stays missing. One that was cut off at the token limit scores 0, whatever it says: in production it
    would be cut off too, and nobody knows how it would end.

    Args:
        score: Computes the value of an answer.
        why: Says what an answer below the best value lacks; None for a scorer without reasons.

    Returns:
        The scorer.
    """

    def one(task: Task, example: Example, answer: Answer) -> Given:
        if answer.text is None:
            return None
        value = 0.0 if answer.finish == "length" else float(score(task, example, answer.text))
        return value if why is None or value >= 1.0 else Score(value, why(task, example, answer.text))

    @wraps(score)
    def scored(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[Given]:
        return [one(context.task, e, a) for e, a in zip(examples, answers, strict=True)]

    return scored
