"""Edge cases made from examples: perturbations with a stated oracle, composed and searched. Imports nothing heavy."""

from goldgate.perturb.changed import MUST_CHANGE, changed_amount, changed_date, changed_name
from goldgate.perturb.perturbation import Edit, Oracle, Perturbation, edited, merged
from goldgate.perturb.unchanged import (
    MUST_NOT_CHANGE,
    injection,
    irrelevant_sentence,
    letter_case,
    look_alikes,
    padding,
    reordered_lines,
    typos,
    whitespace,
)

VERSION = 1
"""Raised when a perturbation may turn the same example into another text or another expected output."""

__all__ = [
    "MUST_CHANGE",
    "MUST_NOT_CHANGE",
    "VERSION",
    "Edit",
    "Oracle",
    "Perturbation",
    "changed_amount",
    "changed_date",
    "changed_name",
    "edited",
    "injection",
    "irrelevant_sentence",
    "letter_case",
    "look_alikes",
    "merged",
    "padding",
    "reordered_lines",
    "typos",
    "whitespace",
]
