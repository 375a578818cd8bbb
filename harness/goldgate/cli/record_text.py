"""What `goldgate record` prints."""

from __future__ import annotations

from collections.abc import Sequence

from goldgate.jobs.record import RecordedSubject

_NAMED = 20  # examples without an answer that are named


def record_text(result: RecordedSubject) -> str:
    """Says what is kept, what is not, and what that is good for. No score is shown."""
    counts = [f"{part.answered} of {part.examples} {name}" for name, part in result.splits.items()]
    lines = [f"recorded: {result.subject} answered {' and '.join(counts)} examples"]
    if result.by_name and result.dates:
        when = result.dates[0] + (f" to {result.dates[-1]}" if len(result.dates) > 1 else "")
        lines.append(f"  it is identified by name; it answered {when} as {', '.join(result.served) or 'nobody'}")
    lines += ["decided:", *(f"  {decision}" for decision in result.decisions)]
    for name, part in result.splits.items():
        lines += _without(
            f"{name}: refused, and kept as a missing answer, which counts for the incumbent", part.refused
        )
        lines += _without(f"{name}: no answer yet; the same command asks again", part.failed)
    lines.append("no score was computed and nothing was decided, so this is no look at golden")
    if result.new_look:
        lines.append("the suite names an incumbent now, so it is another suite: its next look at golden is a new one")
    gate = "def test_not_worse_than_today(candidate, incumbent): assert candidate.METRIC - incumbent.METRIC >= -0.02"
    lines += [f"a gate that compares with it: {gate}", f"next: commit {result.folder} and task.yaml"]
    return "\n".join(lines)


def _without(title: str, examples: Sequence[tuple[str, str]]) -> list[str]:
    if not examples:
        return []
    more = [f"    and {len(examples) - _NAMED} more (--json lists them all)"] if len(examples) > _NAMED else []
    return [f"  {title}:", *(f"    {id_}: {why}" for id_, why in examples[:_NAMED]), *more]
