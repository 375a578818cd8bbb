"""Mojibake: text that was read in another encoding. It is repaired only where the repair is reversible and certain."""

from __future__ import annotations

import re

_LOST = "\ufffd"
# What later bytes of UTF-8 look like and yet may stand after a capital in a proper text, as in "CAFÉ…" or "IRMÃ”":
# blanks, quotation marks, dashes, dots and marks behind a word.
_WEAK = frozenset("\u00a0…‘’“”„‚‹›«»–—•™®©ºª°²³¹·´¨¸")
_QUOTES = frozenset("\u00a0’”“‘")
_READ_AS = ("cp1252", "mac_roman", "cp437", "cp850", "cp1251", "cp1250")
"""Encodings that UTF-8 is often read in by mistake; in each a byte is a character."""
_FIRST = frozenset("ÃÂĂ√¬├┬ГВ")  # the first bytes of é, £ and their like in these encodings
_WORDS = frozenset("√¬ГВ")  # those that are also signs or words of their own
# Windows-1252 read as Latin-1, where 0x80 to 0x9F are control characters that nobody writes; 0x85 also breaks lines.
_UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_CONTROLS = {
    code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code != 0x85 and code not in _UNDEFINED
}
_CONTROL = re.compile("[\x80-\x84\x86-\x9f]")
_LONG = re.compile("[\u0800-\U0010ffff]")  # characters of three bytes or four
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_SUSPECT = re.compile(r"[a-zß-ÿ][ÃÂĂ√├][^\x00-\x7fß-ÿ]|â€[^\x00-\x7f]|Ã[¤¶¼Ÿ±§©¨¡³º]|Â[£§°]|√©|‚Ä[ôúùìî]|├[®⌐]")


def repair(text: str) -> str:
    """Repairs a text if its repair is certain.

    UTF-8 that was read in another encoding: the text as a whole must turn into valid UTF-8 when it is written in that
    encoding, so that the repair can be undone, and it must have signs that no proper text has. Windows-1252 that was
    read as Latin-1: the text has control characters where that encoding has quotation marks, dashes and the like.

    Args:
        text: A text.

    Returns:
        The repaired text, or the text unchanged.
    """
    again = False
    while not text.isascii() and (better := _repaired(text, again)) is not None:
        text, again = better, True
    return text if text.isascii() else text.translate(_CONTROLS)


def doubt(text: str) -> str:
    """Says what looks like a broken encoding and is left as it is.

    Args:
        text: A text that `repair` has seen.

    Returns:
        What it looks like, in a few words; empty if nothing does.
    """
    if _LOST in text:
        return "characters that were lost in an earlier conversion (U+FFFD)"
    if not text.isascii() and _SUSPECT.search(text):
        return "what looks like a broken encoding, though not surely"
    return ""


def _repaired(text: str, again: bool) -> str | None:
    """The repaired text. In one that was repaired before, any sign of three bytes is enough: what is broken is often
    broken twice, and by chance hardly any text turns into valid UTF-8.
    """
    for encoding in _READ_AS:
        try:
            better = _written(text, encoding).decode("utf-8")
        except UnicodeError:
            continue
        if (again and _LONG.search(better) and not _PRIVATE.search(better)) or _certain(text, better):
            return better
    return None


def _written(text: str, encoding: str) -> bytes:
    """Writes a text in an encoding. Bytes that Windows-1252 leaves undefined are read as control characters."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        if encoding != "cp1252":
            raise
        return b"".join(c.encode("latin-1" if "\x80" <= c <= "\x9f" else encoding) for c in text)


def _certain(text: str, better: str) -> bool:
    """Returns whether a text that could be broken cannot be a proper one.

    text: The text, of which each character was a byte. better: The same bytes read as UTF-8.
    """
    sure, at = False, 0
    strange: set[str] = set()
    common: set[str] = set()
    for char in better:
        length = len(char.encode("utf-8", "surrogatepass"))
        if length > 1:
            signs, before, after = text[at : at + length], text[at - 1 : at], text[at + length : at + length + 1]
            if _CONTROL.search(signs):
                return True
            if length == 4 or "\u2010" <= char <= "\u20cf":
                sure = True
            elif signs[0] in _FIRST and char <= "\u00ff":
                sure = sure or _by_its_place(signs, before, after)
            else:
                (common if set(signs[1:]) <= _WEAK else strange).add(signs)
        at += length
    return (sure and not common) or (len(strange) >= 3 and len(strange) > len(common))


def _by_its_place(signs: str, before: str, after: str) -> bool:
    """Returns whether two signs such as "Ã©" stand where no word or symbol has them: within a word, or alone."""
    inside = (before.isascii() and before.islower()) or (after.isascii() and after.isalpha())
    alone = not before.isalpha() and signs[0] not in _WORDS and signs[1] not in _QUOTES
    return inside or alone
