"""Operations that no measure has: each is an error of one line that says what to write instead."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NoReturn

from goldgate.measures import checks
from goldgate.measures.checks import NoOperation

_PRINT = 'to print the estimate, write f"{m:.3f}" or m.value; to gate, compare m itself: assert m >= 0.90'
_MEAN = "add, subtract, or multiply by a number; compare two measures as m >= 2 * other"


class Refusals(ABC):
    """The operations that neither a measure nor a measure with its reading has."""

    __array_ufunc__ = None  # numpy's scalars on the left leave the comparison and the arithmetic to the measure

    @property
    @abstractmethod
    def _said(self) -> str:
        """What messages call it."""

    def __gt__(self, other: object) -> NoReturn:
        raise checks.not_strict(self._said, ">")

    def __lt__(self, other: object) -> NoReturn:
        raise checks.not_strict(self._said, "<")

    def __eq__(self, other: object) -> NoReturn:
        raise checks.not_equal(self._said)

    def __ne__(self, other: object) -> NoReturn:
        raise checks.not_equal(self._said)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise checks.not_compared(self._said)

    def __iter__(self) -> NoReturn:
        raise NoOperation(
            f"{self._said} is one measure, not a list of values", hint="candidate.values(..) has them on dev"
        )

    def __getitem__(self, key: object) -> NoReturn:
        raise NoOperation(f"{self._said}[{key!r:.40}]: a measure has no items", hint='slice by a tag: m.on("tag")')


def _refused(op: str, written: str, why: str, hint: str) -> Any:
    def refuse(self: Refusals, *others: object) -> NoReturn:
        raise NoOperation(f"{written.format(m=self._said)}: {why}", hint=hint)

    refuse.__name__ = op
    return refuse


_NUMBER = "a measure is not a number, it has an interval"
_NO_MEAN = "this is not a mean over examples, so it has no interval of its own"
_NEITHER = "a measure is neither true nor false"
_APART = "write each comparison in an assert of its own: assert m >= 0.8"
_ONE = {
    "float": ("float({m})", _NUMBER, _PRINT),
    "int": ("int({m})", _NUMBER, _PRINT),
    "complex": ("complex({m})", _NUMBER, _PRINT),
    "index": ("{m} as a position", _NUMBER, _PRINT),
    "round": ("round({m})", _NUMBER, _PRINT),
    "trunc": ("trunc({m})", _NUMBER, _PRINT),
    "floor": ("floor({m})", _NUMBER, _PRINT),
    "ceil": ("ceil({m})", _NUMBER, _PRINT),
    "len": ("len({m})", "it is one measure", "its number of examples is m.n"),
    "abs": ("abs({m})", _NO_MEAN, "write two gates: m <= 0.05 and m >= -0.05"),
    "invert": ("~{m}", _NEITHER, "the share of the other examples is 1 - m"),
    "rtruediv": (".. / {m}", _NO_MEAN, _MEAN),
}
_TWO = {"pow": "**", "floordiv": "//", "mod": "%", "divmod": "divmod", "matmul": "@"}
_LOGIC = {"and": "&", "or": "|", "xor": "^"}
for _op, (_written, _why, _hint) in _ONE.items():
    setattr(Refusals, f"__{_op}__", _refused(f"__{_op}__", _written, _why, _hint))
for _op, _sign in (_TWO | _LOGIC).items():
    _why, _hint = (_NEITHER, _APART) if _op in _LOGIC else (_NO_MEAN, _MEAN)
    for _name, _written in ((f"__{_op}__", f"{{m}} {_sign} .."), (f"__r{_op}__", f".. {_sign} {{m}}")):
        setattr(Refusals, _name, _refused(_name, _written, _why, _hint))
