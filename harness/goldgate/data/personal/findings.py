"""What personal data and secrets the rows hold: counts and lines, with samples that show nothing of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from goldgate.base.errors import UserError
from goldgate.data.personal.find import found_in, parts_of, texts_of
from goldgate.data.personal.found import Found
from goldgate.data.personal.scrub import masked_text
from goldgate.data.row import Place, Row
from goldgate.task.examples import Example

_AROUND = 30  # characters shown on either side
_SAMPLES = 3
_LISTED = 20  # places that a message lists


@dataclass(frozen=True)
class Finding:
    """Personal data, or secrets, of one kind.

    Attributes:
        kind: What it is.
        secret: Whether it gives access to something.
        count: How often it occurs.
        places: The rows that hold it, in order.
        samples: A few of them, one from a row, each with the words around it and its kind in its place.
    """

    kind: str
    secret: bool
    count: int
    places: tuple[Place, ...]
    samples: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns the finding as plain JSON values."""
        return {
            "kind": self.kind,
            "secret": self.secret,
            "count": self.count,
            "places": [str(place) for place in self.places],
            "samples": list(self.samples),
        }


def find_in_rows(rows: Iterable[tuple[Place, Row | Example]]) -> tuple[Finding, ...]:
    """Finds personal data and secrets in rows.

    Args:
        rows: The rows, or examples, each with the place where it stands.

    Returns:
        A finding for each kind: secrets first, then the most frequent.
    """
    counts: dict[tuple[bool, str], int] = defaultdict(int)
    places: dict[tuple[bool, str], dict[Place, None]] = defaultdict(dict)
    samples: dict[tuple[bool, str], list[str]] = defaultdict(list)
    for place, row in rows:
        for name, value in parts_of(row):
            for lead, text in texts_of(value):
                found = found_in(lead, text)
                for one in found:
                    kind = (one.secret, one.kind)
                    counts[kind] += 1
                    new = place not in places[kind]
                    places[kind][place] = None
                    if new and len(samples[kind]) < _SAMPLES:
                        samples[kind].append(f"{place}, {name}: {_sample(text, one, found)}")
    order = sorted(counts, key=lambda kind: (not kind[0], -counts[kind], kind[1]))
    return tuple(Finding(k[1], k[0], counts[k], tuple(places[k]), tuple(samples[k])) for k in order)


def _sample(text: str, one: Found, found: list[Found]) -> str:
    """The words around one find. Others are masked before the text is cut, so that no part of one remains."""
    at = len(masked_text(text[: one.start], [f for f in found if f.end <= one.start]))
    whole = masked_text(text, found)
    end = at + len(one.kind) + 2
    start, stop = max(0, at - _AROUND), min(len(whole), end + _AROUND)
    return f"{'…' if start else ''}{' '.join(whole[start:stop].split())}{'…' if stop < len(whole) else ''}"


def check_secrets(findings: Iterable[Finding], remedy: str) -> None:
    """Refuses secrets.

    Args:
        findings: What was found.
        remedy: What to do about secrets.

    Raises:
        UserError: There are secrets; the error lists their lines, and nothing of them.
    """
    found = [one for one in findings if one.secret]
    if not found:
        return
    lines = [f"{place}: {one.kind}" for one in found for place in one.places]
    more = [f"and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
    raise UserError(
        f"{sum(one.count for one in found)} secrets, which a model would learn and repeat:\n  "
        + "\n  ".join([*lines[:_LISTED], *more]),
        hint=remedy,
    )
