"""What `goldgate train --rerun RUN` prints."""

from __future__ import annotations

from goldgate.base.fingerprint import short
from goldgate.jobs.rerun import Rerun


def rerun_text(result: Rerun) -> str:
    """Says whether the adapter is the same, and what has changed since."""
    lines = [f"run {result.run} cannot be reproduced, so nothing was trained"]
    if result.then is not None and result.now is not None:
        lines = [
            f"the same adapter, bit for bit: attempt {result.attempt} of run {result.run} is {short(result.now)} again"
            if result.same
            else f"another adapter: attempt {result.attempt} of run {result.run} was {short(result.then)},"
            f" and is {short(result.now)} now"
        ]
    if result.changed:
        head = "changed since:" if not result.same else "although the following has changed since:"
        lines += [head, *(f"  {change}" for change in result.changed)]
    elif not result.same:
        lines.append("nothing in the record has changed since; on a GPU, identical bytes are not guaranteed")
    return "\n".join(lines)
