"""The languages of the inputs. Short and doubtful texts are not assigned to one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from goldgate.base.extras import require
from goldgate.data.row import Place, Row

LIBRARY = "py3langid"
LETTERS = 20
"""A text with fewer letters says too little. With this and the confidence below, none of 14,200 English questions and
voice requests was assigned to another language."""
CONFIDENCE = 0.9
RARE = 0.05
"""A language with a smaller share of the assigned texts is rare, and its rows are listed."""


@dataclass(frozen=True)
class Languages:
    """The languages of some inputs.

    Attributes:
        counts: ISO 639-1 code → number of rows, the most frequent first.
        unsure: Number of rows that are too short or too doubtful.
        rare: Code of a rare language → its rows.
    """

    counts: Mapping[str, int]
    unsure: int
    rare: Mapping[str, tuple[Place, ...]]

    def to_json(self) -> dict[str, Any]:
        """Returns the languages as plain JSON values."""
        rare = {code: [str(place) for place in places] for code, places in self.rare.items()}
        return {"counts": dict(self.counts), "unsure": self.unsure, "rare": rare}

    def __str__(self) -> str:
        sure = sum(self.counts.values())
        shares = ", ".join(f"{code} {count / sure:.1%}" for code, count in self.counts.items())
        return f"{shares or 'none'} ({sure} rows; {self.unsure} more are too short or too mixed to say)"


def languages(rows: Iterable[Row], identify: Callable[[str], tuple[str, float]] | None = None) -> Languages:
    """Finds the languages of inputs. Nothing is left out for its language.

    Args:
        rows: The rows.
        identify: A text to a language and the confidence in it, in [0, 1]; by default py3langid.

    Returns:
        Counts, and the rows of rare languages.

    Raises:
        UserError: The package py3langid is not installed.
    """
    identify = identify or _py3langid()
    places: dict[str, list[Place]] = defaultdict(list)
    unsure = 0
    for row in rows:
        code, confidence = identify(row.text) if sum(map(str.isalpha, row.text)) >= LETTERS else ("", 0.0)
        if confidence >= CONFIDENCE:
            places[code].append(row.place)
        else:
            unsure += 1
    counts = dict(Counter({code: len(found) for code, found in sorted(places.items())}).most_common())
    sure = sum(counts.values())
    rare = {code: tuple(places[code]) for code, count in counts.items() if count < RARE * sure}
    return Languages(counts, unsure, rare)


@cache
def _py3langid() -> Callable[[str], tuple[str, float]]:
    require(LIBRARY)
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def identify(text: str) -> tuple[str, float]:
        code, confidence = identifier.classify(text)
        return str(code), float(confidence)

    return identify
