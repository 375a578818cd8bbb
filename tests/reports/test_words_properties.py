"""What is written can be read back: no number gains a sign or an exponent, no text keeps a hidden character."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate_reports.words import cut, duration, for_html, for_markdown, number, plural, probability, span, visible

SIZES = st.floats(1e-6, 1e9)
signed_sizes = st.one_of(SIZES, SIZES.map(lambda x: -x), st.just(0.0))


def read(text: str) -> float:
    """The number that a text shows."""
    bare = text.removesuffix("%").removesuffix(" points")
    return float(bare.replace("\u2212", "-").replace(",", "").replace("+", ""))


@given(st.floats(0.0, 1.0))
def test_a_share_is_read_back_to_a_tenth_of_a_percent(value: float) -> None:
    text = number(value, "rate")
    assert text.endswith("%")
    assert read(text) == pytest.approx(100 * value, abs=0.0501 if value < 0.9995 else 0.1)
    assert (text == "100.0%") == (value == 1.0), "an estimate must not look better than it is"


@given(st.floats(-1.0, 1.0))
def test_points_are_read_back_and_carry_the_sign_that_they_show(value: float) -> None:
    text = number(value, "points")
    shown = read(text)
    assert shown == pytest.approx(100 * value, abs=0.0501)
    assert text.startswith("+") == (shown > 0)
    assert text.startswith("\u2212") == (shown < 0)


@given(signed_sizes)
def test_a_plain_number_is_read_back_to_three_digits_without_an_exponent(value: float) -> None:
    text = number(value, "plain")
    assert "e" not in text
    assert read(text) == pytest.approx(value, rel=0.0051)


@given(signed_sizes, signed_sizes)
def test_plain_numbers_keep_their_order(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert read(number(low, "plain")) <= read(number(high, "plain"))


@given(signed_sizes)
def test_no_number_has_a_hyphen_for_a_minus(value: float) -> None:
    for scale in ("rate", "points", "plain"):
        assert "-" not in number(value, scale)  # type: ignore[arg-type]


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_an_interval_names_its_two_ends_in_order(a: float, b: float) -> None:
    low, high = sorted((a, b))
    text = span(low, high, "points")
    first, second = text.removesuffix(" points").split(" to ")
    assert read(first) <= read(second)
    assert text.count("points") == 1


@given(st.floats(0.0, 1.0))
def test_a_probability_is_read_back_to_four_decimals_or_called_small(p: float) -> None:
    text = probability(p)
    if p < 0.0001:
        assert text == "below 0.0001"
    else:
        assert float(text) == pytest.approx(p, abs=5.1e-5)


@given(st.floats(1e-3, 1e6))
def test_a_duration_is_read_back_to_its_last_unit(seconds: float) -> None:
    text = duration(seconds)
    found = re.fullmatch(r"(?:(\d+) h )?(?:(\d+) min(?: (\d\d) s)?)?(?:([\d.]+) s)?", text)
    assert found is not None
    hours, minutes, rest, alone = (float(g) if g else 0.0 for g in found.groups())
    slack = 60.0 if hours else 0.51 if seconds >= 10 else 0.06 * seconds
    assert 3600 * hours + 60 * minutes + rest + alone == pytest.approx(seconds, abs=slack)
    assert minutes < 60
    assert rest < 60


@given(st.integers(0, 10**7))
def test_a_count_is_of_one_or_of_many(count: int) -> None:
    text = plural(count, "example")
    assert int(text.split()[0].replace(",", "")) == count
    assert text.endswith(" example") == (count == 1)


# Characters that do harm are rare among all characters, so they are drawn on purpose.
harmful = st.sampled_from("\u202e\u2066\u200b\u200f\ufeff\u2028\x00\x1b\r\x85\ud800\ue000<|`*_[#\\~")
anything = st.text(st.one_of(st.characters(exclude_categories=()), harmful), max_size=80)


@given(anything)
def test_a_visible_text_hides_nothing_and_can_be_written(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    hidden = [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]
    assert set(hidden) <= set("\n\t\u200c\u200d\u00ad")


@given(anything)
def test_making_visible_twice_is_making_visible_once(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=80))
def test_text_that_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(anything)
def test_text_in_a_summary_is_one_line_without_markup(text: str) -> None:
    made = for_markdown(text)
    assert "\n" not in made
    assert "<" not in made
    bare = re.sub(r"\\[\\`*_\[\]#|~]", "", made)
    assert not re.search(r"[\\`*_\[\]#|~]", bare)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="&_"), max_size=80))
def test_a_summary_keeps_every_word(text: str) -> None:
    assert re.findall(r"\w+", for_markdown(text).replace("&lt;", "<")) == re.findall(r"\w+", text)


@given(anything, st.integers(0, 100))
def test_what_is_cut_off_is_counted(text: str, limit: int) -> None:
    head, left_out = cut(text, limit)
    assert text.startswith(head)
    assert len(head) + left_out == len(text)
    assert len(head) <= limit or left_out == 0


@given(st.one_of(st.integers(), st.floats(), st.none(), st.booleans()))
def test_values_that_are_no_text_are_left_to_the_template(value: object) -> None:
    assert for_html(value) is value
    assert for_markdown(value) is value
