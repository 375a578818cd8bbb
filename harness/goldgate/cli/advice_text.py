"""What curve and assess print."""

from __future__ import annotations

from goldgate.cli.account_text import account_text
from goldgate.data.advice import Advice
from goldgate.jobs.choose import ChosenInputs
from goldgate.jobs.forecast import Curved, curve_sentences

_SHOWN = 5


def curve_text(result: Curved) -> str:
    """Lists what was measured, then what follows from it."""
    lines = [f"{result.task}: the linear model, {result.metric} on dev (n = {result.points[0].n})"]
    lines += [f"  {p.count:>9,} training examples  {p.score:.3f}" for p in result.points]
    lines += [
        *curve_sentences(result),
        "  the forecast holds for data of this kind, if errors go on to fall as a power law",
    ]
    return "\n".join(lines)


def choose_text(result: ChosenInputs) -> str:
    """Says what became of the rows, what was chosen and how, and what to do with it."""
    shown = [f"  {one.text!r:.100}: {one.reason}" for one in result.chosen[:_SHOWN]]
    return "\n".join(
        [
            account_text(result.account),
            f"{len(result.chosen)} inputs to label next, the most useful first: {result.way}",
            *shown,
            f"written to {result.to}: fill in the outputs, then",
            f"  goldgate prepare {result.task} --from {result.to} --input input --output output --train-only",
        ]
    )


def assess_text(result: Advice) -> str:
    """Lists the four questions with their answers, the findings, and the advice."""
    lines = [f"{result.task}: should this task be fine-tuned?", ""]
    lines += [f"  {question}: {answer}" for question, answer in result.questions]
    lines.append("")
    for finding in result.findings:
        lines.append(f"  [{finding.answer}] {finding.question}")
        lines.append(f"      {finding.words}")
    return "\n".join([*lines, "", f"advice: {result.words}", *(f"  {line}" for line in result.notes)])
