"""What prompt caching does to the comparison of costs, in words."""

from __future__ import annotations

from goldgate.runs.record import CachingFacts


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
    cached = _ratio(mine.cached, theirs.cached)
    shared = "" if theirs.shared is None else f"{theirs.shared:,.0f} of {theirs.prompt or 0:,.0f}"
    if mine.priced or theirs.priced:
        if cached is None:
            return (
                f"tuned/prompted {without:.2f} without prompt caching; unknown with it: what is cached is not reported"
            )
        return f"tuned/prompted {cached:.2f} with prompt caching ({shared} prompt tokens shared), {without:.2f} without"
    told, unpriced = f"tuned/prompted {without:.2f}", "prompt caching is not priced"
    if cached is None:
        return f"{told}; {unpriced}, and how much of the prompts is shared is unknown"
    if abs(cached - without) < _SAME:
        return f"{told}, with prompt caching too: the best prompting shares {shared} tokens"
    return f"{told}; {cached:.2f} if the shared {shared} tokens were billed at a tenth ({unpriced})"


_SAME = 0.005  # ratios that are written alike


def _ratio(mine: float | None, theirs: float | None) -> float | None:
    return None if mine is None or not theirs else mine / theirs
