"""Near-duplicates of golden examples, found exactly and without a model.

Two texts are nearly the same if the Jaccard index of their character 5-grams is at least 0.7. Letters and digits count;
case, white space and punctuation do not. docs/explanation/looks.md says what follows from it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from goldgate.task.examples import Example, Split

GRAM = 5  # characters
LEAST = (7, 10)
"""The least Jaccard index as a fraction, so that no rounding decides. With 5-grams, one typo in a text of 33 characters
still leaves 0.7.
"""
QUOTED = 50
"""From this many characters on, a golden text that stands whole in a longer one counts as well: a forwarded message
has a long head, but its Jaccard index is small.
"""
_BOILERPLATE = 10  # golden inputs that must share a line, and more than half of them, for it to be boilerplate
_SHORT = 20  # characters; a shorter text must be the same, because one word of it may be all that it says
_SIGNS_COUNT = 10  # characters; in a shorter text punctuation is content: C++ is not C#
_SIGNS = re.compile(r"[\x00-/:-@\[-`{-\xbf\u2000-\u2bff\u3000-\u303f]+")  # after NFKC, which maps full-width forms
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
        Broder 1997, "On the resemblance and containment of documents"; Chaudhuri, Ganti and Kaushik 2006, "A primitive
        operator for similarity joins in data cleaning" (the prefix filter).
    """
    common = _boilerplate(golden)
    mine = [_form(e.text, common) for e in golden]
    index = _index(mine)
    found = []
    for split in others:
        for example in split:
            form = _form(example.text, common)
            for i in _candidates(index, form):
                alike = _jaccard(mine[i], form)
                if (alike is not None and not _is_other_document(mine[i], form)) or _is_quoted(mine[i], form):
                    found.append(Twin(golden.examples[i], split.name, example, alike or _share(mine[i], form)))
    for k, form in enumerate(mine):
        example = golden.examples[k]
        for i in _candidates(index, form):
            first = golden.examples[i]
            if i < k and (first.group is None or first.group != example.group):
                alike = _jaccard(mine[i], form)
                if alike is not None and not _is_other_question(mine[i], form):
                    found.append(Twin(first, golden.name, example, alike))
    return found


def _boilerplate(golden: Split) -> frozenset[str]:
    lines = Counter(line for e in golden for line in {one.strip() for one in e.text.split("\n")})
    least = max(_BOILERPLATE, len(golden) // 2 + 1)
    return frozenset(line for line, count in lines.items() if count >= least)


def _form(text: str, boilerplate: frozenset[str]) -> _Form:
    if boilerplate:
        kept = "\n".join(line for line in text.split("\n") if line.strip() not in boilerplate)
        text = kept if kept.strip() else text
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = _SIGNS.sub(" ", folded).strip()
    plain = plain if len(plain) >= _SIGNS_COUNT else " ".join(folded.split())
    grams = frozenset([plain[i : i + GRAM] for i in range(max(1, len(plain) - GRAM + 1))])
    numbers = tuple(_DIGITS.findall(plain))
    return _Form(plain, grams, numbers, Counter(numbers))


def _index(forms: Sequence[_Form]) -> Mapping[str, Sequence[int]]:
    """5-gram → positions of the texts in whose prefix it is.

    A text's prefix are so many of its rarest 5-grams that a text without any of them cannot share 70%.
    """
    spread = Counter(gram for form in forms for gram in form.grams)
    index: dict[str, list[int]] = defaultdict(list)
    for i, form in enumerate(forms):
        many = len(form.grams)
        needed = -(-many * LEAST[0] // LEAST[1])  # rounded up
        for gram in sorted(form.grams, key=lambda g: (spread[g], g))[: many - needed + 1]:
            index[gram].append(i)
    return index


def _candidates(index: Mapping[str, Sequence[int]], form: _Form) -> list[int]:
    """Positions of all texts that may be nearly the same as this one, or stand whole in it."""
    return sorted({i for gram in form.grams & index.keys() for i in index[gram]})


def _jaccard(a: _Form, b: _Form) -> float | None:
    """The Jaccard index of two texts if it reaches the limit."""
    if min(len(a.text), len(b.text)) < _SHORT:
        return 1.0 if a.text == b.text else None
    few, many = sorted((len(a.grams), len(b.grams)))
    if few * LEAST[1] < many * LEAST[0]:
        return None
    shared = len(a.grams & b.grams)
    union = few + many - shared
    return shared / union if shared * LEAST[1] >= union * LEAST[0] else None


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
