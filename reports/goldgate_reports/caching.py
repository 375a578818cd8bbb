"""What prompt caching does to the comparison of costs, in words."""

from __future__ import annotations

from goldgate.runs.caching import CachingFacts


def cost_ratio(mine: CachingFacts | None, theirs: CachingFacts | None) -> str:
    """Compares the cost of the tuned model with the best prompting's, with and without a prompt cache.

    Args:
        mine: What a cache does to the tuned model's price; None if that was not recorded.
        theirs: The same of the best prompting.

    Returns:
        Half a sentence; empty if no prices were recorded.
    """
    if mine is None or theirs is None or (without := _ratio(mine.uncached, theirs.uncached)) is None:
        return ""
    priced = mine.priced or theirs.priced
    cached = _ratio(counted(mine), counted(theirs)) if priced else _ratio(mine.cached, theirs.cached)
    shared = "" if theirs.shared is None else f"{theirs.shared:,.0f} of {theirs.prompt or 0:,.0f}"
    told, unpriced = f"tuned/prompted {without:.2f}", "prompt caching is not priced"
    if priced and cached is None:
        return f"{told} without prompt caching; unknown with it, because what is cached is not reported"
    if priced:
        where = f" ({shared} prompt tokens shared)" if theirs.priced and shared else ""
        return f"tuned/prompted {cached:.2f} with prompt caching{where}, {without:.2f} without"
    if cached is None:
        return f"{told}; {unpriced}, and how much of the prompts is shared is unknown"
    if abs(cached - without) < _SAME:
        why = f"the best prompting shares {shared} tokens" if shared else "the prompts are too short for it"
        return f"{told}, with prompt caching too: {why}"
    return f"{told}; {cached:.2f} if the shared {shared} tokens were billed at a tenth ({unpriced})"


def counted(facts: CachingFacts) -> float | None:
    """Returns the price that gates count: with the cache if that has a price."""
    return facts.cached if facts.priced else facts.uncached


_SAME = 0.005  # ratios that are written alike


def _ratio(mine: float | None, theirs: float | None) -> float | None:
    return None if mine is None or not theirs else mine / theirs
