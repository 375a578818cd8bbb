"""Users' own metrics: a function of an example and an answer's text in the suite's folder, decorated with `@scorer`."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from types import FunctionType
from typing import Any, Literal, overload

import numpy as np

from goldgate.base.errors import UserError
from goldgate.base.extensions import suite_packages
from goldgate.scorers.score import Given, Score
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example
from goldgate.task.project import suite_files
from goldgate.task.task import Task

VERSION = 1  # raised when the same function may come to give the same answer another value
Better = Literal["high", "low"]
Function = Callable[[Example, str], "float | bool | tuple[float | bool, str] | Score"]
ROUNDING = 1e-6
"""How far beyond its bounds a value may lie, as a share of the larger bound: the rounding of 32-bit floats, such as a
cosine of 1.0000001, is corrected; more is an error of the function.
"""
_SHOWN = 80  # the most characters of what a function raised or returned


@dataclass(frozen=True, eq=False)
class OwnScorer:
    """A decorated function, which can still be called.

    Attributes:
        function: The user's function.
        better: Whether a "high" or a "low" value is better.
        bounds: The lowest and the highest value.
    """

    function: Function
    better: Better = "high"
    bounds: tuple[float, float] = (0.0, 1.0)

    def __call__(self, example: Example, text: str) -> float | bool | tuple[float | bool, str] | Score:
        return self.function(example, text)

    @property
    def name(self) -> str:
        return str(getattr(self.function, "__name__", self.function))

    def check(self, task: Task, metrics: Collection[str]) -> None:
        """Checks that a gate can use the scorer.

        Args:
            task: The task.
            metrics: Names that are taken.

        Raises:
            UserError: It has no name of its own, its arguments are wrong, or its code is outside of the suite.
        """
        if not isinstance(self.function, FunctionType) or not self.name.isidentifier():
            raise UserError(
                f"@scorer decorates a named function, not {self.function!r:.{_SHOWN}}",
                hint="put it above a function such as `def polite(example, text):`",
            )
        if self.name in metrics:
            raise UserError(f"this task already has a metric {self.name}", hint="give your function another name")
        if self.better not in ("high", "low"):
            raise UserError(
                f'{self.name}: better must be "high" or "low", not {self.better!r}', hint="fix its @scorer(..)"
            )
        if not (
            isinstance(self.bounds, (tuple, list))
            and len(self.bounds) == 2
            and all(isinstance(b, Real) for b in self.bounds)
        ):
            raise UserError(
                f"{self.name}: bounds must be two numbers, not {self.bounds!r:.{_SHOWN}}",
                hint="write @scorer(bounds=(0, 10))",
            )
        check_counted(self.function, self.name, task)

    def score(self, examples: Sequence[Example], answers: Sequence[Answer], closed: bool) -> list[Given]:
        """Scores answers, with the reasons that the function gives.

        Args:
            examples: What was asked.
            answers: The answer to each. A missing one stays missing; one that was cut off at the token limit gets the
                worst value, whatever it says.
            closed: Whether errors must not reveal what the examples contain.

        Returns:
            One value for each example.

        Raises:
            UserError: The function raises, or returns something that is not a number. It names the scorer and the
                example.
        """
        worst = float(self.bounds[0] if self.better == "high" else self.bounds[1])
        return [
            None if a.text is None else worst if a.finish == "length" else self._value(e, a.text, closed)
            for e, a in zip(examples, answers, strict=True)
        ]

    def _value(self, example: Example, text: str, closed: bool) -> Score:
        try:
            value: Any = self.function(
                copy.deepcopy(example), text
            )  # a copy, because the next scorer reads the same example
            value, reason = _with_reason(value)
            number = float(value) if isinstance(value, (Real, np.bool_)) else None
        except Exception as error:
            said = "" if closed else f": {str(error)!r:.{_SHOWN}}"
            raise UserError(
                f"{self.name} fails on example {example.id} with {type(error).__name__}{said}",
                self._place(error),
                "fix the function; with --split dev the whole error is shown",
            ) from error
        if number is None:
            said = type(value).__name__ if closed else f"{value!r:.{_SHOWN}}"
            raise UserError(
                f"{self.name} returns {said} for example {example.id}, which is not a number",
                self._place(None),
                "return a number, True or False for every answer, alone or as (number, reason)",
            )
        return Score(self._rounded(number), reason)

    def _rounded(self, number: float) -> float:
        low, high = (float(bound) for bound in self.bounds)
        slack = ROUNDING * max(abs(low), abs(high))
        inside = min(max(number, low), high)
        return inside if abs(number - inside) <= slack else number

    def _place(self, error: Exception | None) -> str:
        code = self.function.__code__ if isinstance(self.function, FunctionType) else None
        line = code.co_firstlineno if code else 0
        trace = error.__traceback__ if error else None
        while trace is not None:
            if trace.tb_frame.f_code is code:
                line = trace.tb_lineno
            trace = trace.tb_next
        return f"{next(_homes(self.function)) or ''}, line {line}"


def _with_reason(given: Any) -> tuple[Any, str]:
    """Splits what a function returned, which is (value, reason), a Score or only a value, into value and reason."""
    if isinstance(given, Score):
        return given.value, given.reason
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], str):
        return given
    return given, ""


def check_counted(function: Any, name: str, task: Task) -> None:
    """Checks that the code of a function is part of what a look counts.

    The code that decides a gate is part of the look; elsewhere, it could change unnoticed. A package that registers its
    scorers or perturbations is counted by its version.

    Args:
        function: The function.
        name: Its name, for the message.
        task: The task.

    Raises:
        UserError: The function is defined outside of the suite's folder, and not in such a package.
    """
    counted = {str(p.resolve()) for p in suite_files(task.folder)}
    for home in _homes(function):
        if home is None or not (str(Path(home).resolve()) in counted or _in_package(function, home)):
            raise UserError(
                f"the code of {name} is outside of its suite",
                home or "",
                f"move it into a test file or conftest.py in {task.folder}",
            )


def _in_package(function: Any, home: str) -> bool:
    """Returns whether a file belongs to a package that registers scorers or perturbations, whose version a look
    counts.
    """
    top = str(getattr(function, "__module__", "")).partition(".")[0]
    if top not in suite_packages():
        return False
    place = getattr(sys.modules.get(top), "__file__", None)
    return place is not None and (home == place or Path(home).is_relative_to(Path(place).parent / top))


def _homes(function: Any) -> Iterator[str | None]:
    """Yields the files of a function and of those that it wraps; None for one without a file."""
    while function is not None:
        yield function.__globals__.get("__file__") if isinstance(function, FunctionType) else None
        function = getattr(function, "__wrapped__", None)


@overload
def scorer(function: Function, /) -> OwnScorer: ...
@overload
def scorer(*, better: Better = ..., bounds: tuple[float, float] = ...) -> Callable[[Function], OwnScorer]: ...
def scorer(
    function: Function | None = None, /, *, better: Better = "high", bounds: tuple[float, float] = (0.0, 1.0)
) -> OwnScorer | Callable[[Function], OwnScorer]:
    """Makes a function of (example, answer text) a metric of a suite: `candidate.by(polite) >= 0.9`.

    The function's code must be in the suite's folder or in a conftest.py above it, because it is part of what
    identifies a look. Code that it imports from elsewhere is not counted, so keep the rule itself in the function. The
    scorer is checked when a gate uses it.

    Args:
        function: Returns a number in `bounds`, or True or False. It may add a reason, as in `return False, "the
            greeting is missing"`, which a failing gate shows next to the example.
        better: Whether a "high" or a "low" value is better; its gates must ask in that direction. An answer that was
            cut off gets the worst value.
        bounds: The lowest and the highest value. A value that lies beyond them by no more than the rounding of 32-bit
            floats (a millionth of the larger bound) is corrected; any other is an error.

    Returns:
        The function as a scorer, which can still be called.
    """
    if function is not None:
        return OwnScorer(function, better, bounds)
    return lambda decorated: OwnScorer(decorated, better, bounds)
