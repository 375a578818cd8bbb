"""Constructors of measures that are not bounded means: macro-F1, seconds and the perplexity ratio."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from goldgate.base.errors import UserError
from goldgate.measures.checks import labelled
from goldgate.measures.measure import Measure
from goldgate.measures.resampled import Average, MacroF1, Part, PerplexityRatio, Resampled

LONGEST = 86_400.0
"""Seconds in a day; an answer that takes longer counts as missing."""
MOST_NATS = 50.0
"""Largest difference between two models in nats per token: a perplexity 5e21 times as large is as bad as any."""


def macro_f1(
    expected: Sequence[str],
    given: Sequence[str | None],
    ids: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    tags: Sequence[Iterable[str]] | None = None,
    *,
    labels: Sequence[str],
    name: str = "macro_f1",
    max_group: int = 1,
) -> Measure:
    """Computes macro-F1 of closed labels, in [0, 1]: the unweighted mean of the labels' F1. It is approximate.

    Args:
        expected: One label per example.
        given: The answers; None for a missing one. An answer that is not a label counts as wrong for the expected
            label and affects no other.
        ids: Example ids; "1", "2", .. by default.
        groups: Labels of examples that depend on each other.
        tags: Tags of each example.
        labels: All labels of the task.
        name: What messages call the measure.
        max_group: Size of the largest group that may occur.

    Returns:
        The measure.

    Raises:
        UserError: An expected label is not in `labels`.

    Source:
        Sokolova & Lapalme 2009; the same as scikit-learn's f1_score(average="macro").
    """
    named, own, marks = labelled(len(expected), ids, groups, tags, name)
    number = {label: k for k, label in enumerate(labels)}
    if unknown := sorted(set(expected) - set(number)):
        raise UserError(
            f'{name}: "{unknown[0]}" is expected but is not a label', hint="list it in task.yaml, `labels:`"
        )
    rows = [(number[e], -1 if g is None else number.get(g, -1)) for e, g in zip(expected, given, strict=True)]
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    missing = np.array([g is None for g in given], dtype=np.bool_)
    part = Part(1.0, MacroF1(len(number)), table)
    evidence = Resampled(name, named, missing, (0.0, 1.0), own, max_group, "high", (part,))
    return Measure.of(evidence, marks)


def seconds(
    values: Sequence[float | None],
    ids: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    tags: Sequence[Iterable[str]] | None = None,
    *,
    name: str = "latency",
    max_group: int = 1,
    machine: str = "",
) -> Measure:
    """Computes the mean number of seconds per example. It is approximate and cannot be gated; its percentiles (.p50,
    .p95) are exact and can.

    Args:
        values: Seconds per example; None for a missing answer.
        ids: Example ids; "1", "2", .. by default.
        groups: Labels of examples that depend on each other.
        tags: Tags of each example.
        name: What messages call the measure.
        max_group: Size of the largest group that may occur.
        machine: Where the times were measured; times of different machines cannot be subtracted.

    Returns:
        The measure.

    Raises:
        UserError: A value is not a number from 0 to LONGEST.
    """
    named, own, marks = labelled(len(values), ids, groups, tags, name)
    for value, example in zip(values, named, strict=True):
        if value is not None and not 0.0 <= value <= LONGEST:
            raise UserError(
                f"{name}: {value:g} seconds for example {example} is not between 0 and {LONGEST:,.0f}",
                hint="use None for a missing answer",
            )
    table = np.array([[math.nan if v is None else v] for v in values], dtype=np.float64).reshape(-1, 1)
    missing = np.array([v is None for v in values], dtype=np.bool_)
    part = Part(1.0, Average(machine), table)
    evidence = Resampled(name, named, missing, (0.0, LONGEST), own, max_group, "low", (part,))
    return Measure.of(evidence, marks)


def perplexity_ratio(
    tuned: Sequence[float | None],
    before: Sequence[float | None],
    tokens: Sequence[int],
    ids: Sequence[str],
    *,
    name: str = "perplexity_ratio",
) -> Measure:
    """Computes the perplexity after training relative to the perplexity before, over all tokens.

    A ratio of 1 means no change; lower is better. It is approximate, the bootstrap resamples passages, and it cannot be
    gated; the percentiles of the passages' own ratios are exact and can.

    Args:
        tuned: Mean natural log-probability of each passage's tokens after training; None if it is missing.
        before: The same before training.
        tokens: Number of tokens of each passage.
        ids: Ids of the passages.
        name: What messages call the measure.

    Returns:
        The measure.

    Raises:
        UserError: A log-probability is NaN or above 0, or a passage has no tokens.

    Source:
        Jelinek et al. 1977: perplexity = exp(-mean log-probability).
    """
    named, own, marks = labelled(len(ids), ids, None, None, name)
    rows = []
    for after, first, count, passage in zip(tuned, before, tokens, ids, strict=True):
        if count < 1 or any(v is not None and not v <= 0.0 for v in (after, first)):
            raise UserError(
                f"{name}: passage {passage} has no valid log-probability",
                hint="a log-probability is at most 0 and needs at least one token; use None for a missing one",
            )
        gap = math.nan if after is None or first is None else min(max(first - after, -MOST_NATS), MOST_NATS)
        rows.append((gap * count, count))
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    part = Part(1.0, PerplexityRatio(), table)
    bounds = (math.exp(-MOST_NATS), math.exp(MOST_NATS))
    return Measure.of(Resampled(name, named, np.isnan(table[:, 0]), bounds, own, 1, "low", (part,)), marks)
