"""Whether two forms of one model answer alike: with the same answers, except for near-ties between two tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from goldgate.subjects import Answer, Subject
from goldgate.task.examples import Example

NEAR = 0.02
"""Difference of two tokens' logits below which the order of sums decides: batches of other sizes, other processors."""


@dataclass(frozen=True)
class Parity:
    """How two forms of a model compare on the same examples.

    Attributes:
        same: How many answers are the same.
        unanswered: How many examples neither answered.
        near: Ids of the examples whose first differing token is a near-tie.
        different: Ids of the other examples with different answers.
    """

    same: int
    unanswered: int
    near: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the two answer alike. If nothing was answered, nothing is shown."""
        return self.same > 0 and not self.different

    def to_json(self) -> dict[str, Any]:
        """Returns the comparison as plain JSON values."""
        return {**vars(self), "tolerance": NEAR, "holds": self.holds}


def compare_answers(subject: Subject, pairs: Iterable[tuple[Example, Answer, Answer]], *, drawn: bool) -> Parity:
    """Compares two answers to every example.

    Args:
        subject: The model that gave the first answer, whose logits reveal near-ties.
        pairs: Each example with its two answers.
        drawn: Whether answers are sampled, so that no difference is excused as a near-tie.

    Returns:
        How they compare.
    """
    same = unanswered = 0
    near, different = [], []
    for example, one, other in pairs:
        if one.text is None and other.text is None:
            unanswered += 1
        elif (one.text, one.finish) == (other.text, other.finish):
            same += 1
        elif not drawn and _is_near(subject, example, one, other):
            near.append(example.id)
        else:
            different.append(example.id)
    return Parity(same, unanswered, tuple(near), tuple(different))


def _is_near(subject: Subject, example: Example, one: Answer, other: Answer) -> bool:
    """Returns whether the first token where two answers differ is a near-tie; False if one is missing or it is
    unknown.
    """
    gap = getattr(subject, "gap", None)
    return (
        gap is not None
        and one.text is not None
        and other.text is not None
        and bool(gap(example, one.text, other.text) < NEAR)
    )
