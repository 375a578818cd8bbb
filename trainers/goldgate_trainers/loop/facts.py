"""What the loop knows of the training data before the first step: sizes, tags, contradictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from goldgate.prompts import Strategy
from goldgate.task.examples import Split
from goldgate_trainers.lora.preflight import check_contradictions

THIN = 20
"""Training examples of a tag below which a low score of it is put down to their number."""


@dataclass(frozen=True)
class TrainFacts:
    """Properties of the training data.

    Attributes:
        count: Number of training examples.
        tags: Number of examples by tag.
        contradictions: Pairs of ids with the same prompt and different outputs.
        variations: Names of the perturbations under which the suite requires unchanged answers, in a fixed order.
    """

    count: int
    tags: Mapping[str, int] = field(default_factory=dict)
    contradictions: Sequence[tuple[str, str]] = ()
    variations: tuple[str, ...] = ()

    @classmethod
    def of(cls, train: Split, strategy: Strategy, variations: tuple[str, ...] = ()) -> TrainFacts:
        """The facts of a train split.

        Args:
            train: The split.
            strategy: The recipe's prompting strategy: two examples contradict each other when it renders the same
                prompt.
            variations: Names of perturbations that must not change an answer.
        """
        examples = sorted(train.examples, key=lambda e: e.id)
        return cls(len(train), train.tag_counts(), check_contradictions(examples, strategy), variations)


UNKNOWN = TrainFacts(0)
"""Nothing is known of the data: no policy that is about them applies."""
