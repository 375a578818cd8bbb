"""The context in which gates are compared: at which level they are tested, and where their verdicts go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.measures.evidence import FAIL_LEVEL
from goldgate.measures.verdict import Judged, Reading, Verdict, check_reading


@dataclass(frozen=True)
class Recording:
    """How gates are tested and where verdicts go, for the block of `recording`.

    level: of this look, per side; reading: the suite's default; force: one reading for all gates (dev reads
    "observed"); record: called with every verdict and the measure it was given on; note: added to the line of the
    estimate ("look 1 of golden 3f2a"); error: the suite's, of which the level is a part, None where none holds because
    golden was opened; sealed: verdicts alone are told, and measures do not say their numbers.
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
            raise UserError(f"a level lies between 0 and 0.5, not {self.level:g}", hint="the first look has 0.025")
        check_reading(self.reading)
        if self.force is not None:
            check_reading(self.force)


_NONE = Recording()
_CURRENT: ContextVar[Recording] = ContextVar("goldgate_recording", default=_NONE)
_OPEN: list[Recording] = []
"""The recordings in force in this process, the innermost last."""


@contextmanager
def recording(how: Recording) -> Iterator[Recording]:
    """Within the block every gate is tested and recorded as `how` says; outside, at 2.5% and nowhere."""
    token = _CURRENT.set(how)
    _OPEN.append(how)
    try:
        yield how
    finally:
        _OPEN.pop()
        _CURRENT.reset(token)


def current() -> Recording:
    """The recording in force here. A thread that a test starts has no context of its own: there the last one counts."""
    here = _CURRENT.get()
    return here if here is not _NONE or not _OPEN else _OPEN[-1]


def check_unsealed(name: str) -> None:
    """Raises UserError where golden is sealed: the numbers of a measure of this name are not told."""
    if current().sealed:
        raise UserError(
            f"golden is sealed: the numbers of {name} are not told",
            hint="compare it, its verdict is told; or look at dev: pytest --split dev",
        )
