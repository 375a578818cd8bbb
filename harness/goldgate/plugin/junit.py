"""Verdicts as test properties, which JUnit files and other pytest reports include."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from goldgate.measures import Verdict

_PREFIX = "goldgate."


def set_properties(item: pytest.Item, verdicts: Sequence[Verdict]) -> None:
    """Sets the properties of an item's gates, replacing those of an earlier run of the item.

    The first gate has goldgate.gate, goldgate.verdict and so on; a second gate in the same test, goldgate.2.gate etc.

    Args:
        item: The item.
        verdicts: The verdicts of its gates.
    """
    others = [p for p in item.user_properties if not p[0].startswith(_PREFIX)]
    ours = [
        (f"{_PREFIX}{'' if number == 1 else f'{number}.'}{name}", value)
        for number, verdict in enumerate(verdicts, 1)
        for name, value in properties(verdict).items()
    ]
    item.user_properties[:] = [*others, *ours]


def properties(verdict: Verdict) -> dict[str, str]:
    """Returns the properties of a verdict.

    Args:
        verdict: The verdict.

    Returns:
        Value by name. An invalid verdict has only the gate, the verdict and the reason; a sealed one has no number that
        would reveal how close it was.
    """
    if verdict.outcome == "invalid":
        return {"gate": verdict.gate, "verdict": "invalid", "why": verdict.message}
    numbers = (
        {"sealed": "true"}
        if verdict.sealed
        else {
            "estimate": f"{verdict.estimate:.6g}",
            "interval": f"{verdict.low:.6g} to {verdict.high:.6g}",
            "p": f"{verdict.p:.6g}",
        }
    )
    approximate = {"approximate": "true"} if verdict.approximate else {}
    against = {"against": verdict.against} if verdict.against else {}
    return {
        "gate": verdict.gate,
        "verdict": verdict.outcome,
        **numbers,
        **approximate,
        **against,
        "threshold": f"{verdict.op} {verdict.threshold:g}",
        "reading": verdict.reading,
        "n": str(verdict.n),
        "missing": str(verdict.missing),
        "level": f"{verdict.level:.6g}",
    }
