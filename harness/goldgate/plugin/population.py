"""What the verdicts on a suite are about: which declared strata, and which passes rest on counting examples one by one.

It imports nothing heavy, because every xdist controller does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from goldgate.plugin.spoken import Spoken

if TYPE_CHECKING:
    from goldgate.task.clusters import Clusters


def about(found: Iterable[Clusters]) -> list[str]:
    """Says which examples the verdicts are about.

    Args:
        found: The clusters of the split.

    Returns:
        A line for each declared stratum.
    """
    return [
        f"about: new examples of the {c.count} values of {c.field} in these examples (strata), and of no others"
        for c in found
        if c.declared
    ]


def clustered(spoken: Sequence[Spoken]) -> list[str]:
    """Says which passes do not survive if the examples of one value of a field count as one observation.

    Args:
        spoken: The verdicts of a suite.

    Returns:
        A line for each field.
    """
    lost: dict[str, list[str]] = {}
    for said in spoken:
        for field in said.clustered:
            lost.setdefault(field, []).append(said.verdict.gate)
    return [
        f"not if all examples with one value of {field} count as one observation: {', '.join(gates)}"
        f" (goldgate plan; declare {field} as group or under strata)"
        for field, gates in lost.items()
    ]
