"""What a scorer is: a named, versioned function from answers to one number per example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from goldgate.scorers.prices import Tariff
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


class Score(Protocol):
    def __call__(
        self, context: Context, examples: Sequence[Example], answers: Sequence[Answer]
    ) -> list[float | None]: ...


@dataclass(frozen=True)
class Scorer:
    """One metric. version: raised when the same answer may score differently; bounds: in its unit.

    better: whether a larger or a smaller value is; kinds: the task kinds it makes sense for; model: whether scoring
    itself needs a model, so that its values are worth recording beside the answers; shown: whether reports and
    `evaluate` list it where no gate asks for it.
    """

    name: str
    version: int
    score: Score
    kinds: frozenset[str]
    better: Literal["high", "low"] = "high"
    bounds: Callable[[Context], tuple[float, float]] = lambda context: (0.0, 1.0)
    needs: Callable[[Task], str | None] = lambda task: None
    model: bool = False
    shown: bool = True


def per_example(score: Callable[[Task, Example, str], float]) -> Score:
    """A scorer from a function of one answer's text, worst 0. A missing answer stays missing; one that was cut off at
    the limit of tokens scores 0, whatever stands in it: served, it would be cut there too, and nobody knows its end.
    """

    @wraps(score)
    def scored(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
        return [
            None if a.text is None else 0.0 if a.finish == "length" else float(score(context.task, e, a.text))
            for e, a in zip(examples, answers, strict=True)
        ]

    return scored
