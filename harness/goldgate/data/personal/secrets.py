"""Secrets by stated patterns: keys and tokens of known makers, private keys, and passwords that are named as such."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from goldgate.data.personal.found import Found


@dataclass(frozen=True)
class Pattern:
    """A kind of secret.

    Attributes:
        kind: Its name.
        marks: A text without any of these, in lower case, has no such secret: they are sought first, for speed.
        form: How it is written. Where it has a group "it", that is the secret.
    """

    kind: str
    marks: tuple[str, ...]
    form: re.Pattern[str]


def _key(kind: str, marks: str, form: str) -> Pattern:
    """A key that is known by how it begins."""
    return Pattern(kind, tuple(marks.split()), re.compile(rf"(?<![A-Za-z0-9_]){form}(?![A-Za-z0-9_])"))


PATTERNS = (
    Pattern(
        "private key",
        ("private key", "putty-user-key", "age-secret-key"),
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END [A-Z0-9 ]{0,40}-----|.*)"
            r"|PuTTY-User-Key-File-\d:.*|AGE-SECRET-KEY-1[A-Z0-9]{50,}",
            re.DOTALL,
        ),
    ),
    _key("AWS access key", "akia asia abia acca", r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}"),
    _key("GitHub token", "gh", r"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})"),
    _key("GitLab token", "gl", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[\w-]{20,}"),
    _key("Slack token", "xox xapp", r"(?:xox[abeoprs]|xapp)-[\w-]{10,}"),
    _key("Slack webhook", "hooks.slack", r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{20,}"),
    _key("Discord webhook", "/webhooks/", r"https://discord(?:app)?\.com/api/webhooks/[\w/-]{20,}"),
    _key("Google API key", "aiza", r"AIza[\w-]{35}"),
    _key("Google token", "ya29. gocspx-", r"(?:ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})"),
    _key("OpenAI or Anthropic key", "sk-", r"sk-(?:[a-z]+\d*-)*(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}"),
    _key("Hugging Face token", "hf_ api_org_", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    _key("Stripe key", "k_live_ k_test_", r"[srp]k_(?:live|test)_[0-9A-Za-z]{10,}"),
    _key("Stripe webhook key", "whsec_", r"whsec_[A-Za-z0-9+/=]{20,}"),
    _key("Twilio key", "sk", r"SK[0-9a-f]{32}"),
    _key("SendGrid key", "sg.", r"SG\.[\w-]{16,32}\.[\w-]{32,64}"),
    _key("Mailgun key", "key-", r"key-[0-9a-z]{32}"),
    _key("Mailchimp key", "-us", r"[0-9a-f]{32}-us\d{1,2}"),
    _key("npm token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _key("PyPI token", "pypi-", r"pypi-[\w-]{50,}"),
    _key("RubyGems token", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    _key("Azure key", "accountkey= accesskey=", r"(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{40,}={0,2}"),
    _key("Azure client secret", "8q~", r"[\w.~-]{3}8Q~[\w.~-]{31,34}"),
    _key("DigitalOcean token", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _key("Shopify token", "shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _key("Databricks token", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _key("Telegram bot token", ":aa", r"\d{8,10}:AA[\w-]{32,34}"),
    _key("Vault token", "hvs. hvb.", r"hv[sb]\.[\w-]{24,}"),
    _key("Grafana token", "glsa_ glc_", r"gl(?:sa|c)_[\w=]{32,}"),
    _key("Linear key", "lin_api_", r"lin_api_\w{32,}"),
    _key("Notion token", "ntn_", r"ntn_\w{40,}"),
    _key("Groq key", "gsk_", r"gsk_\w{40,}"),
    _key("Replicate token", "r8_", r"r8_\w{36,}"),
    _key("JSON web token", "eyj", r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
    Pattern(
        "password in an address",
        ("://",),
        re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@?#]{0,64}:(?P<it>[^\s/@]{3,128})@[\w\[]", re.IGNORECASE),
    ),
    Pattern(
        "bearer token",
        ("bearer", "basic "),
        re.compile(
            r"\b(?:bearer|basic)\s+(?P<it>(?=[\w.~+/-]*\d)(?=[\w.~+/-]*[a-z])[\w.~+/-]{16,}={0,2})", re.IGNORECASE
        ),
    ),
)
"""The patterns, as the makers publish them."""

_LONG = re.compile(r"\S{12}")  # no key is shorter; a private key may have blanks in every line
_PASSWORDS = (
    r"pass(?:word|wd|code|phrase|wort)|pwd|kennwort|mot de passe|contrase[nñ]a|senha|wachtwoord|has[lł]o|пароль"
)
_KEYS = (
    r"(?:api|access|secret|private|auth|client|account|encryption|signing|master|service)[ _-]?(?:key|token|secret)|"
    r"secret|token|credentials?"
)
_NAMED_MARKS = (
    "pass", "pwd", "kennwort", "contrase", "senha", "wachtwoord", "haslo", "hasło", "пароль", "key", "token",
    "secret", "credential",
)  # fmt: skip
_ASSIGNED = re.compile(
    rf"(?<![a-z])[a-z0-9_-]{{0,30}}(?:(?P<password>{_PASSWORDS})|{_KEYS})[\"']?"
    r"(?P<how>\s{0,3}(?::=|=>|==?|[:：])\s{0,3}|\s+(?:is|was|ist|lautet|est|es|è)\s+:?\s?)"
    r"(?P<open>[\"'`]?)(?P<it>[^\s\"'`<>]{4,256})",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"[*x•.…_#?-]+|[\[{(<$%].*|\w+\(.*|(?:os\.|process\.env|env\.|getenv|self\.|config\.|settings\.|secrets\.)\S*|"
    r"\W*(?:your|my|the|some|enter|insert|change|replace|example|sample|dummy|placeholder|redacted|masked|hidden|"
    r"removed|none|null|nil|undefined|true|false|required|optional|string|str|int|bool|todo|tbd)\b.*",
    re.IGNORECASE,
)
_STAND_IN = re.compile(r"\[secret [a-z]+\]")


def secrets(text: str) -> Iterator[Found]:
    """Finds the secrets of PATTERNS, and what is assigned to a name such as "password" or "api_key"."""
    low = text.lower()
    for pattern in PATTERNS if _LONG.search(text) or "private key" in low else ():
        if any(mark in low for mark in pattern.marks):
            for match in pattern.form.finditer(text):
                yield from _found(pattern.kind, match)
    if any(mark in low for mark in _NAMED_MARKS):
        for match in _ASSIGNED.finditer(text):
            if _is_value(match):
                yield from _found(f"{'password' if match['password'] else 'key'} named as such", match)


def _found(kind: str, match: re.Match[str]) -> Iterator[Found]:
    start, end = match.span("it") if "it" in match.re.groupindex else match.span()
    if not _STAND_IN.match(match.string, start):
        yield Found(kind, start, end, secret=True)


def _is_value(match: re.Match[str]) -> bool:
    """Returns whether what follows the name of a secret is one, rather than a word about it or a place to fill in.

    After "password" and an equals sign or a quotation mark, whatever stands there is the password. After a colon or
    "is" it is one only with a digit or a sign, because people also write about passwords. A key is long, with a digit.
    """
    said = match["it"].rstrip(".,;:!)]}")
    if len(said) < 4 or (said.isdigit() and len(said) < 6) or _PLACEHOLDER.fullmatch(said):
        return False
    if not match["password"]:
        mixed = sum(re.search(kind, said) is not None for kind in (r"[a-z]", r"[A-Z]", r"[^\w-]"))
        return len(said) >= 16 and mixed >= 1 and re.search(r"\d", said) is not None
    return bool("=" in match["how"] or match["open"] or (len(said) >= 6 and re.search(r"\d|[^\w'’/-]", said)))
