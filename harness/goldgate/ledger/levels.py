"""The level at which a look is tested."""

from __future__ import annotations

from goldgate.base.errors import UserError


def level(number: int, error: float = 0.05) -> float:
    """Computes the level of a look, error / 2^number. The levels of all looks sum to `error`.

    Args:
        number: Number of the look, counted from 1.
        error: Error rate of a promotion, in (0, 0.5).

    Returns:
        The level per side.

    Raises:
        UserError: An argument is out of range.
    """
    if number < 1 or not 0.0 < error < 0.5:
        raise UserError(
            f"there is no level for look {number} with error {error:g}",
            hint="looks are counted from 1, and error is between 0 and 0.5 (usually 0.05)",
        )
    return error / 2.0**number
