"""Measures that are no bounded mean, made from what a suite knows of its examples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from goldgate.base.errors import UserError
from goldgate.measures.evidence import labelled
from goldgate.measures.measure import Measure
from goldgate.measures.resampled import Average, MacroF1, Part, PerplexityRatio, Resampled

LONGEST = 86_400.0
"""Seconds in a day: an answer that takes longer is a missing one."""
MOST_NATS = 50.0
"""Nats a token by which two models are told apart at most: a perplexity 5e21 times as large is as bad as any."""


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
    """Macro-F1 of closed labels, in [0, 1]: the mean of the labels' F1, each label counting the same; approximate.

    expected: one label an example; given: the answers, None where one is missing; one that is no label is wrong for the
    expected label and for no other. labels: all that there are. Raises UserError for an expected label that is none.
    Source: Sokolova & Lapalme 2009; as scikit-learn's f1_score(average="macro").
    """
    named, own, marks = labelled(len(expected), ids, groups, tags, name)
    number = {label: k for k, label in enumerate(labels)}
    if unknown := sorted(set(expected) - set(number)):
        raise UserError(f'{name}: "{unknown[0]}" is expected and is no label', hint="list it in task.yaml, `labels:`")
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
    """Mean seconds an example, approximate; its percentiles (.p50, .p95) are exact. None: the answer is missing;
    machine: where they were measured: those of two machines are not subtracted.

    Raises UserError for what is no number from 0 to a day.
    """
    named, own, marks = labelled(len(values), ids, groups, tags, name)
    for value, example in zip(values, named, strict=True):
        if value is not None and not 0.0 <= value <= LONGEST:
            raise UserError(f"{name}: {value:g} seconds for example {example}", hint="a missing answer is None")
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
    """The perplexity after a training, over all tokens, as a multiple of the one before; 1 is no change, lower is
    better; approximate, and the passages are what is drawn.

    tuned, before: mean natural log-probability of each passage's tokens, None where it is missing; tokens: how many.
    Raises UserError for a log-probability that is no number or above 0, and a passage without tokens. Source: Jelinek
    et al. 1977, perplexity = exp(-mean log-probability).
    """
    named, own, marks = labelled(len(ids), ids, None, None, name)
    rows = []
    for after, first, count, passage in zip(tuned, before, tokens, ids, strict=True):
        if count < 1 or any(v is not None and not v <= 0.0 for v in (after, first)):
            raise UserError(f"{name}: passage {passage} has no log-probability", hint="an unreadable one is None")
        gap = math.nan if after is None or first is None else min(max(first - after, -MOST_NATS), MOST_NATS)
        rows.append((gap * count, count))
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    part = Part(1.0, PerplexityRatio(), table)
    bounds = (math.exp(-MOST_NATS), math.exp(MOST_NATS))
    return Measure.of(Resampled(name, named, np.isnan(table[:, 0]), bounds, own, 1, "low", (part,)), marks)
