"""Scores of text answers: exactly right, numbers kept, ended by itself; and what an answer costs in tokens."""

from __future__ import annotations

from collections.abc import Sequence

from goldgate.scorers.scorer import Context
from goldgate.scorers.style import numbers_kept as _numbers_kept
from goldgate.scorers.style import rules_met
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example
from goldgate.task.task import Task


def exact_text(task: Task, example: Example, text: str) -> float:
    """1 if the answer equals any accepted output once runs of blanks are one blank and ends are stripped, else 0; in
    [0, 1], higher is better. Source: exact match, as in SQuAD but for its other normalisations.
    """
    got = " ".join(text.split())
    return float(any(isinstance(e, str) and got == " ".join(e.split()) for e in example.answers))


def label_valid(task: Task, example: Example, text: str) -> float:
    """1 if the answer, stripped, is one of the labels, else 0; in [0, 1], higher is better. Source: task.yaml."""
    return float(text.strip() in task.labels)


def style_score(task: Task, example: Example, text: str) -> float:
    """Share of the task's style rules that the answer keeps, in [0, 1], higher is better. Source: `rules_met`."""
    assert task.style is not None
    rules = rules_met(text, task.style)
    return sum(rules.values()) / len(rules)


def style_ok(task: Task, example: Example, text: str) -> float:
    """1 if the answer keeps every style rule of the task, else 0; in [0, 1], higher is better. Source: `rules_met`."""
    assert task.style is not None
    return float(all(rules_met(text, task.style).values()))


def numbers_kept(task: Task, example: Example, text: str) -> float:
    """1 if every number and every code with digits of an accepted output stands in the answer, else 0; in [0, 1],
    higher is better. Source: `goldgate.scorers.style.numbers_kept`.
    """
    return float(any(_numbers_kept(text, str(e)) for e in example.answers))


def stop_rate(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """1 for an answer that ended by itself, 0 for one that the token limit cut off; in [0, 1], higher is better.
    Source: the engine's finish reason.
    """
    return [None if a.text is None else float(a.finish == "stop") for a in answers]


def tokens_in(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """Prompt tokens of each answer, in [0, max_prompt_tokens], lower is better. Source: the engine's count."""
    return [None if a.text is None else float(a.prompt_tokens) for a in answers]


def tokens_out(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """Generated tokens of each answer, in [0, max_new_tokens], lower is better. Source: the engine's count."""
    return [None if a.text is None else float(a.completion_tokens) for a in answers]


def cost_per_1k(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """What 1,000 such answers cost by the subject's token prices, in [0, price at both limits], lower is better.
    Source: `goldgate.scorers.prices`.
    """
    tariff = context.priced
    return [None if a.text is None else tariff.cost(a.prompt_tokens, a.completion_tokens) for a in answers]
