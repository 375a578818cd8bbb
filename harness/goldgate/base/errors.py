"""The one error type that users see: what is wrong, where, and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

_SAID = 300  # characters of what a library says


class UserError(Exception):
    """Bad input, or something missing, that a person can fix.

    Attributes:
        what: The fault in one sentence.
        where: File, line and field, as far as they are known.
        hint: What to do next.
    """

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(what, where, hint)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.hint}" if self.hint else head


def joined(errors: Sequence[UserError]) -> UserError:
    """Joins errors into one, so that all faults are told at once.

    Args:
        errors: At least one error.

    Returns:
        The only error, or one that lists all of them.
    """
    if len(errors) == 1:
        return errors[0]
    return UserError(f"{len(errors)} faults", hint="\n  ".join(str(e).replace("\n  ", "\n    ") for e in errors))


def near_names(name: str, known: Iterable[str]) -> str:
    """Words the hint for an unknown name.

    Args:
        name: The unknown name.
        known: The names that would have been accepted.

    Returns:
        A question that offers up to three similar names, or a list of all known names if none is similar.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f'"{n}"' for n in near) + "?"
    return "known: " + (", ".join(names) if names else "none")


def first_words(error: BaseException) -> str:
    """Returns the first line of what a library's exception says, with its type where the words alone say little."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else ""
    whole = (
        said if isinstance(error, OSError | ValueError | RuntimeError) and said else f"{type(error).__name__} {said}"
    )
    return whole if len(whole) <= _SAID else whole[: _SAID - 1] + "…"
