"""The rules for texts: what each changes, what it must leave alone, and that twice is once."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.data.cleaning.mojibake import doubt, repair
from goldgate.data.cleaning.texts import RULES, clean_text, left

ODD = st.sampled_from(
    "aéÉÃÂâ€™©£ \u00a0\t\n\r\x00\x1b[0m\x1f\x85\x93\u200b\u200d\ufeff\u00ad\u202e\u200fא👩ไ\u0301\u2003\ufffd🏴"
    "\U000e0067ПрРС√├"
)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("cafe\u0301", "café", "letters composed (NFC)"),
        ("a\x00b\x07", "ab", "control characters removed"),
        ("\x1b[31mred\x1b[0m", "red", "control characters removed"),
        ("a\x1fb", "a b", "control characters removed"),
        ("\ufeffcard\u200b\u2060 ar\u00adrival", "card arrival", "invisible characters removed"),
        ("Auf\u200clage\u200d", "Auflage", "invisible characters removed"),
        ("left\u200e to\u202a right\u202c", "left to right", "invisible characters removed"),
        ("read\U000e0068\U000e0069 this", "read this", "invisible characters removed"),
        ("5\u00a0€, 1\u2009000, a\u3000b", "5 €, 1 000, a\u3000b", "odd blanks made plain"),
        ("  hello \n", "hello", "outer blanks removed"),
        ("\n \n    indented\n  code\n\n", "    indented\n  code", "outer blanks removed"),
        ("cafÃ©", "café", "broken encoding repaired"),
        ("\x93Hello\x94 \x96 it\x92s 5 \x80", "“Hello” – it’s 5 €", "broken encoding repaired"),
    ],
)
def test_each_rule_changes_what_it_says(before: str, after: str, rule: str) -> None:
    assert clean_text(before) == (after, (rule,))


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    return  1\r\n\tif x:\f\v",
        "| a  |  b |\n|----|----|\n| 1  |  2 |".replace("\n", "\r\n"),
        "👩\u200d👩\u200d👧 and 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم",
        "क्\u200dष",
        "ภาษา\u200bไทย",
        "שלום \u200eABC\u200f!",
        "a\u202eb",
        "ｆｕｌｌ　ｗｉｄｔｈ ﬁ ² ½ …",
        "a  b   c",
        "CAFÉ… «café…» IRMÃ” SÃO",
    ],
)
def test_what_may_carry_meaning_stays(text: str) -> None:
    assert clean_text(text) == (text.rstrip(), () if text == text.rstrip() else ("outer blanks removed",))


TEXTS = [
    "café au lait", "“Hello” – it’s 5 €", "Müller's naïve £5", "Привет мир", "Łódź żółć", "voilà", "Ünïcode", "日本語",
    "¿Qué?", "déjà vu", "10 °C", "emoji 😀 ok", "n°5", "São Paulo", "naïve “résumé”",
]  # fmt: skip


def read_in(text: str, encoding: str) -> str | None:
    try:
        return text.encode().decode(encoding)
    except UnicodeDecodeError:
        return None


ENCODINGS = ("cp1252", "latin-1", "mac_roman", "cp437", "cp850", "cp1251", "cp1250")
BROKEN = [(text, broken) for text in TEXTS for encoding in ENCODINGS if (broken := read_in(text, encoding)) is not None]


@pytest.mark.parametrize(("text", "broken"), BROKEN)
def test_text_that_was_read_in_another_encoding_is_repaired(text: str, broken: str) -> None:
    assert repair(broken) == text


@pytest.mark.parametrize("text", ["café", "Müller", "£5", "it’s"])
def test_text_that_was_broken_twice_is_repaired(text: str) -> None:
    assert repair(text.encode().decode("cp1252").encode().decode("cp1252")) == text


def test_what_was_broken_twice_by_two_programs_is_repaired_wholly() -> None:
    assert repair("Add eggs to my grocery's├ö├ç├» list") == "Add eggs to my grocery's\u200b list"


@pytest.mark.parametrize(
    "text",
    [*TEXTS, "CAFÉ…", "« café… »", "«café…»", "IRMÃ”", "MANHÃ\u00a0", "SÃO PAULO", "MAÇÃ\u00a0", "Ні", "ПРИВЕТ", "Рік",
     "Ёлка ёж", "PRÄ“", "Ñº", "Å²", "ÉTÉ®", "«Ã»", "√2 √∞", "├── é", "└── a │ b", "ß“", "Ä°", "Ø²", "ÇÃ\u00a0O",
     "AÇÃO", "В №5", "С™", "Úžas", "naïve café", "Ñandú", "ÀÉÎÕÜ", "ÅÄÖ", "Đà Nẵng", "Việt Nam", "Ελλάδα", "한국어"],
)  # fmt: skip
def test_proper_text_is_no_mojibake(text: str) -> None:
    assert repair(text) == text
    assert doubt(text) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("caf\ufffd", "lost in an earlier conversion"),
        ("maÃ®tre and naïve", "though not surely"),
        ("a\u202eb", "turn the order"),
        ("a proper text – “yes”", ""),
    ],
)
def test_what_cannot_be_repaired_surely_is_left_and_said(text: str, told: str) -> None:
    assert clean_text(text) == (text, ())
    assert told in left(text)
    assert bool(told) == bool(left(text))


@given(st.text(ODD, max_size=12) | st.text(max_size=12))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    clean, applied = clean_text(text)
    assert clean_text(clean) == (clean, ())
    assert bool(applied) == (clean != text)
    for rule in RULES:
        assert rule.change(rule.change(text)) == rule.change(text), rule.name


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=20))
def test_letters_digits_and_signs_are_never_taken_away(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    if repair(composed) == composed:
        assert clean_text(text)[0] == composed
