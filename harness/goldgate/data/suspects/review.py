"""Reviewing suspects in batches, and when it is no longer worth it."""

from __future__ import annotations

from collections.abc import Sequence

BATCH = 20
LEAST = 2
"""Wrong ones in a batch of 20 that make another batch worth it. The order is by doubt, so later batches yield less."""


def worth_another(wrong: Sequence[bool]) -> bool:
    """Decides whether the next batch of suspects is worth a person's time.

    Args:
        wrong: For each suspect that was looked at, in the order of the list, whether its output was wrong.

    Returns:
        True until a whole batch has been looked at of which fewer than LEAST were wrong.
    """
    last = wrong[len(wrong) // BATCH * BATCH - BATCH : len(wrong) // BATCH * BATCH] if len(wrong) >= BATCH else ()
    return not last or sum(last) >= LEAST
