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
    """count: training examples; tags: tag → examples that carry it; contradictions: pairs of ids that ask the same and
    expect different outputs; variations: names of the perturbations by which the suite itself says that an answer must
    not change, in a fixed order.
    """

    count: int
    tags: Mapping[str, int] = field(default_factory=dict)
    contradictions: Sequence[tuple[str, str]] = ()
    variations: tuple[str, ...] = ()

    @classmethod
    def of(cls, train: Split, strategy: Strategy, variations: tuple[str, ...] = ()) -> TrainFacts:
        """strategy: of the recipe's prompt, as two examples contradict each other where the prompt is the same."""
        examples = sorted(train.examples, key=lambda e: e.id)
        return cls(len(train), train.tag_counts(), check_contradictions(examples, strategy), variations)


UNKNOWN = TrainFacts(0)
"""Nothing is known of the data: no policy that is about them applies."""
