"""What every candidate of a search answered to every example, asked once, and how many answers that took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from goldgate.optimize.candidate import Candidate
from goldgate.task.examples import Example

Values = tuple[float, ...]
"""Values in each deciding metric, the most important first; larger is better."""


@dataclass(frozen=True)
class Marked:
    """An answer and what it is worth.

    Attributes:
        values: Its value in each deciding metric.
        seconds: The time that it took when it was made.
        text: The answer.
        reason: What is wrong with it; empty if nothing is, or if the scorer does not say.
    """

    values: Values
    seconds: float
    text: str = ""
    reason: str = ""


Ask = Callable[[Candidate, Sequence[Example]], Sequence[Marked]]
"""Lets a candidate answer examples; returns the marked answers in the same order."""


@dataclass
class Board:
    """The answers of a search.

    Attributes:
        ask: Lets a candidate answer.
        calls: Answers that were asked for, whether they came from the model or from the cache.
        seconds: The time that these answers took when they were made.
    """

    ask: Ask
    calls: int = 0
    seconds: float = 0.0
    _known: dict[str, dict[str, Marked]] = field(default_factory=dict)

    @property
    def tried(self) -> int:
        """How many candidates have answered."""
        return len(self._known)

    def missing(self, candidate: Candidate, examples: Sequence[Example]) -> int:
        """Returns how many of the examples the candidate has not answered."""
        known = self._known.get(candidate.key, {})
        return sum(e.id not in known for e in examples)

    def answers(self, candidate: Candidate, examples: Sequence[Example]) -> list[Marked]:
        """Returns a candidate's marked answers, and asks for those that are missing.

        Args:
            candidate: The candidate.
            examples: The examples.

        Returns:
            One for each example, in order.
        """
        known = self._known.setdefault(candidate.key, {})
        todo = [e for e in examples if e.id not in known]
        if todo:
            for example, marked in zip(todo, self.ask(candidate, todo), strict=True):
                known[example.id] = marked
                self.seconds += marked.seconds
            self.calls += len(todo)
        return [known[e.id] for e in examples]

    def mean(self, candidate: Candidate, examples: Sequence[Example]) -> Values:
        """Returns a candidate's mean in each metric; means are compared in order.

        Args:
            candidate: The candidate.
            examples: The examples, at least one.

        Returns:
            The means.
        """
        columns = zip(*(marked.values for marked in self.answers(candidate, examples)), strict=True)
        return tuple(sum(column) / len(examples) for column in columns)
