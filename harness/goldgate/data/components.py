"""Which rows must stay in one split: those of a group, those that differ in numbers only, and near-duplicates."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goldgate.data.grams import grams_of, near
from goldgate.data.mask import boilerplate, folded, masked, plain, without_lines
from goldgate.data.minhash import join_near
from goldgate.data.repeats import answer_form
from goldgate.data.row import Place, Row
from goldgate.data.steps import Advance, ignore
from goldgate.data.union import Index, Union
from goldgate.task.strata import TWIN_COSINE

_LARGE = (1, 100)  # the share of all rows over which a component is reported
_LARGE_ROWS = 10  # a smaller component is never reported: in 200 rows, three that are alike are no finding
_SAMPLES = 3
_COMPARED = 4  # rows after a row, in the order of the alphabet, that its output is compared with
_WORD = re.compile(r"\w+")

CosinePair = tuple[str, str, float]
"""The inputs of two rows, and the cosine of their embeddings."""


@dataclass(frozen=True)
class Large:
    """A component with more than 1% of the rows.

    Attributes:
        size: Number of rows.
        outputs: Number of different outputs.
        samples: A few inputs: the first, the middle and the last in the order of the alphabet.
        numbers_only: Whether its inputs differ in numbers only.
    """

    size: int
    outputs: int
    samples: tuple[str, ...]
    numbers_only: bool

    def __str__(self) -> str:
        how = "differ in numbers only" if self.numbers_only else "nearly repeat one another"
        quoted = ", ".join(f'"{" ".join(text.split()):.60}"' for text in self.samples)
        return f"{self.size:,} rows with {self.outputs:,} outputs {how} and stay together: {quoted}"


@dataclass(frozen=True)
class Unlike:
    """Two near-duplicates with different outputs, of which one may be wrong, or all may hang on a word such as "not".

    Attributes:
        one: A row.
        other: The other row.
        alike: Jaccard index of their 5-grams, numbers masked, in [0.7, 1]; or the cosine of their embeddings, in
            [0.95, 1], if `in_words` is False.
        in_words: Whether they are alike by their words, and not by their embeddings alone.
    """

    one: Row
    other: Row
    alike: float
    in_words: bool = True

    def to_json(self) -> dict[str, Any]:
        """Returns the pair as plain JSON values."""
        return {
            "one": str(self.one.place),
            "other": str(self.other.place),
            "alike": self.alike,
            "in_words": self.in_words,
        }

    def __str__(self) -> str:
        how = "alike" if self.in_words else "alike by embedding"
        return f"{self.one.place} and {self.other.place}: {self.alike:.2f} {how}, but with different outputs"


def find_components(rows: Sequence[Row], pairs: Iterable[CosinePair] = (), advance: Advance = ignore) -> Index:
    """Finds the rows that must stay in one split. The partition does not depend on the order of the rows.

    Args:
        rows: The rows, without repeats.
        pairs: Pairs of inputs that embeddings find alike. Those with a cosine under 0.95 are not joined: at lower
            limits, chains of pairs join whole topics.
        advance: Is told how many rows are done.

    Returns:
        Row → the first row of its component.
    """
    union = Union(len(rows))
    forms = _near_forms(rows, union)
    texts = sorted(forms)
    join_near(texts, union, np.fromiter((forms[text] for text in texts), np.int64, len(texts)), advance)
    _join_equal(union, ((row.group, i) for i, row in enumerate(rows) if row.group is not None))
    close = [(folded(one), folded(other)) for one, other, cosine in pairs if cosine >= TWIN_COSINE]
    if close:
        at = {folded(row.text): i for i, row in enumerate(rows)}
        known = np.array([(at[a], at[b]) for a, b in close if a in at and b in at], np.int64).reshape(-1, 2)
        union.join(known[:, 0], known[:, 1])
    return union.root


def near_form(text: str, common: frozenset[str] = frozenset()) -> str:
    """Returns the form of an input in which near-duplicates are sought.

    Args:
        text: The input.
        common: Lines to leave out, such as an instruction.

    Returns:
        Letters and digits, with numbers masked.
    """
    return plain(masked(without_lines(text, common)))


def members_of(root: Index) -> Iterator[list[int]]:
    """Yields the rows of each component that has more than one, in the order of their first rows."""
    sizes = np.bincount(root, minlength=len(root))
    found: dict[int, list[int]] = defaultdict(list)
    for i in np.flatnonzero(sizes[root] > 1).tolist():
        found[int(root[i])].append(i)
    yield from found.values()


def large_components(rows: Sequence[Row], root: Index) -> tuple[Large, ...]:
    """Finds the components that hold more than 1% of the rows, the largest first."""
    found = []
    for members in members_of(root):
        if len(members) <= max(_LARGE_ROWS, len(rows) * _LARGE[0] // _LARGE[1]):
            continue
        texts = sorted({rows[i].text for i in members})
        samples = dict.fromkeys(texts[len(texts) * k // _SAMPLES if k < _SAMPLES - 1 else -1] for k in range(_SAMPLES))
        outputs = len({answer_form(rows[i].output) for i in members})
        one_form = len({masked(text) for text in texts}) == 1
        found.append(Large(len(members), outputs, tuple(samples), one_form))
    return tuple(sorted(found, key=lambda large: (-large.size, large.samples)))


def unlike_pairs(rows: Sequence[Row], root: Index, pairs: Iterable[CosinePair] = ()) -> tuple[Unlike, ...]:
    """Finds near-duplicates with different outputs, for people to look at. They are never merged.

    What an output copies from its own input does not count, so that "play Elvis" and "play Prince" are no finding if
    each output names its artist. Neither do rows that differ in numbers only.

    Args:
        rows: The rows of a task with labels or JSON outputs.
        root: Row → the first row of its component.
        pairs: Pairs of inputs that embeddings find alike.

    Returns:
        The pairs, those alike in words first, then the most alike first. In a component with more than 5 rows, each
        row is compared with the 4 after it in the order of the alphabet.
    """
    found = []
    for members in members_of(root):
        if len({answer_form(rows[i].output) for i in members}) == 1:
            continue
        chosen = sorted((rows[i] for i in members), key=lambda row: (row.text, row.place))
        before: deque[tuple[Row, str, frozenset[str], str]] = deque(maxlen=_COMPARED)
        for row in chosen:
            form, own = near_form(row.text), _own(row)
            grams = grams_of(form)
            for other, other_form, other_grams, other_own in before:
                alike = near(form, other_form, grams, other_grams) if own != other_own and form != other_form else None
                if alike is not None:
                    found.append(Unlike(other, row, alike))
            before.append((row, form, grams, own))
    found += _unlike_in_meaning(rows, pairs, {(pair.one.place, pair.other.place) for pair in found})
    return tuple(sorted(found, key=lambda pair: (not pair.in_words, -pair.alike, pair.one.text, pair.other.text)))


def _unlike_in_meaning(
    rows: Sequence[Row], pairs: Iterable[CosinePair], known: Container[tuple[Place, Place]]
) -> Iterator[Unlike]:
    """The pairs that embeddings find alike, with different outputs; without those that are known."""
    at = {folded(row.text): row for row in rows}
    for a, b, cosine in pairs:
        one, other = at.get(folded(a)), at.get(folded(b))
        if one is None or other is None or masked(one.text) == masked(other.text) or _own(one) == _own(other):
            continue
        if (one.place, other.place) not in known and (other.place, one.place) not in known:
            yield Unlike(one, other, cosine, in_words=False)


def _near_forms(rows: Sequence[Row], union: Union) -> Mapping[str, int]:
    """Form → the first row that has it; the rows of one form are joined."""
    common = boilerplate(row.text for row in rows)
    forms: dict[str, int] = {}
    first = np.fromiter((forms.setdefault(near_form(row.text, common), i) for i, row in enumerate(rows)), np.int64)
    union.join(first, np.arange(len(rows)))
    if common:  # then the same masked text may have two forms, depending on where its lines end
        _join_equal(union, ((masked(row.text), i) for i, row in enumerate(rows)))
    return forms


def _join_equal(union: Union, keyed: Iterable[tuple[str, int]]) -> None:
    first: dict[str, int] = {}
    pairs = np.array([(first.setdefault(key, i), i) for key, i in keyed], np.int64).reshape(-1, 2)
    union.join(pairs[:, 0], pairs[:, 1])


def _own(row: Row) -> str:
    """What a row's output says beyond what it copies from the input. A label is not copied."""
    if isinstance(row.output, str):
        return answer_form(row.output)
    return answer_form(_without_copies(row.output, _words(row.text)))


def _without_copies(output: Any, words: str) -> Any:
    """An output without the texts and numbers that stand in the input, and without the keys that have them."""
    if isinstance(output, dict):
        return {k: _without_copies(v, words) for k, v in output.items() if not _is_copied(v, words)}
    if isinstance(output, list):
        return [_without_copies(value, words) for value in output if not _is_copied(value, words)]
    return output


def _is_copied(value: Any, words: str) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and _words(str(value)) in words


def _words(text: str) -> str:
    """The words of a text, each between blanks."""
    return f" {' '.join(_WORD.findall(folded(text)))} "
