"""The one form in which labels are compared, and what is said of texts that look alike."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.task.form import apart, first_difference, text_form


@given(st.text())
def test_the_form_is_its_own_form_and_knows_no_composition_and_no_ends(text: str) -> None:
    form = text_form(text)
    assert text_form(form) == form
    assert text_form(f" \t{unicodedata.normalize('NFD', text)}\u00a0\r\n") == form


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("caf\u00e9", "cafe\u0301", "character 4 is U+0065 U+0301, not U+00E9"),
        ("a b", "a\u00a0b", "character 2 is U+00A0, not U+0020"),
        ("billing", "billing ", "character 8 is U+0020, not absent"),
        ("billing", "bil\u200bling", "character 4 is U+200B, not absent"),
        ("card", "c\u0430rd", "character 2 is U+0430, not U+0061"),
        ("12", "\uff11\uff12", "character 1 is U+FF11 U+FF12, not U+0031 U+0032"),
        ("don't", "don\u2019t", "character 4 is U+2019, not U+0027"),
        ("card", "care", ""),
        ("\u9000\u6b3e", "\u6295\u8bc9", ""),
        ("\u043a\u043e\u0442", "\u0440\u043e\u0442", ""),
        ("card", "cards", ""),
        ("Stra\u00dfe", "Strasse", ""),
        ("same", "same", ""),
        ("", "", ""),
    ],
)
def test_what_cannot_be_seen_is_said_by_code_points(one: str, other: str, says: str) -> None:
    assert apart(one, other) == says


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert (first_difference(one, other) == len(one) == len(other)) == (one == other)
    assert apart(one, other).isprintable()
    assert apart(one, one) == ""
