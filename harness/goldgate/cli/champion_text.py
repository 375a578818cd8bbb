"""What promote, rollback, champions and export print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldgate.answers.parity import NEAR, Parity
from goldgate.base.fingerprint import short
from goldgate.jobs.champions import Champions, History, RolledBack
from goldgate.jobs.export import Exported
from goldgate.jobs.export_gguf import GgufExported
from goldgate.jobs.promote import Promoted

_LISTED = 5


def promote_text(result: Promoted) -> str:
    """Says who the champion is now."""
    return f"{result.champion} is now the champion of {result.task}: {result.file}"


def rollback_text(result: RolledBack) -> str:
    """Says who the champion is again, and what to know before it serves."""
    now, was = result.now, result.was
    lines = [
        f"{now.subject} ({short(now.identity)}) is the champion of {result.task} again, replacing {was.subject}"
        f" ({short(was.identity)})",
        *(f"  {remark}" for remark in result.remarks),
        f"to test it against the current suite: pytest suites/{result.task}",
    ]
    return "\n".join(lines)


def champions_text(result: Champions | History) -> str:
    """Lists champions, one per line."""
    if isinstance(result, Champions):
        return "\n".join(f"{task:<16} {_words(row) if row else 'none'}" for task, row in result.rows.items())
    if result.champion is None:
        return f"{result.task}: none"
    lines = [f"now         {_words(result.champion)}"]
    lines += [f"before      {_words(row)}" for row in result.previous]
    lines += [f"rolled back {_words(row)}; {row['date']}: {row['reason']}" for row in result.rollbacks]
    return "\n".join(lines)


def _words(row: Mapping[str, Any]) -> str:
    facts = [short(row["identity"]), f"run {row['run']}"]
    facts += [f"promoted {row['promoted']}"] if row.get("promoted") else []
    facts += [f"forced: {row['forced']}"] if row.get("forced") else []
    facts += ["opened"] if row.get("opened") else []
    facts += ["stored in version control only"] if row.get("kept") is False else []
    return f"{row['subject']} ({', '.join(facts)})"


def export_text(result: Exported) -> str:
    """Says where the exported model is, whether it answers like the gated one, and how to gate it."""
    lines = [
        f"{result.subject} ({short(result.gated)}) is exported to {result.folder}",
        parity_words(result.parity),
        *([] if result.tested else ["it has not passed golden"]),
        f"to gate the exported model: pytest suites/{result.task} --candidate {result.known_as}",
    ]
    if result.gguf is not None:
        lines += _gguf_lines(result.gguf, result.task)
    return "\n".join(lines)


def _gguf_lines(made: GgufExported, task: str) -> list[str]:
    """Whether the GGUF file answers like the gated model, and how to gate it."""
    lines = [
        f"the same model as {made.form}: {made.file}",
        f"  {made.prompts} of {made.asked} dev prompts have the same tokens if llama.cpp writes them",
        *(f"  {slots} at once: {parity_words(parity)}" for slots, parity in made.parity.items()),
    ]
    if not made.lossless:
        lines.append(f"  {made.form} loses a little: it ships only by a verdict of its own")
    return [*lines, f"to gate the GGUF file: pytest suites/{task} --candidate {made.name}"]


def parity_words(parity: Parity) -> str:
    """Says whether the exported model gives the same answers as the gated one."""
    asked = parity.same + parity.unanswered + len(parity.near) + len(parity.different)
    parts = [
        f"{parity.same} of {asked} dev answers are the same",
        f"{len(parity.near)} differ by a near-tie (logits within {NEAR:g})",
    ]
    parts += [f"{parity.unanswered} got no answer from either"] if parity.unanswered else []
    head = "parity holds" if parity.holds else "parity does not hold"
    if parity.different:
        listed = ", ".join(parity.different[:_LISTED])
        parts.append(
            f"{len(parity.different)} differ otherwise: {listed}{', ...' if len(parity.different) > _LISTED else ''}"
        )
    return f"{head}: {'; '.join(parts)}"
