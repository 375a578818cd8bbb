"""What every candidate of a search scored on every example, asked once, and how many answers that took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from goldgate.optimize.candidate import Candidate
from goldgate.task.examples import Example

Values = tuple[float, ...]
"""An answer's value in each deciding metric, the most important first; larger is better."""


@dataclass(frozen=True)
class Marked:
    """An answer's values and the seconds that it took."""

    values: Values
    seconds: float


Ask = Callable[[Candidate, Sequence[Example]], Sequence[Marked]]
"""Lets a candidate answer examples; returns what the answers are worth, in the same order."""


@dataclass
class Board:
    """The scores of a search.

    Attributes:
        ask: Lets a candidate answer.
        calls: Answers that were asked for, whether they came from the model or from the cache.
        seconds: The time that these answers took when they were made.
    """

    ask: Ask
    calls: int = 0
    seconds: float = 0.0
    _known: dict[str, dict[str, Values]] = field(default_factory=dict)

    @property
    def tried(self) -> int:
        """How many candidates have answered."""
        return len(self._known)

    def missing(self, candidate: Candidate, examples: Sequence[Example]) -> int:
        """Returns how many of the examples the candidate has not answered."""
        known = self._known.get(candidate.key, {})
        return sum(e.id not in known for e in examples)

    def mean(self, candidate: Candidate, examples: Sequence[Example]) -> Values:
        """Returns the candidate's mean in each metric, and asks for the answers that are missing.

        Args:
            candidate: The candidate.
            examples: The examples, at least one.

        Returns:
            The means, which are compared in order.
        """
        known = self._known.setdefault(candidate.key, {})
        todo = [e for e in examples if e.id not in known]
        if todo:
            for example, marked in zip(todo, self.ask(candidate, todo), strict=True):
                known[example.id] = marked.values
                self.seconds += marked.seconds
            self.calls += len(todo)
        columns = zip(*(known[e.id] for e in examples), strict=True)
        return tuple(sum(column) / len(examples) for column in columns)
