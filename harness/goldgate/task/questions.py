"""General questions and passages that show what a model forgets when it is fine-tuned.

The short closed questions and the passages of plain English were written for this package, under its licence
(Apache-2.0). They are public: training never uses them, but every attempt answers them on every split.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from goldgate.task.examples import Example, Split

VERSION = 1
"""Incremented when a question, a passage or the rule for right answers changes, because scores may then change too."""
PREFIX = "general:"
"""Prefix of the ids of questions and passages, which are in no split of a task."""
SPLIT = "general"


@dataclass(frozen=True)
class Question:
    """A closed question.

    Attributes:
        id: Its id, starting with PREFIX.
        tag: What the question tests.
        question: The text of the question.
        options: The possible answers, each with its alternative spellings; the right one is first.
        exact: Whether the answer must be the right option and nothing else.
    """

    id: str
    tag: str
    question: str
    options: tuple[tuple[str, ...], ...]
    exact: bool = False

    @property
    def example(self) -> Example:
        """The question as an example that expects the right option."""
        first, *others = self.options[0]
        return Example(self.id, self.question, first, tuple(others), tags=(self.tag,))

    def is_right(self, text: str) -> bool:
        """Decides whether an answer is right.

        Case matters only for options of a single letter; punctuation and whitespace around words never matter.

        Args:
            text: The answer.

        Returns:
            For an exact question, whether the answer is the right option; otherwise, whether it names the right option
            and none of the others.
        """
        if self.exact:
            return text.strip(" \t\r\n\"'`*.!").casefold() in {s.casefold() for s in self.options[0]}
        named = [any(_names(text, spelling) for spelling in option) for option in self.options]
        return named[0] and not any(named[1:])


def _names(text: str, word: str) -> bool:
    """Whether a text contains a word or number as a whole, not as part of a longer one."""
    flags = re.NOFLAG if len(word) == 1 and word.isalpha() else re.IGNORECASE
    return re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(word)}(?!\w)(?![.,]\d)", text, flags) is not None


@cache
def questions() -> dict[str, Question]:
    """Reads the general questions.

    Returns:
        Id → question.
    """
    rows = [json.loads(line) for line in _read("questions.jsonl").splitlines()]
    made = [
        Question(r["id"], r["tag"], r["question"], tuple(map(tuple, r["options"])), r.get("exact", False)) for r in rows
    ]
    return {q.id: q for q in made}


@cache
def asked() -> Split:
    """Returns the questions as a split named `general`."""
    return Split(SPLIT, tuple(q.example for q in questions().values()))


@cache
def passages() -> Split:
    """Returns the passages as a split of examples whose input is the passage and whose output is empty."""
    texts = _read("text.txt").strip().split("\n\n")
    return Split(SPLIT, tuple(Example(f"{PREFIX}passage-{i:02d}", text, "") for i, text in enumerate(texts, 1)))


def _read(name: str) -> str:
    return files("goldgate.task").joinpath(name).read_text(encoding="utf-8")
