"""What `goldgate search` prints."""

from __future__ import annotations

from goldgate.jobs.search import Searched
from goldgate.perturb.perturbation import body
from goldgate.perturb.search import Counterexample
from goldgate.scorers.reason import differs, printable

_EDITS_SHOWN = 5


def search_text(result: Searched) -> str:
    """Shows what was tried, and each counterexample with its edits and what is wrong with the answer."""
    task, subject, metric, found = result.task, result.subject, result.metric, result.found
    if not found.right:
        return f"{subject} answers no dev example of {task.name} right ({metric}), so there is nothing to break"
    forms, broke = (sum(row[i] for row in found.tried.values()) for i in (0, 1))
    examples = "example" if found.right == 1 else "examples"
    lines = [
        f"{subject} answers {found.right} dev {examples} right ({metric});"
        f" {broke} of {forms} variants are answered wrong",
        *(f"  {name:<20} {lost} of {tried}" for name, (tried, lost) in found.tried.items()),
    ]
    for one in found.counterexamples:
        tags = f" [{', '.join(one.form.example.tags)}]" if one.form.example.tags else ""
        count = len(one.form.edits)
        shrunk = f", of {one.found_with}" if one.found_with > count else ""
        lines += [
            f"{one.form.example.id}{tags}  {' + '.join(one.form.perturbations)}: {count}"
            f" edit{'' if count == 1 else 's'}{shrunk}",
            *_edits(one),
        ]
        lines.append(
            f"  {differs(task, one.form.made, one.after.text or '')}"
            f"{' (cut off)' if one.after.finish == 'length' else ''}"
        )
    if result.run is not None:
        lines.append(f"recorded in the run; `goldgate report {result.run}` shows it")
    return "\n".join(lines)


def _edits(one: Counterexample) -> list[str]:
    text = body(one.form.example)
    rows = [f"  {printable(text[e.start : e.end]) or '(nothing)'}  ->  {printable(e.text)}" for _, e in one.form.edits]
    more = len(rows) - _EDITS_SHOWN
    return rows if more <= 0 else [*rows[:_EDITS_SHOWN], f"  and {more} more edits"]
