"""What a scorer gives for one answer: a value, alone or with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """The value of one answer, and why it is not better.

    A reason reveals what the example contains, so it is shown only for dev and for a golden split that was opened.

    Attributes:
        value: The value.
        reason: One line; empty if there is nothing to say.
    """

    value: float
    reason: str = ""


Given = float | Score | None
"""What a scorer gives for one answer: None if the answer is missing."""


def value_of(given: Given) -> float | None:
    """Returns the value that a scorer gave, without its reason; None if the answer is missing."""
    return given.value if isinstance(given, Score) else given
