"""House style, whatever the reply: layout does not count, quotes are somebody else's words, a fault is never hidden."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.scorers.style import CONTRACTIONS, full_form, numbers_kept, rules_met, sentences
from goldgate.task.task import Style

STYLE = Style(
    greeting=("Hi there,", "Hi {name},"),
    sign_off="Best, Team Lumen",
    forbidden=("!",),
    banned_words=("utilize",),
    contractions=True,
    max_sentences=3,
)
words = st.lists(
    st.sampled_from(("your", "order", "KX-204", "ships", "today", "45.90", "we've", "sent")), min_size=1, max_size=6
).map(" ".join)
bodies = st.lists(words.map(lambda w: f"{w}."), min_size=1, max_size=3)
tokens = st.lists(st.sampled_from(("12", "45.90", "KX-204", "7:30", "3", "order", "of", "£18")), max_size=8)


def framed(body: list[str]) -> str:
    return "\n".join(["Hi there,", *body, "Best, Team Lumen"])


@given(bodies)
def test_a_plain_reply_in_its_frame_keeps_every_rule(body: list[str]) -> None:
    assert all(rules_met(framed(body), STYLE).values())


@given(bodies, st.integers(0, 3), st.sampled_from(["", " ", "\t "]))
def test_blank_lines_and_blanks_at_the_ends_of_lines_change_nothing(body: list[str], many: int, blank: str) -> None:
    text = framed(body)
    loose = ("\n" * (many + 1)).join(f"{blank}{line}{blank}" for line in text.split("\n"))
    assert rules_met(f"{blank}\n{loose}\n", STYLE) == rules_met(text, STYLE)
    assert rules_met(text.replace("\n", "\r\n"), STYLE) == rules_met(text, STYLE)


@given(bodies, st.integers(0, 2), st.sampled_from(sorted(CONTRACTIONS)))
def test_a_full_form_is_found_wherever_it_stands(body: list[str], at: int, form: str) -> None:
    spoiled = [*body]
    spoiled.insert(at % (len(body) + 1), f"Now {form} here")
    assert not rules_met(framed(spoiled), STYLE)["contractions"]


@given(bodies, st.integers(0, 2), st.sampled_from(["!", "utilize", "do not stop"]))
def test_what_is_quoted_is_somebody_elses(body: list[str], at: int, fault: str) -> None:
    quoted = [*body[:2]]
    quoted.insert(at % (len(quoted) + 1), f'It says "{fault}" there')
    assert all(rules_met(framed(quoted), STYLE).values())
    bare = [line.replace('"', "") for line in quoted]
    assert not all(rules_met(framed(bare), STYLE).values())


@given(bodies)
def test_a_quote_that_is_never_closed_hides_nothing(body: list[str]) -> None:
    assert not rules_met(framed([f'He said "{body[0]} !', *body[1:]]), STYLE)["forbidden"]


@given(bodies, st.sampled_from(["Hi there,", "Best, Team Lumen"]))
def test_frame_lines_of_other_case_are_no_frame(body: list[str], line: str) -> None:
    text = framed(body).replace(line, line.lower())
    rule = "greeting" if line.startswith("Hi") else "sign_off"
    assert not rules_met(text, STYLE)[rule]


@given(st.integers(1, 8), st.integers(1, 8))
def test_sentences_are_counted_up_to_the_limit(many: int, limit: int) -> None:
    style = Style(max_sentences=limit)
    text = " ".join(f"Part {i} is done." for i in range(many))
    assert len(sentences(text)) == many
    assert rules_met(text, style)["max_sentences"] == (many <= limit)


@given(bodies, bodies)
def test_sentences_of_two_lines_are_those_of_each(one: list[str], other: list[str]) -> None:
    a, b = " ".join(one), " ".join(other)
    assert sentences(f"{a}\n{b}") == [*sentences(a), *sentences(b)]


@given(st.text(alphabet='abc 1.!?\n"', max_size=40))
@settings(deadline=None)
def test_every_sentence_stands_in_the_text_in_order(text: str) -> None:
    place = 0
    for sentence in sentences(text):
        place = text.index(sentence, place) + len(sentence)
        assert sentence == sentence.strip()
        assert any(c.isalnum() for c in sentence)


@given(bodies, st.permutations(("forbidden", "banned_words", "contractions", "max_sentences")))
def test_a_rule_is_judged_the_same_alone_as_among_others(body: list[str], order: list[str]) -> None:
    text = framed([*body, "Now it is here!"])
    whole = rules_met(text, STYLE)
    for rule in order:
        alone = Style(**{rule: getattr(STYLE, rule)}, greeting=STYLE.greeting, sign_off=STYLE.sign_off)
        assert rules_met(text, alone)[rule] == whole[rule]


@pytest.mark.parametrize("phrase", ["prior to", "at this point in time"])
@pytest.mark.parametrize("blank", [" ", "  ", "\n", "\t"])
def test_a_banned_phrase_is_found_across_any_white_space(phrase: str, blank: str) -> None:
    style = Style(banned_words=(phrase,))
    assert not rules_met(f"Call {blank.join(phrase.split())} May.", style)["banned_words"]
    assert rules_met(f"Call {phrase.replace(' ', '')} May.", style)["banned_words"]


@pytest.mark.parametrize("text", ["reutilize", "utilized", "utilize’s", "utilize's", "x_utilize"])
def test_a_banned_word_within_another_word_is_another_word(text: str) -> None:
    assert rules_met(f"We {text} it.", Style(banned_words=("utilize",)))["banned_words"]


@pytest.mark.parametrize("mark", [".", ",", ";", ":", ")", "?", "…"])
def test_a_banned_word_before_a_mark_is_that_word(mark: str) -> None:
    assert not rules_met(f"We utilize{mark} So.", Style(banned_words=("Utilize",)))["banned_words"]


@pytest.mark.parametrize("word", ["a.b", "c++", "what?", "(x)"])
def test_a_banned_word_with_marks_is_no_pattern(word: str) -> None:
    style = Style(banned_words=(word,))
    assert not rules_met(f"We say {word} here", style)["banned_words"]
    assert rules_met("We say aXb or xx here", style)["banned_words"]


@given(tokens, tokens)
def test_numbers_are_kept_by_every_text_that_has_them_and_more(reference: list[str], more: list[str]) -> None:
    assert numbers_kept(" ".join([*more, *reference]), " ".join(reference))
    assert numbers_kept(" ".join(reversed(reference)), " ".join(reference))


@given(tokens.filter(lambda t: any(c.isdigit() for c in "".join(t))), st.data())
def test_a_number_that_is_left_out_is_missed(reference: list[str], data: st.DataObject) -> None:
    lost = data.draw(st.sampled_from([t for t in reference if any(c.isdigit() for c in t)]))
    assert not numbers_kept(" ".join(t for t in reference if t != lost), " ".join(reference))


@given(tokens, st.sampled_from(["({})", '"{}"', "{},", "{}!", "*{}*", "‘{}’"]))
def test_marks_around_a_number_are_no_part_of_it(reference: list[str], around: str) -> None:
    text = " ".join(reference)
    dressed = " ".join(around.format(t) for t in reference)
    assert numbers_kept(dressed, text)
    assert numbers_kept(text, dressed)


@given(st.integers(0, 10**6), st.integers(0, 9))
def test_a_number_with_one_more_digit_is_another(number: int, digit: int) -> None:
    assert not numbers_kept(f"It costs {number}{digit} now.", f"It costs {number} now.")
    assert not numbers_kept(f"It costs {number} now.", f"It costs {number}{digit} now.")


loose = st.lists(
    st.sampled_from(("do", "not", "Can", "it", "is", "we", "they", "will", "x", ".", "prior", "to")), max_size=8
).map(" ".join)


@given(loose)
def test_all_phrases_at_once_are_found_as_one_by_one(text: str) -> None:
    kept = rules_met(text, Style(contractions=True, banned_words=("prior to", "it")))
    alone = [rules_met(text, Style(banned_words=(word,)))["banned_words"] for word in ("prior to", "it")]
    assert kept["contractions"] == (bool(text) and not any(full_form(form).search(text) for form in CONTRACTIONS))
    assert kept["banned_words"] == all(alone)
