"""What a Scored looks at: which examples of a split, in which form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from goldgate.scorers.json_format import schema_valid
from goldgate.task.examples import Example, render_output
from goldgate.task.task import Task


class Perturbs(Protocol):
    """Another form of an example whose right answer is known: see `goldgate.perturb`."""

    @property
    def name(self) -> str: ...
    @property
    def oracle(self) -> Literal["must_not_change", "must_change"]: ...
    @property
    def plan(self) -> Callable[..., object]: ...

    def apply(self, example: Example, /) -> Example | None:
        """Returns the perturbed example, under the same id; None if the perturbation does not apply to it."""
        ...


@dataclass(frozen=True)
class View:
    """Which examples of a split a Scored covers.

    Attributes:
        ids: Their ids; None for all.
        note: What messages call them.
        explored: Why gates on them are refused; empty if they are not.
    """

    ids: frozenset[str] | None = None
    note: str = ""
    explored: str = ""

    def narrowed(self, ids: Iterable[str], note: str, explored: str = "") -> View:
        """Returns the examples of this view that are also among these."""
        chosen = frozenset(ids) if self.ids is None else self.ids & frozenset(ids)
        return View(chosen, f"{self.note}, {note}" if self.note else note, self.explored or explored)


WHOLE = View()
"""The whole split."""


def allowed(task: Task, example: Example) -> bool:
    """Returns whether the task allows an example's output: by its schema, or as one of its labels."""
    text = render_output(example.output)
    if task.kind == "label":
        return task.label(text) is not None
    return task.kind == "text" or schema_valid(task, example, text) == 1.0
