"""At which level a look is tested."""

from __future__ import annotations

from goldgate.base.errors import UserError


def level(number: int, error: float = 0.05) -> float:
    """Level per side of look `number`, counted from 1: error / 2^number. The levels of all looks sum up to `error`."""
    if number < 1 or not 0.0 < error < 0.5:
        raise UserError(f"no level for look {number} with error {error:g}", hint="looks count from 1; error: 0.05")
    return error / 2.0**number
