"""Stand-ins for personal data and secrets: the same original has the same one everywhere, and none gives it away."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping

from goldgate.base.extras import require
from goldgate.data.personal.find import Rows, found_in, parts_of, texts_of, with_texts
from goldgate.data.personal.found import DOMAIN, Found
from goldgate.data.personal.reachable import LIBRARY, email_key, phone_key
from goldgate.data.row import Row
from goldgate.task.examples import Example

REDACTIONS = "redactions.json"
"""Kind → number of stand-ins that were given, so that a later redaction gives others."""
_ZEROS = "0000"
"""The beginning of every number that stands in for one. No number of a card, person, account or phone begins so."""
_NETWORK = ipaddress.ip_network("198.18.0.0/15")  # for benchmarks only, never routed (RFC 2544)


class StandIns:
    """The stand-ins for what is found in some rows.

    They keep the form of the original, so that a model learns to copy it and patterns in a schema still hold: numbers
    keep their separators, letters of numbers become X, and digits become zeros with a running number at the end. The
    running numbers follow the order of the originals' digests, so that they depend neither on the order of the rows nor
    on the alphabet.

    Attributes:
        counts: Kind → number of different originals.
    """

    def __init__(self, rows: Iterable[Row | Example], used: Mapping[str, int] | None = None) -> None:
        """Collects what is to be replaced.

        Args:
            rows: All rows that share stand-ins.
            used: Kind → number of stand-ins of an earlier redaction, which are not used again.

        Raises:
            UserError: The package phonenumbers is not installed.
        """
        require(LIBRARY)  # what is not found would stay
        keys: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            for _, value in parts_of(row):
                for lead, text in texts_of(value):
                    for one in found_in(lead, text):
                        keys[one.kind].add(_key(one.kind, text[one.start : one.end]))
        self._numbers = {
            (kind, key): number
            for kind, values in keys.items()
            for number, key in enumerate(sorted(values, key=_digest), (used or {}).get(kind, 0) + 1)
        }
        self.counts = {kind: len(values) for kind, values in sorted(keys.items())}

    def replaced(self, row: Rows) -> Rows:
        """Returns a row or an example with stand-ins.

        Args:
            row: One of the rows that were collected from.

        Returns:
            The row; the same object if nothing was found in it.
        """
        return with_texts(row, self._replaced)

    def _replaced(self, lead: str, text: str) -> str:
        for one in reversed(found_in(lead, text)):
            text = text[: one.start] + self._stand_in(one, text[one.start : one.end]) + text[one.end :]
        return text

    def _stand_in(self, one: Found, said: str) -> str:
        number = self._numbers[one.kind, _key(one.kind, said)]
        if one.secret:
            return f"[secret {_letters(number)}]"
        if one.kind == "e-mail address":
            return f"user-{_letters(number)}@{DOMAIN}"
        if one.kind == "IP address":
            return str(_NETWORK[number % _NETWORK.num_addresses])
        return _in_form(said, number)


def _letters(number: int) -> str:
    """Writes a number in letters, so that texts which differ in it do not count as the same but for numbers."""
    said = ""
    while number:
        number, place = divmod(number - 1, 26)
        said = "abcdefghijklmnopqrstuvwxyz"[place] + said
    return said


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _key(kind: str, said: str) -> str:
    """What different spellings of the same original share."""
    if kind == "phone number":
        return phone_key(said)
    if kind == "e-mail address":
        return email_key(said)
    if kind == "IP address" or kind.endswith(("key", "token", "password")):
        return said
    return "".join(c for c in said.upper() if c.isalnum()) or said


def _in_form(said: str, number: int) -> str:
    """Writes a number in the form of another one; what is too long for the form goes before its first digit."""
    room = sum(c.isdigit() for c in said)
    digits = (_ZEROS + str(number).zfill(room - len(_ZEROS))) if room > len(_ZEROS) else _ZEROS + str(number)
    ahead, rest = digits[: len(digits) - room], iter(digits[len(digits) - room :])
    first = next((i for i, c in enumerate(said) if c.isdigit()), 0)
    letters = ["X" if c.isalpha() else next(rest) if c.isdigit() else c for c in said]
    return "".join([*letters[:first], ahead, *letters[first:]])
