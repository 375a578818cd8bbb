"""A verdict with its place in the suite, as reports carry it from the process that ran the gate to the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldgate.measures import Verdict


@dataclass(frozen=True)
class Spoken:
    """A verdict with its place in the suite.

    Attributes:
        verdict: The verdict.
        path: The test file, as shown to the user.
        line: The gate's line; None if it is not known.
        clustered: The fields by whose values the gate passes only if their examples count one by one.
    """

    verdict: Verdict
    path: str
    line: int | None
    clustered: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path

    def to_json(self) -> dict[str, Any]:
        """Returns plain JSON values; `from_json` is the inverse."""
        return {
            "path": self.path,
            "line": self.line,
            "verdict": self.verdict.to_json(),
            "clustered": list(self.clustered),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Spoken:
        """Restores a verdict from `to_json`.

        Raises:
            UserError: A field of the verdict is missing or unknown.
        """
        from goldgate.measures import Verdict

        return cls(Verdict.from_json(raw["verdict"]), raw["path"], raw["line"], tuple(raw["clustered"]))
