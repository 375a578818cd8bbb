"""How much of each prompt a prompt cache would hold: the beginning that it shares with other prompts of its split.

The rule is the same for everybody: instructions and fixed shots are shared by all requests, shots that are chosen for
each input are not, and a short prompt shares little.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median_low

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from goldgate.base.errors import UserError
from goldgate.subjects.subject import Answer, Subject
from goldgate.task.examples import Example
from goldgate.task.subject_name import kind_of

WARM = 0.1
"""The share of requests that must begin alike for a cache to hold that beginning. Most prompts share theirs with all
others; a few that differ, such as chats with a system message of their own, must not make it look shorter for the rest,
and two inputs that happen to begin alike do not make it longer.
"""


def shared_lengths(prompts: Sequence[Sequence[int]]) -> list[int | None]:
    """Counts the leading tokens that each prompt shares with at least a WARM share of the prompts.

    Args:
        prompts: The prompts as tokens. Equal ones count once.

    Returns:
        For each prompt a number below its length, because its last token is always read; None if there are no two
        different prompts to compare.
    """
    rows = sorted({tuple(p) for p in prompts})
    if len(rows) < 2:
        return [None for _ in prompts]
    many = max(2, math.ceil(WARM * len(rows)))
    # In sorted order, prompts that begin alike stand together: what the ends of a window share, all of it shares.
    windows = [_common(rows[i], rows[i + many - 1]) for i in range(len(rows) - many + 1)]
    around = sliding_window_view(np.pad(windows, many - 1), many).max(axis=1)  # of all windows that hold a prompt
    shared = {row: min(int(most), len(row) - 1) for row, most in zip(rows, around, strict=True)}
    return [shared[tuple(p)] for p in prompts]


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Returns how many leading tokens two prompts share."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def with_shared(subject: Subject, examples: Sequence[Example], answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
    """Says of every answer how many tokens of its prompt are shared: counts them for a local subject, where answers do
    not say it yet, and takes an endpoint's reports as in steady traffic.

    Args:
        subject: Who answered. Any other subject keeps what its answers say.
        examples: All examples of the split.
        answers: Example id → answer.

    Returns:
        The answers with their `shared_tokens`; unchanged where these cannot be counted, because the model's files or
        its adapter are not on this machine.
    """
    if kind_of(subject.name) == "endpoint":
        return _steady(answers)
    count = getattr(subject, "shared_tokens", None)
    if count is None or all(a.shared_tokens is not None for a in answers.values()):
        return answers
    try:
        counts: Sequence[int | None] | None = count(examples)
    except UserError:
        return answers
    if counts is None:
        return answers
    known = {e.id: n for e, n in zip(examples, counts, strict=True) if n is not None}
    return {i: replace(a, shared_tokens=known.get(i, a.shared_tokens)) for i, a in answers.items()}


def _steady(answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
    """Raises the counts of requests that found an endpoint's cache cold to the median of all: many are sent at once, so
    a short split has many of them, and steady traffic has none.
    """
    counts = {i: a.shared_tokens for i, a in answers.items() if a.shared_tokens is not None}
    if not counts:
        return answers
    usual = median_low(counts.values())
    warm = {i: min(usual, answers[i].prompt_tokens or 0) for i, count in counts.items() if count < usual}
    return {i: replace(a, shared_tokens=max(warm[i], counts[i])) if i in warm else a for i, a in answers.items()}
