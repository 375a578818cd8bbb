"""What is found as personal data or a secret, and what only looks like it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.data.personal import find, scrub
from goldgate.data.personal.accounts import luhn
from goldgate.data.personal.find import found_in, texts_of

GOLDEN = Path(__file__).parents[3] / "golden"

PERSONAL = [
    ("e-mail address", "jane.doe@example.com"),
    ("e-mail address", "jane (at) example [dot] org"),
    ("e-mail address", "jane AT example DOT com"),
    ("e-mail address", "Zoë.Müller+shop@post.münchen.de"),
    ("phone number", "+49 30 1234567"),
    ("phone number", "030 1234567"),
    ("phone number", "0171/2345678"),
    ("phone number", "+1 (555) 123-4567"),
    ("phone number", "(212) 555-0143"),
    ("phone number", "555-123-4567"),
    ("phone number", "06 12 34 56 78"),
    ("phone number", "0044 20 7946 0958"),
    ("phone number", "07911123456"),
    ("phone number", "+4915123456789"),
    ("card number", "4111 1111 1111 1111"),
    ("card number", "378282246310005"),
    ("card number", "5500-0000-0000-0004"),
    ("IBAN", "DE89 3704 0044 0532 0130 00"),
    ("IBAN", "GB82WEST12345698765432"),
    ("IBAN", "fr14 2004 1010 0505 0001 3m02 606"),
    ("US social security number", "078-05-1120"),
    ("UK national insurance number", "AB 12 34 56 C"),
    ("Canadian social insurance number", "130-692-544"),
    ("Brazilian CPF", "529.982.247-25"),
    ("Indian Aadhaar number", "2345 6789 0124"),
    ("Italian tax code", "RSSMRA85T10A562S"),
    ("French social security number", "2 55 08 14 168 025 38"),
    ("Spanish DNI or NIE", "X1234567L"),
    ("German tax identification number", "86 095 742 719"),
    ("Swedish personal number", "811228-9874"),
    ("Finnish personal identity code", "131052-308T"),
    ("Swiss AHV number", "756.9217.0769.85"),
    ("Belgian national number", "85.07.30-033.28"),
    ("IP address", "8.8.8.8"),
    ("IP address", "2001:4860:4860:0:0:0:0:8888"),
]
NAMED = [
    ("phone number", "phone: ", "5551234567"),
    ("phone number", "please call ", "555 2806"),
    ("phone number", "Tel. ", "612 345 678"),
    ("card number", "my Visa number is ", "4111111111111111"),
    ("US social security number", "SSN: ", "078051120"),
    ("Brazilian CPF", "cpf ", "52998224725"),
    ("Dutch citizen service number", "BSN ", "111222333"),
    ("Polish PESEL", "PESEL: ", "44051401359"),
    ("passport number", "passport no. ", "C01X00T47"),
    ("German tax identification number", "Steuer-ID: ", "86095742719"),
]
SECRETS = [
    ("AWS access key", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("GitHub token", "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"),
    ("GitLab token", "glpat-" + "abcdefghij1234567890"),
    ("Slack token", "xoxb-" + "123456789012-abcdefghijkl"),
    ("Google API key", "AIza" + "SyA1234567890abcdefghijklmnopqrstuv"),
    ("OpenAI or Anthropic key", "sk-" + "proj-abc123def456ghi789jkl012"),
    ("Hugging Face token", "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH"),
    ("Stripe key", "sk_live_" + "abcdefghijklmnop12345678"),
    ("JSON web token", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"),
    ("private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpA\n-----END RSA PRIVATE KEY-----"),
]
ASSIGNED = [
    ("password=", "hunter2"),
    ("password: ", "S3cret!pass"),
    ("my password is ", "Sommer2024!"),
    ('DB_PASSWORD="', "topsecret"),
    ("Passwort: ", "Geheim123"),
    ("api_key = ", "9f8a7b6c5d4e3f2a1b0c9d8e"),
    ("postgres://bob:", "hunter2"),
    ("Authorization: Bearer ", "abcdef1234567890abcdef1234"),
    ("Authorization: Basic ", "dXNlcjpwYXNzd29yZA=="),
    ("user=bob&passwd=", "abcdef"),
    ("aws_secret_access_key = ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"),
]
HARMLESS = [
    "order 4111111111111111",
    "order 4111 1111 1111 1111",
    "invoice 2024-0415-1234",
    "Order no. 0612345678",
    "Your order number is 555-123-4567",
    "Rechnungsnummer 0171 2345678",
    "INV-20240411-0001 and PO 4500012345",
    "tracking 1Z999AA10123456784",
    "commit 3f2a9bc4d5e6f7081920a1b2c3d4e5f607182930",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "uuid 123e4567-e89b-12d3-a456-426614174000",
    "ISBN 978-3-16-148410-0",
    "0-306-40615-2",
    "EAN 4006381333931",
    "2024-04-11 10:30:00",
    "01.02.2024 10:30",
    "01.02.2024 10 to 12",
    "call me on 01.02.2024 or 2024-02-03",
    "total 1,204.50 EUR of 1 204 500 or 12 345 678",
    "milliseconds 1712345678901",
    "version 1.2.3.4 at 10.0.0.1",
    "3.14159265358979 and 0.125 0.250 0.375",
    "4111 1111 1111 1112",
    "DE89 3704 0044 0532 0130 01",
    "@mention me, see user@host",
    "the password is incorrect",
    "password: forgotten",
    "reset my password please; password reset: link sent",
    "token: expired, secret: none",
    "password: ****** or password = <your password> or {{password}}",
    'key = os.environ["API_KEY"]; password = getenv("P")',
    "https://example.com/a:b@c",
]


@pytest.mark.parametrize(("kind", "said"), [*PERSONAL, *SECRETS])
@pytest.mark.parametrize("around", ["{}", "Hello, {}.", "({}) thanks", "'{}'", "of: {}; and"])
def test_what_has_a_form_is_found_whole_whatever_stands_around_it(kind: str, said: str, around: str) -> None:
    text = around.format(said)
    assert [(one.kind, text[one.start : one.end]) for one in find(text)] == [(kind, said)]


@pytest.mark.parametrize(("kind", "name", "said"), NAMED)
def test_what_many_numbers_look_like_is_found_after_its_name_only(kind: str, name: str, said: str) -> None:
    text = f"{name}{said}."
    assert [(one.kind, text[one.start : one.end]) for one in find(text)] == [(kind, said)]


@pytest.mark.parametrize(("name", "said"), ASSIGNED)
def test_what_is_assigned_to_the_name_of_a_secret_is_one(name: str, said: str) -> None:
    text = f"{name}{said}@db" if "://" in name else f"{name}{said}"
    (one,) = find(text)
    assert one.secret
    assert text[one.start : one.end] == said


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_is_not_found(text: str) -> None:
    assert find(text) == []


def test_without_the_numbering_plans_what_is_written_as_a_phone_number_is_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("goldgate.data.personal.reachable.is_installed", lambda module: False)
    for text in ("+49 30 1234567", "phone: 5551234567", "555-123-4567", "(212) 555-0143"):
        assert [one.kind for one in find(text)] == ["phone number"]
    assert find("030 1234567, 1 204 500 units, 2024-04-11 10:30:00") == []


def test_the_key_of_a_value_says_what_it_is() -> None:
    row = {"phone": 5551234567, "order_number": "0612345678", "password": "hunter2", "total": 4900}
    found = [(text, [one.kind for one in found_in(lead, text)]) for lead, text in texts_of(row)]
    assert [(text, kinds) for text, kinds in found if kinds] == [
        ("5551234567", ["phone number"]),
        ("hunter2", ["password named as such"]),
    ]


@pytest.mark.parametrize(("task", "kinds"), [("invoices", set()), ("tickets", set()), ("voice", {"phone number"})])
def test_numbers_of_the_shipped_invoices_and_orders_are_not_taken_for_phones_or_cards(
    task: str, kinds: set[str]
) -> None:
    found: set[str] = set()
    for name in ("dev", "golden"):
        for line in (GOLDEN / task / f"{name}.jsonl").read_text().splitlines():
            row = json.loads(line)
            for lead, text in texts_of({key: row[key] for key in ("input", "output")}):
                for one in found_in(lead, text):
                    assert "call 555" in text[: one.end].casefold()[-15:]
                    found.add(one.kind)
    assert found == kinds


def test_what_is_set_aside_is_kept_without_what_was_found() -> None:
    raw = {
        "q": "I am jane.doe@example.com",
        "phone": 5551234567,
        "jane.doe@example.com": ["password=hunter2", None, 1.5],
    }
    assert scrub(raw) == {
        "q": "I am ‹e-mail address›",
        "phone": "‹phone number›",
        "‹e-mail address›": ["password=‹password named as such›", None, 1.5],
    }
    assert scrub(b"\xff jane@example.com") == "� ‹e-mail address›"
    assert scrub('{"q": "jane@example.com') == '{"q": "‹e-mail address›'


@given(st.text(st.sampled_from("0123456789 +-.()/@:=aZé\u200b\n"), max_size=40))
def test_any_text_can_be_searched_and_what_is_found_lies_apart_within_it(text: str) -> None:
    found = find(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.text(st.sampled_from("0123456789"), min_size=12, max_size=18), st.integers(0, 9))
def test_a_row_of_digits_with_a_wrong_check_digit_is_no_card(digits: str, last: int) -> None:
    if not luhn(f"{digits}{last}"):
        assert all(one.kind != "card number" for one in find(f"{digits}{last}"))


def test_a_long_row_of_any_characters_takes_no_time_that_grows_with_its_square() -> None:
    for piece in ("a", "1", "1 ", "a.", "a@", "password", "0-", "(", "+1", "eyJ", "::"):
        find(piece * 20_000)
