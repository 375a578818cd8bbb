"""Numbers of accounts: payment cards and IBANs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldgate.data.personal.found import Found, before, names_other

_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){11,18}(?![\w-]|[.,]\d)")
_CARD_CUE = re.compile(
    r"card|visa|master|amex|american express|diners|discover|jcb|maestro|karte|carte|tarjeta|carta\b"
)
# First digits → lengths, as ISO/IEC 7812 has them and the issuers publish them.
_ISSUERS: tuple[tuple[str, frozenset[int]], ...] = (
    (r"4", frozenset({13, 16, 19})),  # Visa
    (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", frozenset({16})),  # Mastercard
    (r"3[47]", frozenset({15})),  # American Express
    (r"6011|64[4-9]|65", frozenset({16, 19})),  # Discover
    (r"30[0-5]|309|3[689]", frozenset({14, 16})),  # Diners Club
    (r"35(?:2[89]|[3-8])", frozenset({16, 19})),  # JCB
    (r"62|81", frozenset({16, 17, 18, 19})),  # UnionPay
    (r"5018|5020|5038|5893|6304|6759|676[1-3]", frozenset({12, 13, 14, 15, 16, 18, 19})),  # Maestro
    (r"220[0-4]", frozenset({16})),  # Mir
    (r"60|508[5-9]|82", frozenset({16})),  # RuPay
)
_ISSUER = tuple((re.compile(prefix), lengths) for prefix, lengths in _ISSUERS)
_GROUPS = re.compile(r"\d+|\d{4}(?:([ -])\d{4})(?:\1\d{4})(?:\1\d{1,4}){1,2}|\d{4}([ -])\d{6}\2\d{4,5}")

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])")
# Country → length, from the registry of ISO 13616.
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE BI", 18: "DK FI FO GL NL FK", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BJ BF DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


def luhn(digits: str) -> bool:
    """Returns whether the last digit is the check digit of the others by Luhn's formula (ISO/IEC 7812-1, annex B)."""
    doubled = (int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _only_digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def cards(text: str) -> Iterator[Found]:
    """Finds payment card numbers: an issuer's first digits and length, grouped as on a card, with a right check digit.

    A number right after a word such as "order" or "invoice" is none.
    """
    for match in _CARD.finditer(text):
        said, digits = match[0], _only_digits(match[0])
        if not _GROUPS.fullmatch(said) or not _issued(digits) or not luhn(digits):
            continue
        if names_other(text, match.start()) and not _CARD_CUE.search(before(text, match.start())):
            continue
        yield Found("card number", *match.span())


def _issued(digits: str) -> bool:
    return any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _ISSUER)


def ibans(text: str) -> Iterator[Found]:
    """Finds international bank account numbers: a country's length, and remainder 1 of 97 (ISO 13616, ISO 7064)."""
    for match in _IBAN.finditer(text):
        length, end, said = _IBAN_LENGTHS.get(match[0][:2].upper(), 0), match.start(), ""
        while end < len(text) and len(said) < length:
            if text[end].isascii() and text[end].isalnum():
                said += text[end].upper()
            elif text[end] not in " -" or text[end - 1] in " -":
                break
            end += 1
        if not length or len(said) < length or text[end : end + 1].isalnum():
            continue
        if int("".join(str(int(c, 36)) for c in said[4:] + said[:4])) % 97 == 1:
            yield Found("IBAN", match.start(), end)
