"""Verdicts as properties of a test, which JUnit files and other reports of pytest show."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from goldgate.measures import Verdict

_PREFIX = "goldgate."


def set_properties(item: pytest.Item, verdicts: Sequence[Verdict]) -> None:
    """Puts readable properties on the item, in place of those of an earlier run of it: goldgate.gate, .verdict, ..; of
    a second gate in the same test goldgate.2.gate, and so on.
    """
    others = [p for p in item.user_properties if not p[0].startswith(_PREFIX)]
    ours = [
        (f"{_PREFIX}{'' if number == 1 else f'{number}.'}{name}", value)
        for number, verdict in enumerate(verdicts, 1)
        for name, value in properties(verdict).items()
    ]
    item.user_properties[:] = [*others, *ours]


def properties(verdict: Verdict) -> dict[str, str]:
    """Name → value of what a verdict rests on. Of an invalid one only the gate, the verdict and why;
    of a sealed one no number that tells how near it was."""
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
    return {
        "gate": verdict.gate,
        "verdict": verdict.outcome,
        **numbers,
        **approximate,
        "threshold": f"{verdict.op} {verdict.threshold:g}",
        "reading": verdict.reading,
        "n": str(verdict.n),
        "missing": str(verdict.missing),
        "level": f"{verdict.level:.6g}",
    }
