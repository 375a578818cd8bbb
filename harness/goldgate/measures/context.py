"""Who judges a gate: the level it is tested at, and where its verdict goes, wherever and whenever it is compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from goldgate.base.errors import UserError
from goldgate.measures.evidence import FAIL_LEVEL
from goldgate.measures.verdict import Judged, Reading, Verdict, check_reading


@dataclass(frozen=True)
class Recording:
    """How gates are tested and where verdicts go, within a block of `recording`.

    Attributes:
        level: Level of this look, per side, in (0, 0.5).
        reading: The suite's default reading.
        force: One reading for all gates (on dev, "observed"); None to use each gate's own.
        record: Called with every verdict and the measure it was given on.
        note: Added to the line of the estimate ("look 1 of golden 3f2a").
        error: The suite's error rate; None if none holds because golden was opened.
        sealed: Whether only verdicts are shown.

    Raises:
        UserError: The level is out of range, or a reading is unknown.
    """

    level: float = FAIL_LEVEL
    reading: Reading = "shown"
    force: Reading | None = None
    record: Callable[[Verdict, Judged], None] | None = None
    note: str = ""
    error: float | None = 0.05
    sealed: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.level < 0.5:
            raise UserError(f"a level must be between 0 and 0.5, not {self.level:g}", hint="the first look has 0.025")
        check_reading(self.reading)
        if self.force is not None:
            check_reading(self.force)

    def gate(self) -> Recording:
        """Returns itself: it is the same for every comparison."""
        return self

    def look(self) -> Recording:
        """Returns itself: it is the same for every number that is looked at."""
        return self


class Judge(Protocol):
    """Knows how a comparison is tested and recorded at the moment it is made. A `Recording` always answers itself."""

    def gate(self) -> Recording:
        """Returns how to test and record a comparison. Raises UserError if it cannot be recorded."""
        ...

    def look(self) -> Recording:
        """Returns the terms under which a number may be looked at without being recorded."""
        ...


_NONE = Recording()
_CURRENT: ContextVar[Judge] = ContextVar("goldgate_judge", default=_NONE)
_OPEN: list[Judge] = []
"""The active judges of this process, the innermost last."""


@contextmanager
def recording(how: Judge) -> Iterator[Judge]:
    """Context manager in which every gate is tested and recorded as specified.

    Outside any such block gates are tested at 2.5% and not recorded. A measure that has a judge of its own
    (`Use.judge`) is tested and recorded by that judge everywhere.

    Args:
        how: How to test and record.

    Yields:
        The same object.
    """
    token = _CURRENT.set(how)
    _OPEN.append(how)
    try:
        yield how
    finally:
        _OPEN.pop()
        _CURRENT.reset(token)


def current() -> Judge:
    """Finds the active judge.

    Returns:
        The innermost judge of this context. A thread that a test starts does not inherit the context, so there it is
        the process's latest.
    """
    here = _CURRENT.get()
    return here if here is not _NONE or not _OPEN else _OPEN[-1]
