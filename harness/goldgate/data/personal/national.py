"""The national numbers of persons that are found, each by its published form and check digit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from goldgate.data.personal.accounts import luhn
from goldgate.data.personal.found import Found, names_other


@dataclass(frozen=True)
class Format:
    """A national number.

    Attributes:
        kind: Its name.
        form: How it is written. Where it has a group "it", that is the number, and what stands before is its name.
        right: Whether its letters and digits are such a number.
    """

    kind: str
    form: re.Pattern[str]
    right: Callable[[str], bool] = lambda said: True


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False))


def _cpf(said: str) -> bool:
    checks = (-_weighted(said, tuple(range(n + 1, 1, -1))) % 11 for n in (9, 10))
    return len(set(said)) > 1 and all(int(said[9 + i]) == check % 10 for i, check in enumerate(checks))


def _verhoeff(said: str) -> bool:
    """Verhoeff's check digit: multiplication in the dihedral group of order 10 after a permutation by position."""
    permuted, check = ["0123456789"], 0
    for _ in range(7):
        permuted.append("".join("1576283094"[int(d)] for d in permuted[-1]))
    for place, digit in enumerate(reversed(said)):
        check = _dihedral(check, int(permuted[place % 8][int(digit)]))
    return check == 0


def _dihedral(one: int, other: int) -> int:
    turned = (one + other if one < 5 else one - other) % 5
    return turned if (one < 5) == (other < 5) else turned + 5


def _codice_fiscale(said: str) -> bool:
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    values = [int(c) if c.isdigit() else ord(c) - ord("A") for c in said[:15]]
    total = sum(v if place % 2 else odd[v] for place, v in enumerate(values))
    return ord(said[15]) - ord("A") == total % 26


def _nir(said: str) -> bool:
    number = said[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and int(said[13:]) == 97 - int(number) % 97


def _dni(said: str) -> bool:
    return said[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(said[:-1].translate(str.maketrans("XYZ", "012"))) % 23]


def _steuer_id(said: str) -> bool:
    """One digit of the first ten occurs twice or three times; the last is the check digit of ISO 7064 mod 11, 10."""
    product = 10
    for digit in said[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return max(map(said[:10].count, said[:10])) in (2, 3) and said[0] != "0" and int(said[10]) == (11 - product) % 10


def _dated(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _personnummer(said: str) -> bool:
    return _dated(said[-8:-6], said[-6:-4]) and luhn(said[-10:])


def _hetu(said: str) -> bool:
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(said[:6] + said[-4:-1]) % 31]
    return _dated(said[2:4], said[:2]) and said[-1] == check


def _pesel(said: str) -> bool:
    return -_weighted(said, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10 == int(said[10])


def _bsn(said: str) -> bool:
    return len(set(said)) > 1 and _weighted(said, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _ahv(said: str) -> bool:
    return -_weighted(said, (1, 3) * 6) % 10 == int(said[12])


def _belgian(said: str) -> bool:
    checks = (97 - (born + int(said[:9])) % 97 for born in (0, 2_000_000_000))
    return _dated(said[2:4], said[4:6]) and int(said[9:]) in checks


def _alone(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A number that is known by its form; no digits may stand beside it, which would make it part of a longer one."""
    return re.compile(rf"(?<![\w.+-])(?<!\d )(?:{pattern})(?![\w-]|\.\d| \d)", flags)


def _named(names: str, pattern: str) -> re.Pattern[str]:
    """A number that is known by its name, because others look like it."""
    between = r"[\s.:=#\"'-]*(?:(?:no|nr|number|num|nummer|code|is|id)\b[\s.:=#\"'-]*){0,3}"
    return re.compile(rf"(?<![a-z])(?:{names}){between}(?<!\w)(?P<it>{pattern})(?![\w-]|\.\d)", re.IGNORECASE)


_SSN = r"(?!000|666|9)\d{3}[ -]?(?!00)\d\d[ -]?(?!0000)\d{4}"
_NINO = r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d\d){3} ?[A-D]"
_NIR = r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d"
_PASSPORT = "passport|reisepass|passeport|pasaporte|passaporto|paspoort"
FORMATS = (
    Format("US social security number", _alone(_SSN.replace("[ -]?", "-"))),
    Format("US social security number", _named("ssn|social security", _SSN)),
    Format("UK national insurance number", _alone(_NINO, re.IGNORECASE)),
    Format("Canadian social insurance number", _alone(r"[1-79]\d\d-\d{3}-\d{3}"), luhn),
    Format("Canadian social insurance number", _named("sin|social insurance", r"[1-79]\d\d ?\d{3} ?\d{3}"), luhn),
    Format("Brazilian CPF", _alone(r"\d{3}\.\d{3}\.\d{3}-\d\d"), _cpf),
    Format("Brazilian CPF", _named("cpf", r"\d{11}"), _cpf),
    Format("Indian Aadhaar number", _alone(r"[2-9]\d{3}([ -])\d{4}\1\d{4}"), _verhoeff),
    Format("Indian Aadhaar number", _named("aadhaar|aadhar|uidai", r"[2-9]\d{11}"), _verhoeff),
    Format("Indian PAN", _alone(r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]")),
    Format("Italian tax code", _alone(r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]", re.IGNORECASE), _codice_fiscale),
    Format("French social security number", _alone(_NIR), _nir),
    Format("Spanish DNI or NIE", _alone(r"(?:\d{8}|[XYZ]-?\d{7})-?[A-Z]", re.IGNORECASE), _dni),
    Format("German tax identification number", _alone(r"[1-9]\d \d{3} \d{3} \d{3}"), _steuer_id),
    Format(
        "German tax identification number",
        _named(r"steuer-?id(?:entifikationsnummer|entnummer|nr)?|steueridentifikationsnummer|idnr", r"[1-9]\d{10}"),
        _steuer_id,
    ),
    Format("Dutch citizen service number", _named("bsn|burgerservicenummer", r"\d{9}"), _bsn),
    Format("Polish PESEL", _named("pesel", r"\d{11}"), _pesel),
    Format("Swedish personal number", _alone(r"(?:19|20)?\d{6}[-+]\d{4}"), _personnummer),
    Format("Finnish personal identity code", _alone(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]"), _hetu),
    Format("Swiss AHV number", _alone(r"756([. ]?)\d{4}\1\d{4}\1\d\d"), _ahv),
    Format("Belgian national number", _alone(r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d"), _belgian),
    Format("passport number", _named(_PASSPORT, r"(?=[A-Z]*\d)[A-Z0-9]{6,9}")),
)
"""The formats. A number that many others look like counts only after its name."""


def national_numbers(text: str) -> Iterator[Found]:
    """Finds the national numbers of FORMATS."""
    for one in FORMATS:
        named = "it" in one.form.groupindex
        for match in one.form.finditer(text):
            start, end = match.span("it") if named else match.span()
            said = "".join(c for c in text[start:end].upper() if c.isalnum())
            if one.right(said) and (named or not names_other(text, start)):
                yield Found(one.kind, start, end)
