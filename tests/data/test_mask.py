"""Masking: texts that differ in case, whitespace or numbers are equal; texts that differ in words are not."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.data.mask import masked

words = st.lists(st.text(string.ascii_letters, min_size=1, max_size=6), min_size=1, max_size=6)
blanks = st.text(st.sampled_from(" \t\n\r\u00a0\u3000"), min_size=1, max_size=3)
number = st.from_regex(r"[0-9]{1,6}([.,:/'-][0-9]{1,3}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Invoice 17", "INVOICE 2"),
        ("on 3.4.2024", "on 31/12/1999"),
        ("1'234.50 CHF", "9 chf"),
        ("a\tb", " a  b "),
        ("１２ items", "7 items"),
        ("at 10:30", "at 9"),
        ("ﬁne", "FINE"),
        ("Straße", "STRASSE"),
        ("٣ items", "3 items"),
    ],
)
def test_these_are_one_form(one: str, other: str) -> None:
    assert masked(one) == masked(other)


@pytest.mark.parametrize(
    ("one", "other"), [("invoice 1", "bill 1"), ("1 2", "1"), ("a b", "ab"), ("a1", "a"), ("no 1.", "no 1"), ("é", "e")]
)
def test_these_are_two(one: str, other: str) -> None:
    assert masked(one) != masked(other)


@given(words, blanks, blanks)
def test_blanks_and_case_do_not_count(parts: list[str], one: str, other: str) -> None:
    assert masked(one.join(parts)) == masked(other + other.join(parts).upper() + one)


@given(words, number, number)
def test_a_number_is_a_number(parts: list[str], one: str, other: str) -> None:
    text = " {} ".join(parts) + " {}"
    assert masked(text.replace("{}", one)) == masked(text.replace("{}", other))


@given(words, words)
def test_other_words_are_another_form(one: list[str], other: list[str]) -> None:
    same = [w.casefold() for w in one] == [w.casefold() for w in other]
    assert (masked(" ".join(one)) == masked(" ".join(other))) == same


@given(st.text(string.printable + "äöüÄÖÜßéñ’"))
def test_a_form_is_its_own_form(text: str) -> None:
    assert masked(masked(text)) == masked(text)
