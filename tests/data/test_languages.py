"""The languages of inputs: short and doubtful texts belong to none, and rare ones are listed."""

from __future__ import annotations

from goldgate.data.languages import languages
from goldgate.data.row import Place, Row

ENGLISH = "I am still waiting for the new card that I ordered two weeks ago"


def rows(*texts: str) -> list[Row]:
    return [Row(text, "x", Place("a.csv", n)) for n, text in enumerate(texts, 2)]


def test_rows_of_a_rare_language_are_listed_and_all_are_counted() -> None:
    found = languages(rows(*[ENGLISH] * 30, "Ich warte immer noch auf die neue Karte, die ich bestellt habe", "ok"))
    assert (found.counts, found.unsure) == ({"en": 30, "de": 1}, 1)
    assert {code: [str(place) for place in places] for code, places in found.rare.items()} == {"de": ["a.csv, line 32"]}
    assert str(found) == "en 96.8%, de 3.2% (31 rows; 1 more are too short or too mixed to say)"


def test_doubtful_and_short_texts_belong_to_no_language() -> None:
    found = languages(rows(ENGLISH, "42 - 17", "hola"), identify=lambda text: ("es", 0.89))
    assert (found.counts, found.unsure, found.rare) == ({}, 3, {})


def test_a_language_of_many_rows_is_not_rare() -> None:
    said = {ENGLISH: ("en", 1.0), ENGLISH[::-1]: ("xx", 0.9)}
    found = languages(rows(ENGLISH, ENGLISH[::-1]), identify=said.__getitem__)
    assert (found.counts, found.rare) == ({"en": 1, "xx": 1}, {})
