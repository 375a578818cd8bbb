"""Who judges comparisons in a process that runs golden suites: never a default level, and never unrecorded.

A measure that comes from a suite's subject carries its suite's judge wherever it goes: into a module's variable,
another suite, a test outside of suites, a thread. While a test of the suite runs, in any phase, its verdict is recorded
there. At any other time the comparison is an error, and the suite is left without a verdict.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Self

from goldgate.base.errors import UserError
from goldgate.measures import Judge, Recording
from goldgate.plugin.place import suite_folder


class SuiteJudge:
    """Judges the measures of one suite.

    Args:
        name: Name of the task.
        terms: Returns the suite's terms, taking a look first if the run needs one. Raises UserError if it may not.

    Attributes:
        running: The run of the suite's test that is under way; None between tests.
        settled: The suite's terms once they are known; the default ones before.
        strays: Where measures were compared while no test of the suite was running.
    """

    def __init__(self, name: str, terms: Callable[[], Recording]) -> None:
        self._name = name
        self._terms = terms
        self.running: Judge | None = None
        self.settled = Recording()
        self.strays: list[str] = []

    def settle(self) -> Recording:
        """Returns the suite's terms. Raises UserError if they cannot be settled."""
        self.settled = self._terms()
        return self.settled

    def gate(self) -> Recording:
        """Returns how to test and record a comparison. Raises UserError if no test of the suite is running."""
        if self.running is None:
            raise self.stray()
        return self.running.gate()

    def look(self) -> Recording:
        """Returns the terms under which numbers may be looked at."""
        return self.settled

    def stray(self) -> UserError:
        """Notes a comparison that belongs to no test, and returns the error to raise for it."""
        place = _place()
        self.strays.append(place)
        return UserError(
            f"a measure of suite {self._name} is compared while no test of the suite is running",
            place,
            "compare it in a test, or in a fixture that a test uses: elsewhere its verdict cannot be recorded",
        )

    def told(self) -> list[str]:
        """Returns where measures were compared while no test of the suite was running, as reasons against a verdict."""
        return [f"{place}: a measure was compared outside of its tests" for place in dict.fromkeys(self.strays)]

    def __reduce__(self) -> NoReturn:
        raise UserError(
            f"a measure of suite {self._name} cannot be sent to another process",
            hint="compare it in the test itself: in another process its verdict cannot be recorded",
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class Elsewhere:
    """Judges measures that belong to no suite, such as `Measure([..])`, while no test of a suite is running.

    Args:
        judge_at: Returns the judge of the suite in a folder.

    Attributes:
        other_test: Whether a test outside of all suites is running, which may compare its own measures as it likes.
    """

    def __init__(self, judge_at: Callable[[Path], SuiteJudge | None]) -> None:
        self._judge_at = judge_at
        self.other_test = False

    def gate(self) -> Recording:
        """Returns the default terms. Raises UserError if code of a suite is comparing, as while it is imported."""
        if not self.other_test and (found := _suite_frame()) is not None:
            judge = self._judge_at(found[0])
            if judge is not None:
                raise judge.stray()
        return Recording()

    def look(self) -> Recording:
        """Returns the default terms."""
        return Recording()


def _suite_frame() -> tuple[Path, int] | None:
    """The file and line of a suite's code that this thread is executing, the innermost; None if there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if suite_folder(path) is not None:
            return path, frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _place() -> str:
    """Where a comparison is made, for its message: the suite's line, else the innermost line that is not ours."""
    if (found := _suite_frame()) is not None:
        return f"{found[0].parent.name}/{found[0].name}, line {found[1]}"
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("goldgate."):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"
