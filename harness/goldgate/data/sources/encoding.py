"""Finding the text encoding of a file, and reading its lines without ever holding more than one."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.data.account import Account
from goldgate.data.sources.record import LONGEST_LINE, Source

UNREADABLE = "\udcff"
"""Stands for bytes that the encoding does not have. No decoder makes it, so it cannot be part of a text."""
_HANDLER = "goldgate-unreadable"
_CHUNK = 1 << 20
_SAMPLE = 1 << 16  # bytes that charset-normalizer judges
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNS = frozenset("€‚„…‘’“”•–—™‹›\u00a0£§©«®°±·»¼½¾´".encode("cp1252"))
"""The bytes of cp1252 that occur in English text: if a file has no other ones above 127, no letter depends on the
choice of cp1252.
"""

_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "mac_roman")
_ODD = re.compile(rb"[\x80-\xff]")
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_MOSTLY = 0.8  # share of the bytes above 127 that stand alone in text of Latin letters


def _mark_unreadable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNREADABLE, error.end


codecs.register_error(_HANDLER, _mark_unreadable)


@dataclass(frozen=True)
class Encoding:
    """The encoding of a file.

    Attributes:
        name: Python's name of it.
        reason: Why it was chosen.
    """

    name: str
    reason: str


def find_encoding(source: Source, chosen: str | None, account: Account) -> str:
    """Finds the encoding of a text file: its byte order mark, strict UTF-8, cp1252 for a few signs, or a guess.

    Args:
        source: The file.
        chosen: The encoding that the user named; None to find it.
        account: Receives the decision.

    Returns:
        Python's name of the encoding.

    Raises:
        UserError: The user named an encoding that there is not, or none can be guessed.
    """
    if chosen is not None:
        try:
            codecs.getincrementaldecoder(chosen)(_HANDLER).decode(b"\xff\x80ax", final=True)
            b"ax".decode(chosen, _HANDLER)
        except (LookupError, UnicodeError, TypeError, AssertionError) as error:  # codecs that make no text of bytes
            raise UserError(
                f'there is no text encoding "{chosen}"', "--encoding", "known are utf-8, cp1252, utf-16, shift_jis .."
            ) from error
        found = Encoding(chosen, "as --encoding says")
    else:
        found = _found(source)
    account.decide(f"encoding of {source.name}", found.name, found.reason, "--encoding")
    return found.name


def _found(source: Source) -> Encoding:
    with source.path.open("rb") as file:
        head = file.read(4096)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, "its byte order mark")
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 3 and head[start::2].count(0) > 0.4 * len(head[start::2]) and head.count(0) < 0.6 * len(head):
            return Encoding(name, "a guess: every second byte is zero")
    if head.count(0) > 0.6 * len(head):
        raise UserError("the file holds no text", source.name, "give a file of one of the formats that are read")
    if _is_utf8(source.path):
        return Encoding("utf-8", "all of it is UTF-8")
    good, bad, odd, sample = _count_lines(source.path)
    if good >= bad:
        return Encoding("utf-8", f"{good} lines with other than ASCII characters are UTF-8, {bad} are not")
    if odd <= _SIGNS:
        return Encoding("cp1252", "not UTF-8, and its bytes above 127 are only quotes, dashes and other signs")
    return _guessed(source, sample)


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _count_lines(path: Path) -> tuple[int, int, frozenset[int], bytes]:
    """Lines with bytes above 127 that are and are not UTF-8; of the latter, the bytes above 127 and a sample."""
    good, bad, odd, sample = 0, 0, set[int](), bytearray()
    with path.open("rb") as file:
        while line := file.readline(_CHUNK):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
                odd.update(byte for byte in set(line) if byte > 127)
                if len(sample) < _SAMPLE:
                    sample += line
    return good, bad, frozenset(odd), bytes(sample[:_SAMPLE])


def _guessed(source: Source, sample: bytes) -> Encoding:
    """The guess of charset-normalizer. Bytes above 127 that stand alone between ASCII letters are accented letters, so
    the guess is then among the Latin code pages, of which cp1252 is the most common: it wins if none fits better.
    """
    require("charset_normalizer")
    from charset_normalizer import from_bytes

    alone = len(_ALONE.findall(sample)) >= _MOSTLY * len(_ODD.findall(sample))
    matches = from_bytes(sample, cp_isolation=list(_LATIN) if alone else None)
    best = matches.best()
    if best is None:
        raise UserError(
            "the text encoding cannot be told", source.name, "name it with --encoding, or save the file as UTF-8"
        )
    equal = {m.encoding for m in matches if (m.chaos, m.coherence) == (best.chaos, best.coherence)}
    same = best.encoding in _LATIN and sample.decode("cp1252", "replace") == str(best)
    name = "cp1252" if alone and (same or "cp1252" in equal) else best.encoding
    return Encoding(name, "a guess of charset-normalizer: the file is not UTF-8, and letters depend on it")


def read_text(source: Source, encoding: str) -> str:
    """Reads a whole file.

    Args:
        source: The file.
        encoding: Its encoding.

    Returns:
        Its text.

    Raises:
        UserError: It has bytes that the encoding does not have. The error names the line.
    """
    text = decoded(source.path.read_bytes(), encoding)
    if UNREADABLE in text:
        where = f"{source.name}, line {text.count(chr(10), 0, text.index(UNREADABLE)) + 1}"
        raise UserError(f"bytes that are not {encoding}", where, "name its encoding with --encoding")
    return text


def decoded(raw: bytes, encoding: str) -> str:
    """Decodes bytes; those that the encoding does not have become UNREADABLE."""
    return raw.decode(encoding, _HANDLER)


def text_lines(path: Path, encoding: str) -> Iterator[str | None]:
    """Reads the lines of a file, one at a time.

    Args:
        path: The file.
        encoding: Its encoding; bytes that it does not have become UNREADABLE.

    Yields:
        Each line with its end ("\\n", "\\r\\n" or "\\r"); None for one longer than LONGEST_LINE, which is skipped.
    """
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding=encoding, errors=_HANDLER, newline="") as file:
        while line := file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
                while (more := file.readline(LONGEST_LINE)) and more[-1] not in "\r\n":
                    pass
                yield None
            else:
                yield line
