"""Metrics of the time that one asker waits. They are measured only where a suite asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.measures import Measure, seconds
from goldgate.subjects.latency import Timing

TIMED = {"latency": 1, "first_token": 1}
"""Name → version: seconds to an answer's last token, and to its first."""


def timed_measure(metric: str, timings: Sequence[Timing], **labelled: Any) -> Measure:
    """Seconds that one asker waits; lower is better, approximate but for its percentiles. labelled: ids, groups, tags,
    name and max_group of the measure. Raises UserError for none, or for timings of several machines.
    """
    machines = sorted({t.machine for t in timings})
    if not machines:
        raise UserError(f"{labelled['name']}: no example of it was timed", hint="take a larger slice")
    if len(machines) > 1:
        raise UserError(
            f"{labelled['name']}: measured partly on {machines[0]}, partly on {machines[1]}",
            hint="measure it anew on one machine: --regenerate",
        )
    values = [t.last if metric == "latency" else t.first for t in timings]
    return seconds(values, machine=machines[0], **labelled)
