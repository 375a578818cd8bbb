"""How a person is reached: e-mail addresses, phone numbers and network addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from goldgate.base.extras import is_installed
from goldgate.data.personal.found import DOMAIN, Found, before, names_other

LIBRARY = "phonenumbers"

_AT = r"(?:@|\s?[\[({]\s?(?:at|@)\s?[\])}]\s?|\s(?-i:AT)\s)"
_DOT = r"(?:\.|\s?[\[({]\s?(?:dot|\.)\s?[\])}]\s?|\s(?-i:DOT)\s)"
_EMAIL = re.compile(
    rf"(?<![\w.%+-])\w[\w.!#$%&'*+/=?^`{{|}}~-]{{0,63}}{_AT}(?:[^\W_][\w-]{{0,62}}{_DOT}){{1,6}}[^\W\d_]{{2,24}}(?![\w-])",
    re.IGNORECASE,
)

_REGIONS = (
    "GB", "DE", "FR", "IT", "NL", "BE", "AT", "CH", "IE", "SE", "NO", "DK", "FI", "PL", "PT", "AU", "NZ", "JP", "KR",
    "IN", "ZA", "TR", "IL", "UA", "RO",
)  # fmt: skip
"""The countries whose numbers are known within the country, where they begin with 0."""
_SEPARATOR = r"[ .\-/()\u00a0\u2010-\u2013]"
_SCREEN = re.compile(rf"\d(?:{_SEPARATOR}{{0,3}}\d){{6}}")  # seven digits: what has fewer is no phone number here
_ABROAD = re.compile(rf"(?<![\w+.,])(?:\+\(?|\(\+|(?<!\d )00(?=[1-9]))\d(?:{_SEPARATOR}{{0,3}}\d){{6,14}}(?![\w@])")
_TRUNK = re.compile(rf"(?<![\w.,/+:#-])(?<!\d )\(?0[1-9]\d{{0,4}}\)?(?:{_SEPARATOR}{{0,3}}\d){{5,10}}(?![\w@-])")
_START, _END = r"(?<![\w.,/#+-])(?<!\d )", r"(?![\w-]|\.\d| \d)"
# Forms that are written so for phone numbers only, and the country whose they are.
_FORMS = (
    ("US", rf"{_START}(?:1[ .-])?(?:\([2-9]\d\d\) ?\d{{3}}[ .-]|[2-9]\d\d([.-])\d{{3}}\1)\d{{4}}{_END}"),
    ("US", rf"{_START}(?:1 )?[2-9]\d\d [2-9]\d\d[ -]\d{{4}}{_END}"),
    ("IN", rf"{_START}[6-9]\d{{4}}[ -]\d{{5}}{_END}"),
    ("CN", rf"{_START}1[3-9]\d[ -]\d{{4}}[ -]\d{{4}}{_END}"),
    ("BR", rf"{_START}\(\d\d\) ?9?\d{{4}}-\d{{4}}{_END}"),
    ("RU", rf"{_START}8[ -]?\(?\d{{3}}\)?[ -]\d{{3}}[ -]\d\d[ -]\d\d{_END}"),
)
_CUE = (
    r"(?:tel(?:ephone|efon\w*|éfono|efono|efone|efoon|\.)?|téléphone|phone[sd]?|fon|mobile?|móvil|portable|whatsapp|sms|"
    r"cell(?:phone|ulare?)?|celular|telemóvel|handy\w*|rufnummer|mobil\w*|text me|fax|hotline|dial|contact number|"
    r"call(?:ed)?(?: me| us| her| him| back)?|ring(?: me| us)|reach (?:me|us|him|her)|anruf\w*|appelez(?:-moi)?|"
    r"llám\w*|llama\w*|puhelin|тел\w*|电话|手机|電話|携帯)"
)
_AFTER_CUE = re.compile(
    rf"(?:\b|_){_CUE}(?:[\s.:=#_\"'-]|\b(?:no|nr|number|num|nummer|is|on|at|me|my|ist|unter|auf|al|au|under|new|:)\b)*"
    rf"(?P<it>[+(]{{0,2}}\d(?:{_SEPARATOR}{{0,3}}\d){{6,14}})(?![\w@])",
    re.IGNORECASE,
)
_DATE = re.compile(r"\(?(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)?\d\d|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2})(?!\d|\1\d|\2\d)")

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}(?![\w:])", re.IGNORECASE)
_VERSION = re.compile(r"(?:\bv|version|release|build|firmware|driver|update|section|chapter|clause)[\s.:=]*$")


def emails(text: str) -> Iterator[Found]:
    """Finds e-mail addresses, also those written with (at) and [dot]; not those that stand in for one."""
    if "@" not in text and "at" not in text.lower():
        return
    for match in _EMAIL.finditer(text):
        if not match[0].lower().endswith("@" + DOMAIN):
            yield Found("e-mail address", *match.span())


def email_key(said: str) -> str:
    """Returns what the written forms of one e-mail address share."""
    return re.sub(_DOT, ".", re.sub(_AT, "@", said, flags=re.IGNORECASE), flags=re.IGNORECASE).casefold()


def phones(text: str) -> Iterator[Found]:
    """Finds phone numbers: international ones, the written forms of several countries, and any after a word for phone.

    Numbers after a word such as "order" or "invoice", dates and ISBNs are none. Without the package phonenumbers, what
    only a country's numbering plan can tell from another number is not found.
    """
    if not _SCREEN.search(text):
        return
    for match in _AFTER_CUE.finditer(text):
        if not _DATE.match(match["it"]):
            yield _phone(match.start("it"), _possible(match["it"]))
    for match in _ABROAD.finditer(text):
        if number := _abroad(match[0]):
            yield _phone(match.start(), number)
    for match in _TRUNK.finditer(text):
        if not names_other(text, match.start()) and (number := _within(match[0])):
            yield _phone(match.start(), number)
    for region, form in _FORMS:
        for match in re.finditer(form, text):
            written = region == "US" and any(mark in match[0] for mark in "(-.")
            if not names_other(text, match.start()) and (written or _valid(match[0], region)):
                yield Found("phone number", *match.span())


def _phone(start: int, said: str) -> Found:
    opened = said.startswith("(") and said.count("(") > said.count(")")  # a bracket around more than the area code
    return Found("phone number", start + opened, start + len(said))


def _beginnings(said: str) -> Iterator[str]:
    """The text as a whole, then without its last group of digits, and so on: a number may follow the phone number."""
    yield said
    for cut in reversed([m.start() for m in re.finditer(r"\D+", said) if m.start()]):
        yield said[:cut]


def _possible(said: str) -> str:
    """The longest beginning that has at most the 15 digits of a phone number (ITU-T E.164) and no date in it."""
    return next((b for b in _beginnings(said) if 7 <= _digits(b) <= 12 or (b[0] == "+" and _digits(b) <= 15)), said)


def _digits(said: str) -> int:
    return sum(c.isdigit() for c in said)


def _abroad(said: str) -> str:
    """The longest beginning that is a valid number, or else a possible one that is grouped; empty if there is none."""
    if not is_installed(LIBRARY):
        return _possible(said) if said[0] != "0" and _digits(said) >= 8 else ""
    for test in ("is_valid_number", "is_possible_number"):
        for beginning in _beginnings(said):
            grouped = re.search(r"\d\D+\d", beginning) is not None
            if (grouped or test == "is_valid_number") and _is(_international(beginning), None, test):
                return beginning
    return ""


def _international(said: str) -> str:
    return "+" + "".join(c for c in said if c.isdigit()).removeprefix("00")


def _within(said: str) -> str:
    """The longest beginning that is valid in one of the countries; a bare row of digits counts only as a mobile one."""
    if (_DATE.match(said) and not re.fullmatch(r"0\d(?:[ .-]\d\d){4}", said)) or _isbn(said):
        return ""
    for beginning in _beginnings(said):
        if 9 <= _digits(beginning) <= 12:
            bare = beginning.isdigit()
            if any(_valid(beginning, region, mobile=bare) for region in _REGIONS):
                return beginning
    return ""


def _isbn(said: str) -> bool:
    digits = "".join(c for c in said if c.isdigit())
    return len(digits) == 10 and "-" in said and sum(int(d) * (10 - i) for i, d in enumerate(digits)) % 11 == 0


def _parsed(said: str, region: str | None) -> Any:
    """The number that a text is in a region; None if it is none, or if the package that knows is not installed."""
    if not is_installed(LIBRARY):
        return None
    import phonenumbers

    try:
        return phonenumbers.parse(said, region)
    except phonenumbers.NumberParseException:
        return None


def _is(said: str, region: str | None, test: str) -> bool:
    import phonenumbers

    number = _parsed(said, region)
    return number is not None and bool(getattr(phonenumbers, test)(number))


def _valid(said: str, region: str, mobile: bool = False) -> bool:
    if (number := _parsed(said, region)) is None:
        return False
    import phonenumbers

    if not phonenumbers.is_valid_number(number):
        return False
    return not mobile or phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def phone_key(said: str) -> str:
    """Returns what the written forms of one phone number share: its digits without the country's code and trunk 0."""
    number = _parsed(_international(said), None) if said.startswith(("+", "(+", "00")) else None
    return str(number.national_number) if number else "".join(c for c in said if c.isdigit()).lstrip("0")


def network_addresses(text: str) -> Iterator[Found]:
    """Finds public IP addresses; private and reserved ones name nobody."""
    for match in (*_IPV4.finditer(text), *(_IPV6.finditer(text) if text.count(":") > 2 else ())):
        if not _VERSION.search(before(text, match.start())) and _is_public(match[0]):
            yield Found("IP address", *match.span())


def _is_public(said: str) -> bool:
    try:
        return ipaddress.ip_address(said).is_global
    except ValueError:
        return False
