"""What a scorer gives for one answer: a value, alone or with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """The value of one answer, and in one line why it is not better; the reason is empty where there is none to give.

    A reason tells what the example holds, so it is shown for dev and for a golden split that was opened, never else.
    """

    value: float
    reason: str = ""


Given = float | Score | None
"""What a scorer gives for one answer: None where the answer is missing."""


def value_of(given: Given) -> float | None:
    """Returns the value of what a scorer gave, without its reason; None where the answer is missing."""
    return given.value if isinstance(given, Score) else given
