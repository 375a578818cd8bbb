"""What may be done with a measure, and the numbers that a suite gets from one.

A threshold or a slice that depends on the answers makes the error rate of a gate meaningless. So a suite gets numbers
that know where they come from: they are refused as thresholds. While golden decides they are not there at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from goldgate.base.errors import UserError

if TYPE_CHECKING:
    from goldgate.measures.context import Judge

Hold = Literal["open", "marked", "hidden", "sealed"]
"""How a measure gives its numbers away, from the most open to the least.

open: as plain numbers, outside of suites. marked: as estimates, which are refused as thresholds; in a suite on dev.
hidden: not at all, in a suite on golden, whose summary shows them; sealed: the same, and the summary has none either.
"""
_ORDER: tuple[Hold, ...] = ("open", "marked", "hidden", "sealed")
_LOOK = (
    "looking compares nothing: gate the measure itself, assert candidate.exact_match >= 0.90, and look on dev:"
    " pytest --split dev"
)
SUBTRACT = (
    "compare the measures themselves, so that the chance in both counts:"
    " assert candidate.exact_match - prompted.exact_match >= 0.05"
)


@dataclass(frozen=True)
class Use:
    """What may be done with a measure.

    Attributes:
        explored: Why it may be viewed but never gated; empty if it may be gated.
        one_way: Whether only comparisons towards better values are allowed. It is for values that are set to the worst
            one when nothing is known: in the other direction that would be the best one.
        hold: How it gives its numbers away.
        judge: Who tests and records its comparisons wherever they are made; None for whoever does so at that moment.
        against: Who stands behind the roles that it depends on, where that depends on the metric, in words.
    """

    explored: str = ""
    one_way: bool = False
    hold: Hold = "open"
    judge: Judge | None = None
    against: tuple[str, ...] = ()

    def and_(self, other: Use) -> Use:
        """Returns the use of something that depends on both."""
        hold = max(self.hold, other.hold, key=_ORDER.index)
        judge = self.judge or other.judge
        against = tuple(dict.fromkeys((*self.against, *other.against)))
        return Use(self.explored or other.explored, self.one_way or other.one_way, hold, judge, against)

    @property
    def hides(self) -> bool:
        return self.hold in ("hidden", "sealed")

    def check_open(self, name: str) -> None:
        """Raises UserError if the numbers behind this are hidden.

        Args:
            name: What they are of.
        """
        if self.hides:
            raise _hidden(name, sealed=self.hold == "sealed")

    def number(self, value: float, name: str) -> float:
        """Returns a number that depends on the answers, as far as it may be known.

        Args:
            value: The number.
            name: What it is of.

        Returns:
            The number itself; in a suite, an Estimate.
        """
        if self.hold == "open":
            return value
        return Estimate(math.nan if self.hides else value).of(name, sealed=self.hold == "sealed")


OPEN = Use()
"""Everything may be done with it."""


class Estimate(float):
    """A number that depends on the answers.

    It can be printed and calculated with, and what is calculated from it is an estimate too. A gate refuses it as a
    threshold. If it is hidden its value is NaN, so that no way of converting it gives anything away; comparing it with
    a number is then an error, and it prints as "hidden".
    """

    name: str = "a measure"
    sealed: bool = False

    def of(self, name: str, *, sealed: bool = False) -> Estimate:
        """Names the measure that the number is of. Returns the same object."""
        self.name, self.sealed = name, sealed
        return self

    def __repr__(self) -> str:
        return "hidden" if math.isnan(self) else super().__repr__()

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "hidden" if math.isnan(self) else super().__format__(spec)

    def __round__(self, digits: Any = None) -> Any:
        return self if math.isnan(self) else Estimate(super().__round__(digits or 0)).of(self.name)

    def __bool__(self) -> bool:
        return bool(self._compared("__ne__", 0.0))

    def __eq__(self, other: object) -> Any:
        return self._compared("__eq__", other)

    def __ne__(self, other: object) -> Any:
        return self._compared("__ne__", other)

    def __lt__(self, other: Any) -> Any:
        return self._compared("__lt__", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("__le__", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared("__gt__", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared("__ge__", other)

    __hash__ = float.__hash__

    def _compared(self, op: str, other: object) -> Any:
        found = getattr(float, op)(self, other)
        if found is not NotImplemented and math.isnan(self):
            raise _hidden(self.name, sealed=self.sealed)
        return found


def _keeps(op: str) -> Any:
    """An operator of float whose result is an estimate too."""

    def apply(self: Estimate, *others: Any) -> Any:
        found = getattr(float, op)(self, *others)
        return Estimate(found).of(self.name, sealed=self.sealed) if isinstance(found, float) else found

    return apply


for _op in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    for _name in (f"__{_op}__", f"__r{_op}__"):
        setattr(Estimate, _name, _keeps(_name))
for _name in ("__neg__", "__pos__", "__abs__"):
    setattr(Estimate, _name, _keeps(_name))


def _hidden(name: str, *, sealed: bool) -> UserError:
    return UserError(f"golden {'is sealed' if sealed else 'decides'}: the numbers of {name} are hidden", hint=_LOOK)


def refuse_estimate(name: str, number: object) -> None:
    """Raises UserError if a number that enters a gate depends on the answers.

    Args:
        name: Name of the measure that it is compared or combined with.
        number: The number.
    """
    if isinstance(number, Estimate):
        raise UserError(f"{name} is compared with an estimate of {number.name}, as if that were certain", hint=SUBTRACT)


def built_from_estimates(name: str, values: Any) -> str:
    """Returns why a measure of these values is never gated; empty if none of them is an estimate."""
    found = next((v for v in values if isinstance(v, Estimate)), None)
    return "" if found is None else f"{name} was built from values of {found.name}"
