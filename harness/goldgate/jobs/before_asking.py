"""What is said before a subject is asked: who that is by its whole name, and what it may cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from goldgate.data.account import Decision
from goldgate.jobs.progress import Progress
from goldgate.prompts.file_prompt import AS_TRAINED
from goldgate.scorers import tariff_of
from goldgate.subjects import Subject
from goldgate.subjects.remote import RemoteSubject
from goldgate.task.examples import Example, render_output
from goldgate.task.messages import said
from goldgate.task.subject_name import SubjectName, lacks_strategy
from goldgate.task.task import Task

_CHARACTERS = 4
"""Characters of a token, for an estimate of the cost before anything is asked: about right for English text."""


def whole_name(text: str, task: Task) -> tuple[str, list[Decision]]:
    """Completes the name of a subject that was typed without a prompt.

    Args:
        text: Name of the subject.
        task: The task.

    Returns:
        Its whole name, and what was decided on it.

    Raises:
        UserError: The name is wrong.
    """
    if not lacks_strategy(text):
        return str(SubjectName.parse(text)), []
    if (task.folder / AS_TRAINED).is_file():
        strategy, reason = f"file:{AS_TRAINED}", "the prompt that init found in the rows that it was tuned on"
    else:
        strategy = "zero_shot"
        reason = "the instructions of task.yaml, with its labels or keys; if the model was tuned with another prompt,"
        reason += " write that into a file beside task.yaml, +file:PROMPT.md"
    decided = Decision("prompt", strategy, reason, "--subject openai:MODEL@URL+STRATEGY")
    return str(SubjectName.parse(f"{text}+{strategy}")), [decided]


def say_cost(task: Task, subject: Subject, examples: Sequence[Example], progress: Progress, times: int = 1) -> None:
    """Says how much an endpoint will be asked, and what that may cost.

    Args:
        task: The task.
        subject: Who will be asked; nothing is said of one on this machine.
        examples: What.
        progress: Who is told.
        times: How often each is asked.
    """
    if not examples or not isinstance(subject, RemoteSubject):
        return
    subject.strategy.prepare(examples)
    read = sum(len(said(m)) for e in examples for m in subject.strategy.messages(e)) * times // _CHARACTERS
    written = sum(len(render_output(e.output)) for e in examples) * times // _CHARACTERS
    tariff = tariff_of(task, subject.name, date.today())
    price = "its price is not known (set prices in task.yaml)"
    if tariff is not None:
        price = f"about {tariff.uncached(read, written) / 1000:.2g} at {tariff}"
        price += "" if tariff.own or tariff.listed else "; prices.subjects in task.yaml gives it a price of its own"
    progress.say(
        f"{len(examples) * times:,} questions: about {read:,} prompt tokens and {written:,} answer tokens, if a token"
        f" has {_CHARACTERS} characters and answers are as long as the expected ones; {price}"
    )
