"""What a Scored looks at: which examples of a split, in which form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from goldgate.base.errors import UserError
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
_SELECTING: ContextVar[str] = ContextVar("goldgate_selecting", default="")
"""Name of the slice whose predicate is running; empty outside of one."""


@contextmanager
def selecting(note: str) -> Iterator[None]:
    """Context manager in which a predicate of examples runs, which may read no subject's answers.

    Args:
        note: Name of the slice.
    """
    token = _SELECTING.set(note)
    try:
        yield
    finally:
        _SELECTING.reset(token)


def check_not_selecting(name: str) -> None:
    """Raises UserError if a predicate of examples is reading something that depends on answers.

    Args:
        name: What it reads.
    """
    if note := _SELECTING.get():
        raise UserError(
            f"the slice {note} reads {name}, so it was chosen by answers and cannot be gated",
            hint="choose by the input or by tags; to look at a slice by answers, on dev:"
            " candidate.where(lambda example, answer: ..)",
        )


def other_form(task: Task, example: Example, perturbation: Perturbs, *, grouped: bool) -> Example | None:
    """Returns an example in its other form.

    Args:
        task: The task.
        example: The example.
        perturbation: What changes it.
        grouped: Whether examples are grouped, so that those without a group form one of their own.

    Returns:
        The example; None if the perturbation does not apply to it or asks for an output that the task does not allow.

    Raises:
        UserError: The perturbation changes something that it must not.
    """
    made = perturbation.apply(example)
    if made is None or made.input == example.input:
        return None
    if perturbation.oracle == "must_change" and not allowed(task, made):
        return None
    if made.id != example.id or (perturbation.oracle == "must_not_change" and made.answers != example.answers):
        raise UserError(
            f"{perturbation.name} must not change {example.id}'s id or expected output, but does",
            hint='set its oracle to "must_change" if the expected output changes',
        )
    return replace(made, group=example.group or example.id) if grouped else made


def allowed(task: Task, example: Example) -> bool:
    """Returns whether the task allows an example's output: by its schema, or as one of its labels."""
    text = render_output(example.output)
    if task.kind == "label":
        return task.label(text) is not None
    return task.kind == "text" or schema_valid(task, example, text) == 1.0
