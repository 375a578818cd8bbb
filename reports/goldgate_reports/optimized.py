"""Optimised prompts: what their search got and found, and the prompts themselves."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from goldgate.runs.optimized import ShotFacts
from goldgate.runs.record import RunRecord


@dataclass(frozen=True)
class OptimizedPrompt:
    """An optimised prompt as the report shows it.

    Attributes:
        name: The subject's name.
        found: What the search found, in a sentence.
        effort: What the search got beside training, in a sentence.
        less: Whether it got less, and what to do then; empty if it did not.
        budget: Where its budget comes from, and what searched it, in a sentence.
        system: The system message.
        shots: The shots.
    """

    name: str
    found: str
    effort: str
    less: str
    budget: str
    system: str
    shots: tuple[ShotFacts, ...]


def optimized_prompts(run: RunRecord) -> tuple[OptimizedPrompt, ...]:
    """Prepares the optimised prompts of a run.

    Args:
        run: The record of the run.

    Returns:
        What the report shows of each.
    """
    prompts = []
    for name, facts in run.optimized.items():
        less = (
            f"Prompting was searched with less than training got. For a stronger opponent set optimize: {{minutes:"
            f" {ceil(run.trained / 60)}}} or more in task.yaml, delete {facts.file} and run goldgate train again."
        )
        helped = f", with instructions by {facts.reflection}" if facts.reflection else ""
        timed = "" if facts.budget_minutes is None else f" in {facts.budget_minutes:.3g} min"
        allowed = f"Allowed were {facts.budget:,} answers{timed} ({facts.because})"
        prompts.append(
            OptimizedPrompt(
                name,
                _sentence(facts.result()),
                _sentence(facts.effort(run.trained)),
                less if facts.got_less(run.trained) else "",
                f"{allowed}; searched by {facts.optimizer}{helped}.",
                facts.system,
                facts.shots,
            )
        )
    return tuple(prompts)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
