"""What curve and assess print."""

from __future__ import annotations

from goldgate.data.advice import Advice
from goldgate.jobs.forecast import Curved, curve_sentences


def curve_text(result: Curved) -> str:
    """Lists what was measured, then what follows from it."""
    lines = [f"{result.task}: the linear model, {result.metric} on dev (n = {result.points[0].n})"]
    lines += [f"  {p.count:>9,} training examples  {p.score:.3f}" for p in result.points]
    lines += [
        *curve_sentences(result),
        "  the forecast holds for data of this kind, if errors go on to fall as a power law",
    ]
    return "\n".join(lines)


def assess_text(result: Advice) -> str:
    """Lists the four questions with their answers, the findings, and the advice."""
    lines = [f"{result.task}: should this task be fine-tuned?", ""]
    lines += [f"  {question}: {answer}" for question, answer in result.questions]
    lines.append("")
    for finding in result.findings:
        lines.append(f"  [{finding.answer}] {finding.question}")
        lines.append(f"      {finding.words}")
    return "\n".join([*lines, "", f"advice: {result.words}", *(f"  {line}" for line in result.notes)])
