"""Metrics of the time that one caller waits. They are measured only if a suite asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.measures import Measure, seconds
from goldgate.subjects.latency import Timing

TIMED = {"latency": 1, "first_token": 1}
"""Name → version: seconds to an answer's last token, and to its first."""


def timed_measure(metric: str, timings: Sequence[Timing], **labelled: Any) -> Measure:
    """Makes a measure of the seconds that one caller waits.

    Lower is better. Its percentiles are exact and can be gated; its mean is approximate and cannot.

    Args:
        metric: latency or first_token.
        timings: What was measured.
        labelled: ids, groups, tags, name and max_group of the measure.

    Returns:
        The measure.

    Raises:
        UserError: There are no timings, or they are from several machines.
    """
    machines = sorted({t.machine for t in timings})
    if not machines:
        raise UserError(f"{labelled['name']}: none of its examples was timed", hint="use a larger slice")
    if len(machines) > 1:
        raise UserError(
            f"{labelled['name']}: measured partly on {machines[0]} and partly on {machines[1]}",
            hint="measure all of it again on one machine: --regenerate",
        )
    values = [t.last if metric == "latency" else t.first for t in timings]
    return seconds(values, machine=machines[0], **labelled)
