"""Near-duplicates of golden examples, found exactly and without a model.

Two texts are nearly the same if the Jaccard index of their character 5-grams is at least 0.7. Letters and digits count;
case, white space and punctuation do not. docs/explanation/looks.md says what follows from it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from goldgate.data.grams import GramIndex, grams_of, near
from goldgate.data.mask import boilerplate, plain, without_lines
from goldgate.task.examples import Example, Split

QUOTED = 50
"""From this many characters on, a golden text that stands whole in a longer one counts as well: a forwarded message
has a long head, but its Jaccard index is small.
"""
_AT_ONCE = 50_000  # examples
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Twin:
    """A golden example and an example that nearly repeats it.

    Attributes:
        golden: The golden example.
        split: The split of the other one.
        other: The other example.
        alike: Jaccard index of their 5-grams, in [0, 1].
    """

    golden: Example
    split: str
    other: Example
    alike: float


@dataclass(frozen=True)
class _Form:
    """What is compared of a text: its characters, its 5-grams, its numbers in their order and how often each occurs."""

    text: str
    grams: frozenset[str]
    numbers: tuple[str, ...]
    count: Counter[str]


def find_twins(golden: Split, others: Iterable[Split]) -> list[Twin]:
    """Finds the near-duplicates of golden examples in other splits and in golden itself.

    Numbers are content, but adding one does not hide a copy. Within golden, examples with other numbers are other
    questions. Across splits, texts that share less than half of their numbers are different documents of one template.
    A line that more than half of all golden inputs share is boilerplate, such as an instruction, and is left out.

    Args:
        golden: The golden split.
        others: The splits that training may read.

    Returns:
        The pairs, in the order of the other splits and then of golden. Within golden, each pair occurs once, and only
        if the two have no common group.

    Source:
        Broder 1997, "On the resemblance and containment of documents".
    """
    common = boilerplate(e.text for e in golden)
    mine = [_form(plain(without_lines(e.text, common))) for e in golden]
    index = GramIndex.of([form.grams for form in mine])
    found = []
    for split in others:
        for example, form in _promising(split, index, common):
            for i in index.candidates(form.grams):
                alike = _jaccard(mine[i], form)
                if (alike is not None and not _is_other_document(mine[i], form)) or _is_quoted(mine[i], form):
                    found.append(Twin(golden.examples[i], split.name, example, alike or _share(mine[i], form)))
    for k, form in enumerate(mine):
        example = golden.examples[k]
        for i in index.candidates(form.grams):
            first = golden.examples[i]
            if i < k and (first.group is None or first.group != example.group):
                alike = _jaccard(mine[i], form)
                if alike is not None and not _is_other_question(mine[i], form):
                    found.append(Twin(first, golden.name, example, alike))
    return found


def _promising(split: Split, index: GramIndex, common: frozenset[str]) -> Iterator[tuple[Example, _Form]]:
    """The examples that may be near golden, some at a time, so that the memory does not grow with the split."""
    for start in range(0, len(split), _AT_ONCE):
        examples = split.examples[start : start + _AT_ONCE]
        texts = [plain(without_lines(e.text, common)) for e in examples]
        for k in np.flatnonzero(index.may_have_candidates(texts)).tolist():
            yield examples[k], _form(texts[k])


def _form(text: str) -> _Form:
    numbers = tuple(_DIGITS.findall(text))
    return _Form(text, grams_of(text), numbers, Counter(numbers))


def _jaccard(a: _Form, b: _Form) -> float | None:
    """The Jaccard index of two texts if it reaches the limit."""
    return near(a.text, b.text, a.grams, b.grams)


def _share(a: _Form, b: _Form) -> float:
    return len(a.grams & b.grams) / len(a.grams | b.grams)


def _is_quoted(golden: _Form, other: _Form) -> bool:
    return len(golden.text) >= QUOTED and f" {golden.text} " in f" {other.text} "


def _is_other_document(a: _Form, b: _Form) -> bool:
    """Whether two texts share less than half of their numbers; of the shorter list, if one has more."""
    shared = sum((a.count & b.count).values())
    return 2 * shared < min(len(a.numbers), len(b.numbers))


def _is_other_question(a: _Form, b: _Form) -> bool:
    """Whether each of two texts has a number that the other lacks, or the same numbers stand in another order."""
    if a.count == b.count:
        return a.numbers != b.numbers
    return not (a.count <= b.count or b.count <= a.count)
