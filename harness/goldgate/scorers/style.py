"""House-style rules that a program can check, and whether a rewrite kept the numbers. Pure functions of text.

This module knows no task and no model: the rules are in a `Style`, one field for each. Text between double quotes
("..." or “...”, closed on the same line) is somebody else's wording, which no rule checks except those on the greeting
and the sign-off.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from goldgate.task.pattern import Undecided, found_by_python
from goldgate.task.task import Style

_NEGATED = ("do", "does", "did", "is", "are", "was", "were", "has", "have", "had", "could", "would", "should")
_SHORT = {"am": "'m", "are": "'re", "is": "'s", "will": "'ll", "would": "'d"}
_FOLLOWED = {
    "am": ("I",),
    "are": ("you", "we", "they"),
    "is": ("it", "that", "there", "here"),
    "will": ("I", "you", "we", "they", "it"),
    "would": ("I", "you", "we", "they"),
}

# Full form -> contraction; the forms with "not" first, because "it is not" becomes "it isn't".
# Omitted on purpose: "have" after a pronoun ("you have two days" has no contraction that reads well) and "let us".
CONTRACTIONS: dict[str, str] = {
    "cannot": "can't",
    "can not": "can't",
    "will not": "won't",
    **{f"{verb} not": f"{verb}n't" for verb in _NEGATED},
    **{f"{who} {verb}": f"{who}{_SHORT[verb]}" for verb, pronouns in _FOLLOWED.items() for who in pronouns},
}

# A full stop after one of these does not end a sentence; after "no" and "nr" only where a digit follows ("No. 5").
ABBREVIATIONS = ("mr", "mrs", "ms", "dr", "st", "e.g", "i.e", "approx", "vs")
NUMBER_SIGNS = ("no", "nr")

LONGEST_MATCHED = 10_000  # characters: with quadratic time, a pattern that backtracks takes seconds at this length

_QUOTED = re.compile(r'"[^"\n]*"|“[^”\n]*”')
_WORD = re.compile(r"\S+")
_BEFORE_A_WORD = r"(?=\s+\w)"
_CLOSING = ")]'’"
_MARKS = ".!?…"
_NAME = r"(?=[^\W\d_])(?![a-zß-ÿ])[^,\n]{1,40}"
_WITH_DIGIT = re.compile(r"\S*\d\S*")
# Beside the brackets and quotes of every script (Unicode's Ps, Pe, Pi, Pf). No sign of a value is among them: %, #, £.
_EDGES = frozenset("\"'`´＂＇<>＜＞.,;:!?…*·¡¿•‽、。，．；：！？،؛؟۔।—―")
_DASHES = "-‐‑‒–−－"  # at the end they are punctuation; before a number they may be its sign
_WRITTEN_AS = str.maketrans({"٫": ".", "٬": ",", "．": ".", "，": ",", "−": "-", "－": "-", "’": "'", "＇": "'"})


def rules_met(text: str, style: Style) -> dict[str, bool]:
    """Checks a text against a style.

    Lines are stripped, and blank lines are ignored. The *body* is the text without a first line that is a greeting and
    without a last line that is the sign-off. A text without a body meets no rule: every entry is False.

    greeting: the first line equals one of the greetings, including case and punctuation. `{name}` in a greeting stands
        for 1 to 40 characters without a comma that begin with a capital letter ("Hi {name}," matches "Hi Ms Weber,").
    sign_off: the last line equals it, including case and punctuation. At the end of a longer line it does not count.
    forbidden: none of these strings occurs in the body outside quoted text, nor in the first or last line.
    banned_words: none of these words or phrases occurs in the body outside quoted text, as whole words in any case,
    with
        any white space between the words of a phrase. Inflected forms are other words: "assisted" is not "assist".
    contractions: no key of CONTRACTIONS occurs in the body outside quoted text, as whole words in any case. A form that
        does not end in "not" counts only before another word: "as it is." and "we are, too" have no contraction.
    max_sentences: the body has at most this many sentences, as counted by `sentences`. min_words, max_words: the body
    has at least, at most this many words, separated by white space. min_characters, max_characters: the same for
    characters, in the body's lines with one line break between them. must_match, must_not_match: each, none of these
    regular expressions is found in the text (Python's `re.search`, on
        the lines with one line break between them, including quoted text, greeting and sign-off). A text longer than
        LONGEST_MATCHED characters fails both rules without being searched, and so does one on which a pattern takes
        longer than a second, as nested repeats such as "(a+)+" may.

    Args:
        text: The answer.
        style: The rules.

    Returns:
        Rule → whether the text meets it, for every rule that the style sets, in the style's order.
    """
    lines = _lines(text)
    greeted = bool(lines) and _is_greeting(lines[0], style.greeting)
    signed = bool(lines) and lines[-1] == style.sign_off
    body = lines[1 if style.greeting and greeted else 0 : len(lines) - 1 if style.sign_off and signed else len(lines)]
    open_text = _without_quotes("\n".join(body))
    unquoted = _without_quotes("\n".join(lines))
    met: dict[str, bool] = {}
    if style.greeting:
        met["greeting"] = greeted
    if style.sign_off:
        met["sign_off"] = signed
    if style.forbidden:
        met["forbidden"] = not any(mark in unquoted for mark in style.forbidden)
    if style.banned_words:
        met["banned_words"] = not _any_of(style.banned_words).search(open_text)
    if style.contractions:
        met["contractions"] = not _UNCONTRACTED.search(open_text)
    if style.max_sentences is not None:
        met["max_sentences"] = len(sentences("\n".join(body))) <= style.max_sentences
    met |= _lengths("\n".join(body), style) | _patterns("\n".join(lines), style)
    return met if body else dict.fromkeys(met, False)


def _lengths(body: str, style: Style) -> dict[str, bool]:
    words, characters = len(body.split()), len(body)
    kept = {
        "min_words": style.min_words is None or words >= style.min_words,
        "max_words": style.max_words is None or words <= style.max_words,
        "min_characters": style.min_characters is None or characters >= style.min_characters,
        "max_characters": style.max_characters is None or characters <= style.max_characters,
    }
    return {rule: ok for rule, ok in kept.items() if getattr(style, rule) is not None}


def _patterns(text: str, style: Style) -> dict[str, bool]:
    searched = len(text) <= LONGEST_MATCHED
    met: dict[str, bool] = {}
    if style.must_match:
        met["must_match"] = searched and all(_search(p, text) is True for p in style.must_match)
    if style.must_not_match:
        met["must_not_match"] = searched and all(_search(p, text) is False for p in style.must_not_match)
    return met


def _search(pattern: str, text: str) -> bool | None:
    """Returns None if it takes too long: then neither rule is met, because nobody knows."""
    try:
        return found_by_python(pattern, text)
    except Undecided:
        return None


def sentences(text: str) -> list[str]:
    """Splits a text into sentences.

    A sentence ends at a line break, or at one or more of . ! ? … (and closing brackets after them) before white space
    or the end of the text, so "45.90" ends none. A full stop after an abbreviation in ABBREVIATIONS (any case), after
    "No." before a digit, or after a single capital letter ("J.") ends none, and neither do marks in quoted text: 'It
    says "Stop! Wait." twice.' is one sentence. Words after the last mark are a sentence too; a piece without a letter
    or digit is none.

    Args:
        text: The text.

    Returns:
        The sentences in order, with their end marks, without white space around them.
    """
    found: list[str] = []
    for line in text.split("\n"):
        # The same length as the line, so that positions in it are positions in the line.
        masked = _QUOTED.sub(lambda m: "q" * len(m.group()), line)
        start = 0
        for word in _WORD.finditer(masked):
            ended = word.group().rstrip(_CLOSING)
            if ended[-1:] in tuple(_MARKS) and not _is_abbreviation(_last_word(ended), masked[word.end() :]):
                found.append(line[start : word.end()])
                start = word.end()
        found.append(line[start:])
    return [piece.strip() for piece in found if re.search(r"\w", piece)]


def numbers_kept(text: str, reference: str) -> bool:
    """Checks that a text contains every number, date or code of a reference.

    It compares whole pieces between white space that contain a digit, without punctuation, brackets or quotes of any
    language at their ends: "12" is not found in "120", nor "45.90" in "45.9", nor "£18" in "18". A dash in front counts
    as a sign ("-12" is not "12"). Case counts ("kx-204" is not "KX-204"). Digits of every script are the same digits,
    and so are the separators of Arabic and full-width numbers. How often and in which order they occur does not matter,
    nor do numbers that only the text has.

    Args:
        text: The answer.
        reference: The expected output.

    Returns:
        Whether all are there; True for a reference without numbers.
    """
    return _pieces(reference) <= _pieces(text)


def full_form(form: str) -> re.Pattern[str]:
    """Returns the pattern that finds a key of CONTRACTIONS where it should have been contracted (see `rules_met`)."""
    return re.compile(_words([form], "" if form.endswith("not") else _BEFORE_A_WORD), re.IGNORECASE)


def _words(phrases: Iterable[str], after: str = "") -> str:
    """Builds one pattern for all phrases: searching for each of them separately takes ten times as long."""
    inner = "|".join(r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in phrases)
    return rf"(?<![\w'’])(?:{inner})(?![\w'’]){after}"


@lru_cache(maxsize=64)
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(_words(phrases), re.IGNORECASE)


_NOT = [form for form in CONTRACTIONS if form.endswith("not")]
_UNCONTRACTED = re.compile(
    f"{_words(_NOT)}|{_words([f for f in CONTRACTIONS if f not in _NOT], _BEFORE_A_WORD)}", re.IGNORECASE
)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _without_quotes(text: str) -> str:
    return _QUOTED.sub('""', text)


def _is_greeting(line: str, greetings: tuple[str, ...]) -> bool:
    patterns = (_NAME.join(re.escape(part) for part in greeting.split("{name}")) for greeting in greetings)
    return any(re.fullmatch(pattern, line) for pattern in patterns)


def _last_word(ended: str) -> str:
    """Returns the letters, digits and full stops before the end marks of a piece without white space, with those
    marks.
    """
    at = len(ended.rstrip(_MARKS))
    while at > 0 and (ended[at - 1] == "." or ended[at - 1] == "_" or ended[at - 1].isalnum()):
        at -= 1
    return ended[at:]


def _is_abbreviation(ending: str, after: str) -> bool:
    word = ending[:-1]
    initial = len(word) == 1 and word.isupper() and word != "I"
    number = word.lower() in NUMBER_SIGNS and after.lstrip()[:1].isdigit()
    return ending.endswith(".") and (initial or number or word.lower() in ABBREVIATIONS)


def _pieces(text: str) -> set[str]:
    return {_number_form(piece) for piece in _WITH_DIGIT.findall(unicodedata.normalize("NFC", text))}


def _number_form(piece: str) -> str:
    """Returns a piece that contains a digit without what surrounds it, with ASCII digits and separators."""
    start, end = 0, len(piece)
    while _is_edge(piece[start]):
        start += 1
    while _is_edge(piece[end - 1]) or piece[end - 1] in _DASHES:
        end -= 1
    inner = piece[start:end].translate(_WRITTEN_AS)
    return inner if inner.isascii() else "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in inner)


def _is_edge(char: str) -> bool:
    return char in _EDGES or unicodedata.category(char) in ("Ps", "Pe", "Pi", "Pf", "Cf")
