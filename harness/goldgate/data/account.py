"""The account of a preparation: rows in = kept + merged + set aside, by reason and line, to the row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from goldgate.base.errors import UserError
from goldgate.data.row import Place
from goldgate.data.steps import Step, untold


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that does not become an example.

    Attributes:
        place: Where it stands.
        reason: The kind of cause in a few words, the same for all rows of that cause ("empty output").
        detail: What is particular to this row; empty if the reason says all.
        raw: The row as it was read, as far as it could be read; what personal data and secrets it holds is replaced.
    """

    place: Place
    reason: str
    detail: str = ""
    raw: Any = None


@dataclass(frozen=True, slots=True)
class Merged:
    """A row that another one stands for.

    Attributes:
        place: Where it stands.
        into: Where the row stands that is kept.
        reason: The kind of cause ("same input and output").
    """

    place: Place
    into: Place
    reason: str


@dataclass(frozen=True)
class Decision:
    """What was decided for the user, who may decide otherwise.

    Attributes:
        what: What was decided on ("delimiter").
        value: The decision (";").
        reason: Why, with the counts that speak for it.
        option: The option that decides otherwise ("--delimiter"); empty if there is none.
    """

    what: str
    value: str
    reason: str
    option: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.value} ({self.reason}{f'; {self.option} decides otherwise' if self.option else ''})"


@dataclass
class Account:
    """What became of every row. It is shown whole when a command ends, also when it refuses.

    Attributes:
        read: File → number of rows read.
        aside: The rows set aside.
        merged: The rows that another one stands for.
        kept: Number of rows that became examples.
        decisions: What was decided for the user.
        remarks: Findings that changed no row.
        step: Shows what is being done, where somebody wants to see it.
    """

    read: Counter[str] = field(default_factory=Counter)
    aside: list[SetAside] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    kept: int = 0
    decisions: list[Decision] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    step: Step = field(default=untold, repr=False, compare=False)

    def set_aside(self, place: Place, reason: str, detail: str = "", raw: Any = None) -> None:
        """Enters a row that does not become an example."""
        self.aside.append(SetAside(place, reason, detail, raw))

    def merge(self, place: Place, into: Place, reason: str) -> None:
        """Enters a row that another one stands for."""
        self.merged.append(Merged(place, into, reason))

    def decide(self, what: str, value: str, reason: str, option: str = "") -> None:
        """Enters a decision, once."""
        decision = Decision(what, value, reason, option)
        if decision not in self.decisions:
            self.decisions.append(decision)

    @property
    def open(self) -> int:
        """Number of rows that nothing was said of: 0 when the preparation has ended."""
        return sum(self.read.values()) - self.kept - len(self.merged) - len(self.aside)

    def reasons(self) -> dict[str, int]:
        """Reason → number of rows set aside for it, the most frequent first."""
        return dict(Counter(row.reason for row in self.aside).most_common())

    def merges(self) -> dict[str, int]:
        """Reason → number of rows merged for it, the most frequent first."""
        return dict(Counter(row.reason for row in self.merged).most_common())

    def to_json(self) -> dict[str, Any]:
        """Returns counts, reasons and decisions as plain JSON values; the places are in rejects.jsonl."""
        found = {
            "rows": {
                "read": sum(self.read.values()),
                "kept": self.kept,
                "merged": len(self.merged),
                "set_aside": len(self.aside),
                "undecided": self.open,
            },
            "files": dict(self.read),
            "set_aside": self.reasons(),
            "merged": self.merges(),
            "decisions": [asdict(decision) for decision in self.decisions],
            "remarks": list(self.remarks),
        }
        plain: dict[str, Any] = _plain(found)
        return plain


def _plain(value: Any) -> Any:
    """Writes half of a surrogate pair, from a key or a cell of a file, as its escape: it could not become UTF-8."""
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


class Refused(UserError):
    """Data that cannot become a task, with the account of what was read until then.

    Attributes:
        account: What became of the rows.
    """

    def __init__(self, error: UserError, account: Account) -> None:
        super().__init__(error.what, error.where, error.hint)
        self.account = account


def places(found: Iterable[Place], most: int | None = None) -> str:
    """Lists places, with lines that follow each other joined.

    Args:
        found: The places.
        most: The most runs of lines that are named; None for all.

    Returns:
        Text such as "orders.csv, lines 3, 7-9; more.csv, line 2".
    """
    runs: dict[tuple[str, str], list[list[int]]] = {}
    for place in sorted(set(found)):
        lines = runs.setdefault((place.file, place.unit), [])
        if lines and place.number == lines[-1][1] + 1:
            lines[-1][1] = place.number
        else:
            lines.append([place.number, place.number])
    parts, left = [], most
    for (file, unit), lines in runs.items():
        named = lines if left is None else lines[:left]
        if named:
            one = len(lines) == 1 and lines[0][0] == lines[0][1]
            numbers = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in named)
            parts.append(f"{file}, {unit}{'' if one else 's'} {numbers}")
        left = None if left is None else left - len(named)
    hidden = sum(map(len, runs.values())) - (most or 0)
    return "; ".join(parts) + (" .." if most is not None and hidden > 0 else "")
