"""A perturbation: edits of an example's input, with an oracle for what the right answer then is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

from goldgate.task.examples import Example

Oracle = Literal["must_not_change", "must_change"]


@dataclass(frozen=True)
class Edit:
    """Replaces characters `start` to `end` of the input (for a chat, of its last message) with `text`.

    Attributes:
        start: First character to replace.
        end: The character after the last one to replace.
        text: The replacement.
        answer: (old, new) if a value of the expected output changes too: a number or text that occurs there once.
    """

    start: int
    end: int
    text: str
    answer: tuple[Any, Any] | None = None

    def overlaps(self, other: Edit) -> bool:
        """Returns whether both edits would replace the same character; two insertions at one place do not overlap."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Perturbation:
    """Edits of an input whose right answer stays the same (must_not_change) or changes in a known way (must_change).

    Attributes:
        name: Its name.
        oracle: must_not_change or must_change.
        plan: Returns the edits of one example, none if the perturbation does not apply. They must not overlap, and any
            subset of them must keep the oracle too, so that a search can undo edits one by one.
    """

    name: str
    oracle: Oracle
    plan: Callable[[Example, Random], Sequence[Edit]]

    def edits(self, example: Example, seed: int = 0) -> tuple[Edit, ...]:
        """Returns the edits of one example, the same on every machine for the same content, name and seed."""
        return tuple(self.plan(example, Random(f"{self.name}/{seed}/{example.digest}")))

    def apply(self, example: Example, seed: int = 0) -> Example | None:
        """Returns the perturbed example, under the same id; None if the perturbation does not apply to it."""
        edits = self.edits(example, seed)
        changed = edited(example, edits) if edits else example
        return None if changed.input == example.input else changed


def body(example: Example) -> str:
    """Returns the text that edits refer to: the input, or the last message of a chat (the user's)."""
    return example.input if isinstance(example.input, str) else example.input[-1]["content"]


def edited(example: Example, edits: Iterable[Edit]) -> Example:
    """Applies edits, which must not overlap, to an example's input and to every accepted output."""
    text = body(example)
    outputs = list(example.answers)
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
        if edit.answer is not None:
            outputs = [swapped(o, *edit.answer) for o in outputs]
    whole = text if isinstance(example.input, str) else (*example.input[:-1], {**example.input[-1], "content": text})
    return replace(example, input=whole, output=outputs[0], accept=tuple(outputs[1:]))


def merged(plans: Iterable[Iterable[Edit]]) -> tuple[Edit, ...]:
    """Combines the edits of several perturbations of one example; of two that overlap, the first wins."""
    kept: list[Edit] = []
    for edit in (e for plan in plans for e in plan):
        if not any(edit.overlaps(k) for k in kept):
            kept.append(edit)
    return tuple(kept)


def leaves(value: Any) -> list[Any]:
    """Returns every value in an output that is neither an object nor a list."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


def same_leaf(one: Any, other: Any) -> bool:
    """Returns whether two leaves are the same JSON value: 1 and 1.0 are, 1 and true are not."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def swapped(output: Any, old: Any, new: Any) -> Any:
    """Replaces one leaf of an output; for an output that is a text, a text within it."""
    if isinstance(output, str) and isinstance(old, str):
        return output.replace(old, str(new), 1)
    return _with_leaf(output, old, new)


def _with_leaf(value: Any, old: Any, new: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_leaf(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_leaf(inner, old, new) for inner in value]
    return new if same_leaf(value, old) else value
