"""How `goldgate train --rerun RUN` tells what came of it."""

from __future__ import annotations

from goldgate.base.fingerprint import short
from goldgate.jobs.rerun import Rerun


def rerun_text(result: Rerun) -> str:
    """Whether it is the same adapter, and what has changed since."""
    lines = [f"run {result.run} cannot come out the same, so nothing was trained"]
    if result.then is not None and result.now is not None:
        lines = [
            f"the same adapter, to the byte: attempt {result.attempt} of run {result.run} is {short(result.now)} again"
            if result.same
            else f"another adapter: attempt {result.attempt} of run {result.run} was {short(result.then)},"
            f" and is {short(result.now)} now"
        ]
    if result.changed:
        head = "changed since:" if not result.same else "although this has changed since:"
        lines += [head, *(f"  {change}" for change in result.changed)]
    elif not result.same:
        lines.append("nothing that the record knows has changed since; on a GPU, the same bytes are not promised")
    return "\n".join(lines)
