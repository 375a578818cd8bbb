"""A measure under a reading of its own, as in `m.plausible >= 0.80`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from goldgate.measures import checks
from goldgate.measures.verdict import Reading, Verdict

if TYPE_CHECKING:
    from goldgate.measures.measure import Measure


class Read:
    """A measure with its own reading, as in `m.plausible >= 0.80`. It can only be compared."""

    def __init__(self, measure: Measure, reading: Reading) -> None:
        self.measure = measure
        self.reading: Reading = reading

    def __repr__(self) -> str:
        return f"{self.measure!r} {self.reading}"

    def __ge__(self, other: float | Measure | Read) -> Verdict:
        return self.measure.compare(">=", other, self.reading)

    def __le__(self, other: float | Measure | Read) -> Verdict:
        return self.measure.compare("<=", other, self.reading)

    def __gt__(self, other: object) -> NoReturn:
        raise checks.not_strict(self.measure.name, ">")

    def __lt__(self, other: object) -> NoReturn:
        raise checks.not_strict(self.measure.name, "<")

    def __eq__(self, other: object) -> NoReturn:
        raise checks.not_equal(self.measure.name)

    def __ne__(self, other: object) -> NoReturn:
        raise checks.not_equal(self.measure.name)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise checks.not_compared(self.measure.name)
