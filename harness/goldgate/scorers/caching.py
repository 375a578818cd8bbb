"""What prompt caching does to the price of a subject's answers, for people: with it, and without it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from goldgate.scorers.prices import Tariff
from goldgate.subjects.subject import Answer
from goldgate.task.subject_name import kind_of


@dataclass(frozen=True)
class Caching:
    """The price of 1,000 answers of one subject, with and without a prompt cache.

    Attributes:
        prompt: Mean number of tokens of a prompt.
        shared: Mean number of them that a cache may hold; None if unknown.
        least: The fewest tokens that are cached.
        uncached: The price where every prompt is read in full.
        cached: The price with the cache; None if unknown.
        priced: Whether the cache has a price; otherwise `cached` supposes a usual one.
    """

    prompt: float
    shared: float | None
    least: int
    uncached: float
    cached: float | None
    priced: bool


def caching_of(tariff: Tariff, answers: Iterable[Answer]) -> Caching | None:
    """Computes what a prompt cache does to the price of a subject's answers.

    Args:
        tariff: The subject's prices.
        answers: Its answers.

    Returns:
        The prices; None if the tokens of no answer are known.
    """
    supposed = tariff.if_cached
    rows = [
        (a.prompt_tokens, a.completion_tokens, a.shared_tokens if a.prompt_tokens else 0)
        for a in answers
        if a.text is not None and a.prompt_tokens is not None and a.completion_tokens is not None
    ]
    if not rows:
        return None
    shared = [s for _, _, s in rows if s is not None]
    cached = [c for row in rows if (c := supposed.cost(*row)) is not None]
    return Caching(
        sum(read for read, _, _ in rows) / len(rows),
        sum(shared) / len(rows) if len(shared) == len(rows) else None,
        supposed.least_cached_prefix,
        sum(tariff.uncached(read, written) for read, written, _ in rows) / len(rows),
        sum(cached) / len(rows) if len(cached) == len(rows) else None,
        tariff is supposed,
    )


def how_cached(name: str, tariff: Tariff | None, answers: Iterable[Answer]) -> str:
    """Says how much of a subject's prompts a cache would hold, and whether that is priced.

    Args:
        name: The subject's name.
        tariff: Its prices; None if there are none.
        answers: Its answers.

    Returns:
        One sentence without a full stop; empty without prices, where no prompt is read, and where caching is not priced
        and nothing worth it is known to be shared.
    """
    there = [a for a in answers if a.text is not None and a.prompt_tokens]
    if tariff is None or not there:
        return ""
    found = caching_of(tariff, there)
    if tariff.per_million_cached_input is None:
        if found is None or found.shared is None or found.shared < found.least:
            return ""
        return (
            f"prompt caching is not priced: {found.shared:,.0f} of the {found.prompt:,.0f} tokens of {name}'s prompts"
            " are shared"
        )
    if found is None or found.cached is None:
        unknown = sum(a.prompt_tokens is None or a.shared_tokens is None for a in there)
        why = (
            "; where nothing is cached, give it prices without per_million_cached_input in `prices: {subjects: ..}`,"
            " and ask for answers of an earlier version again with --regenerate"
            if kind_of(name) == "endpoint"
            else "; they are counted where its model, and its adapter if it has one, are at hand"
        )
        return (
            f"how much of {name}'s prompts is cached is unknown for {unknown} of {len(there)} answers, so their cost is"
            f" too{why}"
        )
    if found.shared is None or found.shared < max(found.least, 1):
        least = f", and {found.least:,} are the fewest that are cached" * bool(found.least)
        return f"{name}'s prompts of {found.prompt:,.0f} tokens share {found.shared or 0:,.0f}{least}"
    return f"{found.shared:,.0f} of the {found.prompt:,.0f} tokens of {name}'s prompts are billed as cached"
