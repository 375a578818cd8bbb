"""How close a text is to its reference, by characters and by words."""

from __future__ import annotations

import re

from goldgate.task.examples import Example
from goldgate.task.form import text_form
from goldgate.task.task import Task

_WORD = re.compile(r"[^\W_]+")


def edit_similarity(task: Task, example: Example, text: str) -> float:
    """1 minus the Levenshtein distance divided by the length of the longer text.

    Counted in characters, in the form in which `exact_match` compares. Two empty texts are equal. The best
    accepted output counts.

    Range: 0 to 1; higher is better.
    Source: Levenshtein 1966, normalised as in rapidfuzz (`Levenshtein.normalized_similarity`).
    """
    from rapidfuzz.distance import Levenshtein

    got = text_form(text)
    return max(Levenshtein.normalized_similarity(text_form(str(e)), got) for e in example.answers)


def rouge_l(task: Task, example: Example, text: str) -> float:
    """ROUGE-L: F1 of the longest common subsequence of words.

    Words are runs of letters and digits in lower case, without stemming; on ASCII text the value equals rouge-score's.
    An answer without a word scores 0. In a language written without blanks a phrase is one word: use `edit_similarity`
    there. The best accepted output counts.

    Range: 0 to 1; higher is better.
    Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries".
    """
    from rapidfuzz.distance import LCSseq

    got = words(text)
    best = 0.0
    for wanted in (words(str(e)) for e in example.answers):
        if got and wanted:
            best = max(best, 2 * LCSseq.similarity(wanted, got) / (len(wanted) + len(got)))
    return best


def words(text: str) -> list[str]:
    """Returns the words that rouge_l compares."""
    return _WORD.findall(text_form(text).lower())
