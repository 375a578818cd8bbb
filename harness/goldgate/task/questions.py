"""What a model could do before it was tuned: short closed questions, and passages of plain English to read.

Both were written for this package, under its licence (Apache-2.0). They are open: training never reads them, but they
are asked of every attempt on every split.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from goldgate.task.examples import Example, Split

VERSION = 1
"""Raised when a question, a passage, or the rule of what is right changes: the same model may then do otherwise."""
PREFIX = "general:"
"""How the ids of questions and passages begin: no split of a task holds them."""
SPLIT = "general"


@dataclass(frozen=True)
class Question:
    """A closed question. options: the right answer first, each with its other spellings; exact: whether the answer must
    be the right option and nothing else.
    """

    id: str
    tag: str
    question: str
    options: tuple[tuple[str, ...], ...]
    exact: bool = False

    @property
    def example(self) -> Example:
        first, *others = self.options[0]
        return Example(self.id, self.question, first, tuple(others), tags=(self.tag,))

    def is_right(self, text: str) -> bool:
        """Whether an answer names the right option and none of the others; or, of an exact question, is the right
        option. Capitals count for single letters alone; marks and blanks around words never do.
        """
        if self.exact:
            return text.strip(" \t\r\n\"'`*.!").casefold() in {s.casefold() for s in self.options[0]}
        named = [any(_names(text, spelling) for spelling in option) for option in self.options]
        return named[0] and not any(named[1:])


def _names(text: str, word: str) -> bool:
    """Whether a word, or a number, stands in a text as a whole."""
    flags = re.NOFLAG if len(word) == 1 and word.isalpha() else re.IGNORECASE
    return re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(word)}(?!\w)(?![.,]\d)", text, flags) is not None


@cache
def questions() -> dict[str, Question]:
    """The questions by id."""
    rows = [json.loads(line) for line in _read("questions.jsonl").splitlines()]
    made = [
        Question(r["id"], r["tag"], r["question"], tuple(map(tuple, r["options"])), r.get("exact", False)) for r in rows
    ]
    return {q.id: q for q in made}


@cache
def asked() -> Split:
    """The questions as examples."""
    return Split(SPLIT, tuple(q.example for q in questions().values()))


@cache
def passages() -> Split:
    """The passages as examples whose input is the passage and that expect nothing."""
    texts = _read("text.txt").strip().split("\n\n")
    return Split(SPLIT, tuple(Example(f"{PREFIX}passage-{i:02d}", text, "") for i, text in enumerate(texts, 1)))


def _read(name: str) -> str:
    return files("goldgate.task").joinpath(name).read_text(encoding="utf-8")
