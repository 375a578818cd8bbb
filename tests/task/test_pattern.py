"""Patterns mean what ECMA-262 says, and none takes for ever."""

from __future__ import annotations

from contextlib import suppress

import pytest

from goldgate.task import pattern as module
from goldgate.task.pattern import Undecided, compile_pattern, found_in


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[A-Z]{2}", "xABx"),
        ("^[A-Z]{2}$", "AB"),
        (r"^\d+$", "12"),
        (r"^[\d\-]+$", "1-2"),
        (r"^[^\D]+$", "12"),
        (r"^\w+$", "a_1"),
        (r"^\W$", "é"),
        (r"^\s$", "\ufeff"),
        (r"^\S$", "\x1c"),
        (r"^[\S]$", "\x1c"),
        (r"\bfoo\b", "éfooé"),
        (r"o\Bo", "foo"),
        (r"^a{,3}$", "a{,3}"),
        (r"^(?:foo){e}$", "foo{e}"),
        (r"^{}$", "{}"),
        (r"^\u{1F600}$", "😀"),
        (r"^\u00e9$", "é"),
        (r"^\p{L}+$", "éa"),
        (r"^\p{Script=Greek}\P{Greek}$", "αa"),
        (r"^[^]$", "\n"),
        (r"^[[]$", "["),
        (r"^[a-z&&b]$", "&"),
        (r"^[$.]$", "$"),
        (r"^\$$", "$"),
        (r"^(?<twice>a)\k<twice>$", "aa"),
        (r"^\/\-$", "/-"),
        (r"^\cJ$", "\n"),
        (r"(?<=a.*)b", "axxb"),
        (r"^[\b]$", "\b"),
    ],
)
def test_what_ecma_262_finds_is_found(pattern: str, text: str) -> None:
    assert found_in(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^[A-Z]{2}$", "AB\n"),
        ("a$|b$", "a\nb\n"),
        ("^b", "a\nb"),
        (r"^\d+$", "\u0663"),
        (r"^[\d]+$", "\uff11"),
        (r"^\D$", "1"),
        (r"^\w+$", "é"),
        (r"^[\w]$", "ß"),
        (r"^\s$", "\x1c"),
        (r"^[^\S]$", "\x1c"),
        (r"^\S$", "\u00a0"),
        (r"^.$", "\u2028"),
        (r"^.$", "\r"),
        ("[]", "x"),
        (r"^\p{Lu}$", "é"),
    ],
)
def test_what_ecma_262_does_not_find_is_not(pattern: str, text: str) -> None:
    assert not found_in(pattern, text)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "a{2,1}", "(?<n>a)(?<n>b", r"^a\Z", r"\Aa", r"\u{110000}", "\\"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"not a valid regular expression|not ECMA-262"):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", [r"^(\w+\s?)*$", "^(a+)+$", "^(a|aa|a?)+$", "^(a*)*b$", "(x+x+)+y", r"^(([a-z])+.)+[A-Z]$"]
)
@pytest.mark.parametrize("letter", ["a", "x"])
def test_no_pattern_is_searched_for_ever(monkeypatch: pytest.MonkeyPatch, pattern: str, letter: str) -> None:
    monkeypatch.setattr(module, "LONGEST_MATCH", 0.02)
    module._found.cache_clear()
    with suppress(Undecided):
        found_in(pattern, letter * 40 + "!")
    module._found.cache_clear()


def test_a_pattern_that_takes_too_long_is_undecided_and_that_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_MATCH", 0.02)
    module._found.cache_clear()
    for _ in range(3):
        with pytest.raises(Undecided, match="takes longer than"):
            found_in("^(a|aa|a?)+$", "a" * 60 + "!")
    assert module._found.cache_info().misses == 1
    module._found.cache_clear()
