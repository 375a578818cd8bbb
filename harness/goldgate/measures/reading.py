"""A measure under a reading of its own, as in `m.plausible >= 0.80`."""

from __future__ import annotations

from typing import Any, Generic, NoReturn, Protocol, TypeVar

from goldgate.measures import checks
from goldgate.measures.evidence import Op
from goldgate.measures.refusals import Refusals
from goldgate.measures.verdict import Reading, Verdict


class Gated(Protocol):
    """What can be read in another way: a measure."""

    @property
    def name(self) -> str: ...

    def compare(self, op: Op, right: Any, reading: Reading | None = None) -> Verdict: ...


M = TypeVar("M", bound=Gated)


class Read(Refusals, Generic[M]):
    """A measure with its own reading, as in `m.plausible >= 0.80`. It can only be compared."""

    def __init__(self, measure: M, reading: Reading) -> None:
        self.measure = measure
        self.reading: Reading = reading

    def __repr__(self) -> str:
        return f"{self.measure!r} {self.reading}"

    @property
    def _said(self) -> str:
        return f"{self.measure.name}.{self.reading}"

    def __ge__(self, other: float | M | Read[M]) -> Verdict:
        return self.measure.compare(">=", other, self.reading)

    def __le__(self, other: float | M | Read[M]) -> Verdict:
        return self.measure.compare("<=", other, self.reading)

    def _early(self, *others: object) -> NoReturn:
        raise checks.reading_too_early(self._said, self.reading)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = _early
