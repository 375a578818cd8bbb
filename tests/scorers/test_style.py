"""House-style rules: each edge that the docstrings promise, and what a cheat would try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.scorers.style import ABBREVIATIONS, CONTRACTIONS, LONGEST_MATCHED, numbers_kept, rules_met, sentences
from goldgate.task import pattern
from goldgate.task.task import Style

STYLE = Style(
    greeting=("Hi there,", "Hi {name},"),
    sign_off="Best, Team Lumen",
    forbidden=("!", "¡"),
    banned_words=("utilize", "prior to"),
    contractions=True,
    max_sentences=3,
)
RULES = ["greeting", "sign_off", "forbidden", "banned_words", "contractions", "max_sentences"]


def framed(body: str, greeting: str = "Hi there,", sign_off: str = "Best, Team Lumen") -> str:
    return f"{greeting}\n{body}\n{sign_off}"


def broken(text: str, style: Style = STYLE) -> list[str]:
    return [rule for rule, met in rules_met(text, style).items() if not met]


def test_a_reply_in_style_keeps_every_rule_in_the_styles_order():
    assert list(rules_met(framed("It's here. We're glad."), STYLE)) == RULES
    assert broken(framed("It's here. We're glad.")) == []


def test_only_rules_that_the_style_sets_have_an_entry():
    assert rules_met("Anything!", Style(forbidden=("?",))) == {"forbidden": True}
    assert rules_met("Anything!", Style(forbidden=("!",))) == {"forbidden": False}
    assert list(rules_met("a. b.", Style(max_sentences=1, sign_off="Bye"))) == ["sign_off", "max_sentences"]


@pytest.mark.parametrize("text", ["", " \n ", "Hi there,", "Hi there,\nBest, Team Lumen", "Best, Team Lumen"])
def test_a_text_without_a_body_keeps_no_rule(text):
    assert broken(text) == RULES


def test_blank_lines_and_blanks_around_lines_are_nothing():
    assert broken("\n  Hi there, \n\nIt's here.\n\n Best, Team Lumen  \n") == []


@pytest.mark.parametrize("greeting", ["Hi Anna,", "Hi Ms Weber,", "Hi Dr. O'Neil,", "Hi Émile,", "Hi Özge van Dyk,"])
def test_a_name_stands_where_the_greeting_leaves_room_for_it(greeting):
    assert broken(framed("It's here.", greeting)) == []


@pytest.mark.parametrize(
    "greeting",
    ["Hi anna,", "Hi ,", "Hi 42,", "Hi Anna", "hi there,", "Hi there", "Hi Anna, Bob,", "Dear Anna,", "Hi ß,"],
)
def test_anything_else_is_no_greeting(greeting):
    assert "greeting" in broken(framed("It's here.", greeting))


def test_greeting_and_sign_off_need_lines_of_their_own():
    assert broken("Hi there, it's here.\nBest, Team Lumen") == ["greeting"]
    assert broken("Hi there,\nIt's here. Best, Team Lumen") == ["sign_off"]
    assert broken("Hi there,\nIt's here.\nBest, Team Lumen\nPS: bye") == ["sign_off"]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (framed("It's here!"), ["forbidden"]),
        (framed("Yes ¡hola"), ["forbidden"]),
        (framed("It's here.", "Hi Anna!,"), ["forbidden"]),
        (framed('It says "Stop!" there.'), []),
        (framed("It says “Stop!” there."), []),
        (framed('It says "Stop! there.'), ["forbidden"]),
        (framed('It says "Stop\n!" there.'), ["forbidden"]),
    ],
)
def test_forbidden_marks_count_outside_quotes_closed_on_one_line(text, rules):
    assert broken(text) == rules


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("Utilize it.", ["banned_words"]),
        ("Call prior  to\nMay.", ["banned_words"]),
        ("We utilized it.", []),
        ("It's a-priori to us.", []),
        ('It says "utilize".', []),
    ],
)
def test_banned_words_are_whole_words_outside_quotes(body, rules):
    assert broken(framed(body)) == rules


@pytest.mark.parametrize("form", CONTRACTIONS)
def test_every_full_form_breaks_the_rule_and_its_contraction_keeps_it(form):
    assert broken(framed(f"Now {form} here.")) == ["contractions"]
    assert broken(framed(f"{form.upper()} HERE.")) == ["contractions"]
    assert broken(framed(f"Now {CONTRACTIONS[form]} here.")) == []


@pytest.mark.parametrize(
    "body",
    [
        "It stays as it is.",
        "So we are, too.",
        "Let us know.",
        "You have it.",
        '"I am" it says.',
        "Audit is due.",
        "Undo nothing.",
    ],
)
def test_what_has_no_contraction_breaks_nothing(body):
    assert broken(framed(body)) == []


def test_forms_with_not_count_before_a_full_stop_and_across_blanks():
    assert broken(framed("We can not.")) == ["contractions"]
    assert broken(framed("It is\n  here.")) == ["contractions"]


def test_frame_counts_as_no_sentence():
    assert broken(framed("One. Two. Three.")) == []
    assert broken(framed("One. Two. Three. Four.")) == ["max_sentences"]


def test_a_greeting_below_the_first_line_is_body():
    assert broken("Hello.\n" + framed("One.")) == ["greeting"]
    assert broken("Hello.\n" + framed("One. Two.")) == ["greeting", "max_sentences"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("It costs 45.90 now. Fine", ["It costs 45.90 now.", "Fine"]),
        ("What?! No... Yes!!!", ["What?!", "No...", "Yes!!!"]),
        ("Line one\nline two", ["Line one", "line two"]),
        ('It says "Stop! Wait." twice. Ok.', ['It says "Stop! Wait." twice.', "Ok."]),
        ("Box no. 5 is for Mr. J. Sato, e.g. today.", ["Box no. 5 is for Mr. J. Sato, e.g. today."]),
        ("The answer is no. 5 left? No. Good.", ["The answer is no. 5 left?", "No.", "Good."]),
        ("So am I. You too.", ["So am I.", "You too."]),
        ("(It's here.) Good.", ["(It's here.)", "Good."]),
        (" ... -- ! ", []),
        ("", []),
    ],
)
def test_sentences_end_where_the_docstring_says(text, pieces):
    assert sentences(text) == pieces


@pytest.mark.parametrize("word", ABBREVIATIONS)
def test_an_abbreviation_in_any_case_ends_no_sentence(word):
    assert len(sentences(f"See {word}. Here. There.")) == 2
    assert len(sentences(f"See {word.upper()}. Here. There.")) == 2


@given(st.text(alphabet="ab A.!?…\n\"'1,", max_size=60))
def test_sentences_lose_no_word_and_add_none(text):
    assert [w for s in sentences(text) for w in s.split() if w[0].isalnum()] == [
        w for w in text.split() if w[0].isalnum()
    ]


@given(st.text(max_size=60))
def test_any_text_has_an_entry_for_every_rule(text):
    assert list(rules_met(text, STYLE)) == RULES


@pytest.mark.parametrize(
    ("text", "reference", "kept"),
    [
        ("Order KX-204, 3 May.", "On 3 May: KX-204!", True),
        ("It costs 120.", "It costs 12.", False),
        ("45.9 euros", "45.90 euros", False),
        ("18", "£18", False),
        ("kx-204", "KX-204", False),
        ('("7:30")', "7:30", True),
        ("1 2 3 4", "4 1", True),
        ("4 1", "1 2 3 4", False),
        ("two", "two", True),
        ("", "Nothing to keep.", True),
        ("", "7", False),
        ("12", "12 and 12", True),
        *[
            (f"{before}12{after}", "12", True)
            for before, after in ("„“", "«»", "»«", "“”", "‚‘", "‹›", "「」", "『』", "《》")
        ],
        *[
            (f"{before}12{after}", "12", True)
            for before, after in ("``", "´´", "''", "＂＂", "（）", "【】", "¿?", "¡!")
        ],
        *[(f"12{after}", "12", True) for after in ("—", "–", "-", "。", "、", "؟", "،", "।", "\u200b", "…")],
        *[("12", reference, True) for reference in ("「12」", "12—", "—12", "‘12’,", "\ufeff12")],
        ("١٢", "12", True),
        ("12", "१२", True),
        ("１２，５００．７５", "12,500.75", True),
        ("١٢٬٥٠٠٫٧٥", "12,500.75", True),
        ("12’500", "12'500", True),
        ("KX-２０４", "KX-204", True),
        ("−12", "-12", True),
        ("12", "-12", False),
        ("-12", "12", False),
        ("–12", "12", False),
        ("12²", "122", False),
        ("12%", "12", False),
        ("12°", "12", False),
        ("12″", "12", False),
        ("#12", "12", False),
        ("12€", "12", False),
        ("12.5", "125", False),
        ("cafe\u0301-1", "café-1", True),
    ],
)
def test_numbers_are_kept_whole(text, reference, kept):
    assert numbers_kept(text, reference) is kept


def test_a_model_that_loops_on_dots_does_not_hang_its_scorer() -> None:
    assert sentences("." * 100_000 + "x") == ["." * 100_000 + "x"]
    assert sentences("Wait" + "." * 100_000) == ["Wait" + "." * 100_000]


@pytest.mark.parametrize(
    ("style", "text", "met"),
    [
        ({"min_words": 2}, "Hi,\none two\nBye", True),
        ({"min_words": 2}, "Hi,\none\nBye", False),
        ({"max_words": 2}, "Hi,\none two\nBye", True),
        ({"max_words": 2}, "Hi,\none two-three four\nBye", False),
        ({"min_characters": 4}, "Hi,\nÄ b\nc\nBye", True),
        ({"min_characters": 6}, "Hi,\nÄ b\nc\nBye", False),
        ({"max_characters": 5}, "Hi,\nÄ b\n\n  c \nBye", True),
        ({"max_characters": 4}, "Hi,\nÄ b\nc\nBye", False),
    ],
)
def test_length_is_that_of_the_body(style: dict[str, int], text: str, met: bool) -> None:
    (rule,) = style
    assert rules_met(text, Style(greeting=("Hi,",), sign_off="Bye", **style))[rule] is met


@pytest.mark.parametrize(
    ("patterns", "text", "met"),
    [
        (("^Hi,$",), "Hi,\nyou", False),
        (("(?m)^Hi,$",), "Hi,\nyou", True),
        ((r"\bKX-\d{3}\b",), 'says "KX-204".', True),
        (("you", "me"), "you", False),
        (("you", "me"), "you and me", True),
        (("YOU",), "you", False),
    ],
)
def test_every_pattern_must_be_found_anywhere(patterns: tuple[str, ...], text: str, met: bool) -> None:
    assert rules_met(text, Style(must_match=patterns)) == {"must_match": met}


@pytest.mark.parametrize(("text", "met"), [("none", True), ("see http://x", False), ('"http://x"', False), ("", False)])
def test_no_pattern_may_be_found(text: str, met: bool) -> None:
    assert rules_met(text, Style(must_not_match=("https?://", "www[.]"))) == {"must_not_match": met}


def test_a_text_too_long_to_be_searched_keeps_no_pattern() -> None:
    style = Style(must_match=("a",), must_not_match=("b",))
    assert set(rules_met("a" * LONGEST_MATCHED, style).values()) == {True}
    assert set(rules_met("a" * (LONGEST_MATCHED + 1), style).values()) == {False}


def test_a_pattern_that_backtracks_for_ever_fails_both_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern, "LONGEST_MATCH", 0.02)
    pattern._found.cache_clear()
    style = Style(must_match=("^(a|aa|a?)+$",), must_not_match=("^(a|aa|a?)+$",))
    assert rules_met("a" * 60 + "!", style) == {"must_match": False, "must_not_match": False}
    pattern._found.cache_clear()
