"""Whether a task should be fine-tuned: findings, each with the numbers that it rests on, and the advice they give.

Nothing is measured here. A finding is undecided where its interval holds the limit, and unknown where nothing was
measured; neither ever decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Answer = Literal["yes", "no", "undecided", "unknown"]
Way = Literal["prompt", "retrieval", "collect", "linear", "keep_prompting", "fine_tune"]

MOSTLY, SELDOM = 0.5, 0.25
"""Shares of facts that are not in the input: above the first they are the task, below the second an exception, as
values are that a scan misspells or that are reworded.
"""
FEW, ENOUGH = 50, 200
"""Training examples: below the first an adapter learns little more than a prompt with examples shows, from the second
on it usually learns the task. Between them the learning curve decides, not a rule.
"""
CHANGES = 0.05
"""How much more often like inputs have other outputs at another time than at the same time."""


@dataclass(frozen=True)
class Share:
    """A mean in [0, 1], or a difference of two.

    Attributes:
        value: The estimate.
        low: Lower end of its 95% interval.
        high: Upper end.
        n: Number of examples.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} (95% interval {self.low:.3f} to {self.high:.3f}, n = {self.n:,})"

    def reaches(self, least: float, least_no: float | None = None) -> Answer:
        """Decides whether the truth is at least `least`; below `least_no` (by default the same) it is not."""
        if self.low >= least:
            return "yes"
        return "no" if self.high < (least if least_no is None else least_no) else "undecided"


@dataclass(frozen=True)
class Finding:
    """An answer to one question, with its numbers.

    Attributes:
        way: What a yes speaks for.
        question: The question.
        answer: "yes", "no", "undecided" or "unknown" (not measured, or it does not apply).
        words: What the answer rests on, or what would answer it.
    """

    way: Way
    question: str
    answer: Answer
    words: str


@dataclass(frozen=True)
class Advice:
    """The advice.

    Attributes:
        task: Name of the task.
        questions: The four questions that every fine-tuning begins with, and their answers.
        findings: What was found, in the order in which it decides.
        way: What is advised; None if a question before it is open.
        words: The advice in words.
        notes: Expected gain and cost.
    """

    task: str
    questions: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    way: Way | None
    words: str
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        told = asdict(self)
        told["questions"] = [{"question": q, "answer": a} for q, a in self.questions]
        return told


_ADVICE: dict[Way, str] = {
    "prompt": "do not fine-tune: prompting passes what the suite asks for already",
    "retrieval": "do not fine-tune for these facts: look them up and put them into the prompt (retrieval);"
    " compute in code what follows from the input",
    "collect": "collect more examples first; until then use them in the prompt (few_shot, nearest)",
    "linear": "a linear model wins: it reaches what is needed and calls no language model (subject linear)",
    "keep_prompting": "keep prompting: requirements change over time, and a prompt is changed in minutes",
    "fine_tune": "fine-tune",
}


def advise(
    task: str, questions: Sequence[tuple[str, str]], findings: Sequence[Finding], notes: Sequence[str] = ()
) -> Advice:
    """Draws the advice from findings.

    Args:
        task: Name of the task.
        questions: Question and answer.
        findings: In the order in which they decide.
        notes: Expected gain and cost.

    Returns:
        What the first finding that is shown speaks for. If none is, fine-tuning, provided that no finding is open.
    """
    shown = next((f for f in findings if f.answer == "yes"), None)
    before = findings if shown is None else findings[: findings.index(shown)]
    # A linear model is so much cheaper that what prompting reaches does not matter.
    open_ = [f for f in before if f.answer == "undecided" or (f.answer == "unknown" and f.way == "prompt")]
    if shown is not None and (shown.way == "linear" or not open_):
        return Advice(task, tuple(questions), tuple(findings), shown.way, _ADVICE[shown.way], tuple(notes))
    if open_:
        likely = _ADVICE[shown.way if shown is not None else "fine_tune"]
        asked = "; ".join(f.question for f in open_)
        words = f"not decided. If the answer is no to: {asked} – then: {likely}"
        return Advice(task, tuple(questions), tuple(findings), None, words, tuple(notes))
    return Advice(task, tuple(questions), tuple(findings), "fine_tune", _ADVICE["fine_tune"], tuple(notes))
