"""The one error that users see: what is wrong, where, and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Bad input or a missing thing that a person can mend.

    what: the fault in one sentence; where: file, line and field, as far as known; hint: what to do next.
    """

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(what, where, hint)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.hint}" if self.hint else head


def near_names(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the nearest names, or all of them where none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f'"{n}"' for n in near) + "?"
    return "known: " + (", ".join(names) if names else "none")
