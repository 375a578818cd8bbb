"""What review prints."""

from __future__ import annotations

from goldgate.data.review.items import DECISIONS
from goldgate.jobs.review import Asked, Reviewed


def asked_text(result: Asked) -> str:
    """Says what is asked and how to answer."""
    if result.to is None:
        return "\n".join([f"{result.task}: nothing is left to ask", *result.remarks])
    lines = [f"{result.to}: {sum(result.kinds.values())} questions"]
    lines += [f"  {count} {kind}" for kind, count in result.kinds.items()]
    lines += result.remarks
    if result.to.suffix == ".html":
        saved = f"open it in a browser, decide and save; then: goldgate review {result.task} --apply"
        return "\n".join([*lines, f"{saved} {result.task}-decisions.csv"])
    lines.append("write into the column decision:")
    lines += [f"  {name}: {meaning}" for name, meaning in DECISIONS.items()]
    return "\n".join([*lines, f"then: goldgate review {result.task} --apply {result.to}"])


def reviewed_text(result: Reviewed) -> str:
    """Says what was changed."""
    done = result.applied
    counted = ", ".join(f"{count} {name}" for name, count in done.counts.items()) or "nothing new"
    known = [f"{done.known} of the table had been carried out before"] if done.known else []
    next_one = f"golden/{result.task}/card.json has who decided what; next: goldgate prepare {result.task}"
    return "\n".join([f"carried out: {counted}", *known, *done.lines, next_one])
