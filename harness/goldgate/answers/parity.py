"""Whether two forms of one model answer alike: the same answers, but for near-ties between two tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from goldgate.subjects import Answer, Subject
from goldgate.task.examples import Example

NEAR = 0.02
"""Difference of two tokens' logits below which the order of sums decides: batches of other sizes, other processors."""


@dataclass(frozen=True)
class Parity:
    """Answers that two forms gave to the same examples. same: how many are the same; unanswered: how many examples
    neither answered; near, different: ids of those whose first different token is a near-tie, and of the others.
    """

    same: int
    unanswered: int
    near: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the two answer alike. Where nothing was answered, nothing is shown."""
        return self.same > 0 and not self.different


def compare_answers(subject: Subject, pairs: Iterable[tuple[Example, Answer, Answer]], *, drawn: bool) -> Parity:
    """Compares two answers to every example. subject: the model that gave the first, whose logits tell near-ties;
    drawn: whether answers are drawn at random, so that no difference is excused by a near-tie.
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
    """Whether the first token in which two answers differ is a near-tie for the model; never where one is missing, or
    where the subject cannot tell.
    """
    gap = getattr(subject, "gap", None)
    return (
        gap is not None
        and one.text is not None
        and other.text is not None
        and bool(gap(example, one.text, other.text) < NEAR)
    )
