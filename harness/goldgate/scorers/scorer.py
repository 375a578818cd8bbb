"""What a scorer is: a named, versioned function from answers to one number per example."""

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
    """What a scorer may need beside the answers: the task, and the folder where the embedding model is cached. own: the
    user's scorers that were asked for so far, by name; tariff: what the subject's tokens cost.
    """

    task: Task
    cache: Path
    own: dict[str, OwnScorer] = field(default_factory=dict)
    tariff: Tariff | None = None

    @property
    def priced(self) -> Tariff:
        """The tariff, by default that which task.yaml gives for all; there is one wherever cost_per_1k is a metric."""
        assert self.task.prices is not None
        return self.tariff or Tariff.for_all(self.task.prices)


class Scoring(Protocol):
    def __call__(self, context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> Sequence[Given]: ...


@dataclass(frozen=True)
class Scorer:
    """One metric. version: raised when the same answer may score differently; bounds: in its unit.

    better: whether a larger or a smaller value is; kinds: the task kinds it makes sense for; model: whether scoring
    itself needs a model, so that its values are worth recording beside the answers; shown: whether reports and
    `evaluate` list it where no gate asks for it.
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


def per_example(
    score: Callable[[Task, Example, str], float], why: Callable[[Task, Example, str], str] | None = None
) -> Scoring:
    """Makes a scorer from a function of one answer's text whose worst value is 0 and whose best is 1.

    A missing answer stays missing. One that was cut off at the limit of tokens scores 0, whatever stands in it: served,
    it would be cut there too, and nobody knows its end.

    Args:
        score: Gives the value of an answer.
        why: Says what an answer below the best value lacks; None for a scorer that has no reasons to give.

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
