"""Numbers, intervals and durations as the report writes them; hostile characters made visible."""

from __future__ import annotations

import pytest

from goldgate_reports.words import (
    Scale,
    cut,
    duration,
    for_html,
    for_markdown,
    number,
    plural,
    probability,
    scale_of,
    span,
    visible,
)


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0.925, "rate", "92.5%"),
        (1.0, "rate", "100.0%"),
        (0.845, "points", "+84.5 points"),
        (-0.02, "points", "−2.0 points"),
        (0.0, "points", "0.0 points"),
        (-0.0001, "points", "0.0 points"),
        (0.01234, "plain", "0.0123"),
        (12.34, "plain", "12.3"),
        (842.0, "plain", "842"),
        (1234.5, "plain", "1,234"),
        (-3.19, "plain", "−3.19"),
        (0.0, "plain", "0"),
        (None, "rate", "not recorded"),
    ],
)
def test_numbers(value: float | None, scale: Scale, text: str) -> None:
    assert number(value, scale) == text


def test_intervals() -> None:
    assert span(0.881, 0.954, "rate") == "88.1% to 95.4%"
    assert span(-0.064, 0.002, "points") == "−6.4 to +0.2 points"
    assert span(None, 1.0, "rate") == "not recorded"


@pytest.mark.parametrize(
    ("metric", "bounds", "scale"),
    [
        ("exact_match", (0.0, 1.0), "rate"),
        ("exact_match - prompted.exact_match", (-1.0, 1.0), "points"),
        ("similarity", (-1.0, 1.0), "plain"),
        ("tokens_in", None, "plain"),
        ("exact_match", None, "rate"),
        ("cost_per_1k", (0.0, 1.0), "plain"),
        ("exact_match - prompted.exact_match", None, "points"),
    ],
)
def test_a_metric_is_written_in_its_scale(metric: str, bounds: tuple[float, float] | None, scale: Scale) -> None:
    assert scale_of(metric, bounds) == scale


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.74, "0.74 s"),
        (42.4, "42 s"),
        (425.0, "7 min 05 s"),
        (4320.0, "1 h 12 min"),
        (59.7, "1 min 00 s"),
        (None, "not recorded"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_small_words() -> None:
    assert (plural(1, "gate"), plural(1200, "example")) == ("1 gate", "1,200 examples")
    assert (probability(0.004), probability(1e-9), probability(1.0)) == ("0.004", "below 0.0001", "1")
    assert (cut("abcd", 2), cut("ab", 2)) == (("ab", 2), ("ab", 0))


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\u202eb\x00\u200b\ufeff\ud800\x85") == "a⟨U+202E⟩b⟨U+0000⟩⟨U+200B⟩⟨U+FEFF⟩⟨U+D800⟩⟨U+0085⟩"
    assert visible("line\r\nnext\ttab é 日本 👩‍💻") == "line\nnext\ttab é 日本 👩‍💻"


def test_every_character_of_a_visible_text_can_be_written() -> None:
    every = "".join(map(chr, range(0x11000)))
    assert visible(every).encode("utf-8")


def test_values_that_are_no_text_pass_through() -> None:
    assert for_html(3) == 3
    assert for_markdown(None) is None
