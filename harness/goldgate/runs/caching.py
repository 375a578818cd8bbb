"""What a run records of the price of a prompt cache."""

from __future__ import annotations

from goldgate.runs.part import Number, Part


class CachingFacts(Part):
    """The price of 1,000 answers on dev, with and without a prompt cache.

    Attributes:
        prompt: Mean number of tokens of a prompt.
        shared: Mean number of them that a cache may hold; None if unknown.
        least: The fewest tokens that are cached.
        uncached: The price where every prompt is read in full.
        cached: The price with the cache; None if unknown.
        priced: Whether task.yaml or the vendor's list prices the cache; otherwise `cached` supposes a tenth.
    """

    prompt: Number = None
    shared: Number = None
    least: int = 0
    uncached: Number = None
    cached: Number = None
    priced: bool = False
