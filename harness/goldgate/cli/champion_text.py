"""How promote, rollback, champions and export tell what they did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldgate.answers.parity import NEAR, Parity
from goldgate.base.fingerprint import short
from goldgate.jobs.champions import Champions, History, RolledBack
from goldgate.jobs.export import Exported
from goldgate.jobs.promote import Promoted

_LISTED = 5


def promote_text(result: Promoted) -> str:
    """Who is the champion now."""
    return f"{result.champion} is the champion of {result.task} now: {result.file}"


def rollback_text(result: RolledBack) -> str:
    """Who is the champion again, and what is to be known before it serves."""
    now, was = result.now, result.was
    lines = [
        f"{now.subject} ({short(now.identity)}) is the champion of {result.task} again, instead of {was.subject}"
        f" ({short(was.identity)})",
        *(f"  {remark}" for remark in result.remarks),
        f"whether it passes today's suite, says: pytest suites/{result.task}",
    ]
    return "\n".join(lines)


def champions_text(result: Champions | History) -> str:
    """One line a champion."""
    if isinstance(result, Champions):
        return "\n".join(f"{task:<16} {_words(row) if row else 'none'}" for task, row in result.rows.items())
    if result.champion is None:
        return f"{result.task}: none"
    lines = [f"now         {_words(result.champion)}"]
    lines += [f"before      {_words(row)}" for row in result.previous]
    lines += [f"taken back  {_words(row)}; {row['date']}: {row['reason']}" for row in result.rollbacks]
    return "\n".join(lines)


def _words(row: Mapping[str, Any]) -> str:
    told = [short(row["identity"]), f"run {row['run']}"]
    told += [f"promoted {row['promoted']}"] if row.get("promoted") else []
    told += [f"forced: {row['forced']}"] if row.get("forced") else []
    told += ["opened"] if row.get("opened") else []
    told += ["in version control alone"] if row.get("kept") is False else []
    return f"{row['subject']} ({', '.join(told)})"


def export_text(result: Exported) -> str:
    """Where the model lies, whether it answers as what was gated, and how to gate it."""
    lines = [
        f"{result.subject} ({short(result.gated)}) is exported to {result.folder}",
        parity_words(result.parity),
        *([] if result.tested else ["it has not passed golden"]),
        f"gate it as it is: pytest suites/{result.task} --candidate {result.known_as}",
    ]
    return "\n".join(lines)


def parity_words(parity: Parity) -> str:
    """The verdict on parity, in words."""
    asked = parity.same + parity.unanswered + len(parity.near) + len(parity.different)
    parts = [
        f"{parity.same} of {asked} answers to dev are the same",
        f"{len(parity.near)} differ by a near-tie (logits within {NEAR:g})",
    ]
    parts += [f"{parity.unanswered} were not answered by either"] if parity.unanswered else []
    head = "parity holds" if parity.holds else "parity does not hold"
    if parity.different:
        listed = ", ".join(parity.different[:_LISTED])
        parts.append(
            f"{len(parity.different)} differ otherwise: {listed}{', ...' if len(parity.different) > _LISTED else ''}"
        )
    return f"{head}: {'; '.join(parts)}"
