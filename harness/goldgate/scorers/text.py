"""Scores of text answers: exact match, kept numbers, natural end; and what an answer costs in tokens."""

from __future__ import annotations

from collections.abc import Sequence

from goldgate.scorers.scorer import Context
from goldgate.scorers.style import numbers_kept as _numbers_kept
from goldgate.scorers.style import rules_met
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example
from goldgate.task.form import text_form
from goldgate.task.task import Task


def exact_text(task: Task, example: Example, text: str) -> float:
    """Whether the answer equals an accepted output, in the form of `goldgate.task.form`.

    Letters are composed (NFC), runs of white space count as one blank, and both ends are stripped.

    Range: 0 or 1; higher is better.
    Source: exact match as in SQuAD, without SQuAD's other normalisations.
    """
    got = text_form(text)
    return float(any(isinstance(e, str) and got == text_form(e) for e in example.answers))


def label_valid(task: Task, example: Example, text: str) -> float:
    """Whether the answer is one of the labels in task.yaml, compared as `exact_match` compares.

    Range: 0 or 1; higher is better.
    """
    return float(task.label(text) is not None)


def style_score(task: Task, example: Example, text: str) -> float:
    """Share of the task's style rules that the answer keeps.

    Range: 0 to 1; higher is better.
    Rules: those that `style` in task.yaml sets, checked by `goldgate.scorers.style.rules_met`.
    """
    assert task.style is not None
    rules = rules_met(text, task.style)
    return sum(rules.values()) / len(rules)


def style_ok(task: Task, example: Example, text: str) -> float:
    """Whether the answer keeps every style rule of the task.

    Range: 0 or 1; higher is better.
    Rules: those that `style` in task.yaml sets, checked by `goldgate.scorers.style.rules_met`.
    """
    assert task.style is not None
    return float(all(rules_met(text, task.style).values()))


def numbers_kept(task: Task, example: Example, text: str) -> float:
    """Whether the answer contains every number, and every code with digits, of an accepted output.

    Range: 0 or 1; higher is better.
    """
    return float(any(_numbers_kept(text, str(e)) for e in example.answers))


def stop_rate(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """Whether the model ended the answer itself, rather than the token limit.

    Range: 0 or 1; higher is better.
    Source: the finish reason that the engine reports.
    """
    return [None if a.text is None else float(a.finish == "stop") for a in answers]


def tokens_in(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """Prompt tokens of the answer. An answer whose count an endpoint does not report is missing.

    Range: 0 to `decoding.max_prompt_tokens`; lower is better.
    Source: the token count that the engine reports.
    """
    return [None if a.text is None or a.prompt_tokens is None else float(a.prompt_tokens) for a in answers]


def tokens_out(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """Generated tokens of the answer. An answer whose count an endpoint does not report is missing.

    Range: 0 to `decoding.max_new_tokens`; lower is better.
    Source: the token count that the engine reports.
    """
    return [None if a.text is None or a.completion_tokens is None else float(a.completion_tokens) for a in answers]


def cost_per_1k(context: Context, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """Price of 1,000 such answers, from the subject's token prices. An answer whose tokens are not known is missing.

    Where a price for cached tokens is set, the beginning that a prompt shares with the others of its split is billed at
    it, as in steady traffic. An answer is missing if that beginning is not known.

    Range: 0 to the price at both token limits, without caching; lower is better.
    Source: `prices` in task.yaml; for the endpoint of a known vendor that has no price there, the package genai-prices.
    """
    return [_cost(context, a) for a in answers]


def _cost(context: Context, answer: Answer) -> float | None:
    """An answer whose tokens are not known has no cost, rather than none."""
    if answer.text is None or answer.prompt_tokens is None or answer.completion_tokens is None:
        return None
    return context.priced.cost(answer.prompt_tokens, answer.completion_tokens, answer.shared_tokens)
