"""Outputs from a teacher model: which may be trained on, and which a person has to look at first."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goldgate.base.files import check_object, parse_json, read_text, write_whole
from goldgate.data.repeats import answer_form
from goldgate.scorers.fields import parse_json as parse_answer
from goldgate.scorers.json_format import broken_rules
from goldgate.scorers.refusal import is_refusal
from goldgate.scorers.style import rules_met
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example
from goldgate.task.messages import Message, check_messages, text_of
from goldgate.task.task import Task

FILE = "doubts.jsonl"
TEACHER, AGREEMENT, REVIEWED_BY = "teacher", "agreement", "reviewed_by"
"""Notes of an example: who gave its output, how many of the answers agreed, and which person has looked at it."""
AGREE = 0.8
"""The share of a teacher's answers that must agree before one of them is trained on."""
CLOSE = 0.9
"""From this cosine on, two free texts count as agreeing."""

Embed = Callable[[Sequence[str]], Any]
"""Texts to unit vectors (texts, dimensions)."""


@dataclass(frozen=True)
class Doubt:
    """An input whose output a person has to decide on.

    Attributes:
        input: The input.
        output: What most of the teacher's valid answers say; None if none is valid.
        reason: Why a person has to look.
        teacher: Name of the teacher.
        place: Where the input stands.
    """

    input: str | tuple[Message, ...]
    output: Any
    reason: str
    teacher: str
    place: str

    @property
    def text(self) -> str:
        """The input as one string."""
        return text_of(self.input)


@dataclass(frozen=True)
class Judged:
    """What a teacher's answers to one input are worth.

    Attributes:
        output: What most of the valid answers say; None if none is valid.
        agreement: How many of the answers agree on it, as "4 of 5".
        fault: Why it may not be trained on unseen; empty if it may.
    """

    output: Any
    agreement: str
    fault: str = ""


def judge(task: Task, answers: Sequence[Answer], embed: Embed) -> Judged:
    """Decides whether a teacher's answers to one input can be trained on without a person.

    They can if at least AGREE of them are valid and agree. Valid is what keeps every rule of the task that needs no
    expected output: its schema, labels or style, an end before the token limit, and no refusal. Answers agree if they
    are the same label or JSON value; free texts, if their cosine is at least CLOSE.

    Args:
        task: The task.
        answers: The answers to the same input, each sampled anew.
        embed: Embeds texts.

    Returns:
        The output, with what speaks against it.
    """
    faults = [fault_of(task, answer) for answer in answers]
    valid = [_output(task, answer.text or "") for answer, fault in zip(answers, faults, strict=True) if not fault]
    wrong = Counter(fault for fault in faults if fault).most_common()
    told = [f"{count} of {len(answers)} answers: {fault}" for fault, count in wrong]
    if not valid:
        return Judged(None, f"0 of {len(answers)}", "; ".join(told))
    output, agreeing = _most(task, valid, embed)
    agreement = f"{agreeing} of {len(answers)}"
    if agreeing >= math.ceil(AGREE * len(answers)):
        return Judged(output, agreement)
    return Judged(output, agreement, "; ".join([f"only {agreement} answers agree", *told]))


def fault_of(task: Task, answer: Answer) -> str:
    """Says which rule of the task an answer breaks, of those that need no expected output; empty if none."""
    text = answer.text
    if text is None:
        return f"no answer ({answer.error})" if answer.error else "no answer"
    if answer.finish != "stop":
        return "cut off at max_new_tokens"
    if not text.strip():
        return "empty"
    if task.kind == "json":
        broken = broken_rules(task, text)
        return f"breaks the schema, {broken[0]:.120}" if broken else ""
    if task.kind == "label":
        return "" if task.label(text) is not None else f"{text!r:.60} is no label"
    if is_refusal(text):
        return "a refusal"
    rules = {} if task.style is None else rules_met(text, task.style)
    broken = [rule for rule, kept in rules.items() if not kept]
    return f"breaks the style: {', '.join(broken)}" if broken else ""


def _output(task: Task, text: str) -> Any:
    if task.kind == "json":
        return parse_answer(text)
    return task.label(text) if task.kind == "label" else text.strip()


def _most(task: Task, outputs: Sequence[Any], embed: Embed) -> tuple[Any, int]:
    """The output that most others agree with, the first of several, and how many agree, itself among them."""
    if task.kind == "text":
        vectors = np.asarray(embed(outputs))
        agreeing = (vectors @ vectors.T >= CLOSE).sum(axis=1)
        best = int(agreeing.argmax())
        return outputs[best], int(agreeing[best])
    forms = [answer_form(output) for output in outputs]
    ((form, count),) = Counter(forms).most_common(1)
    return outputs[forms.index(form)], count


def write_doubts(path: Path, doubts: Sequence[Doubt]) -> None:
    """Adds doubts to a file, one JSON object a line; one on an input that it has already replaces the older.

    Args:
        path: The file.
        doubts: What is added.

    Raises:
        UserError: The disk is full, the path cannot be written to, or the file is broken.
    """
    every = {one.text: one for one in (*read_doubts(path), *doubts)}
    write_whole(path, as_lines(every.values()))


def as_lines(doubts: Iterable[Doubt]) -> str:
    """Returns the text of a file of doubts."""
    return "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in doubts)


def read_doubts(path: Path) -> list[Doubt]:
    """Reads the doubts of a file.

    Args:
        path: The file.

    Returns:
        Its doubts; none if there is no such file.

    Raises:
        UserError: A line is no doubt.
    """
    found = []
    for number, line in enumerate(read_text(path).split("\n") if path.is_file() else (), 1):
        if line.strip():
            row = parse_json(line, str(path), "take the line out", number)
            where, text = f"{path}, line {number}", dict.fromkeys(("reason", "teacher", "place"), str)
            check_object(row, where, "take the line out", input=str | list, **text)
            given = row["input"] if isinstance(row["input"], str) else check_messages(row["input"], where)
            found.append(Doubt(given, row.get("output"), row["reason"], row["teacher"], row["place"]))
    return found


def unsigned(examples: Sequence[Example]) -> list[Example]:
    """Returns the examples whose output a teacher gave and no person has looked at."""
    return [e for e in examples if e.meta.get(TEACHER) and not e.meta.get(REVIEWED_BY)]
