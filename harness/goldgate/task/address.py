"""The address of an OpenAI-compatible endpoint, as it appears in the name of a subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from goldgate.base.errors import UserError

_OPENAI = "api.openai.com"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"[a-z0-9.-]+|::1")


@dataclass(frozen=True)
class Address:
    """The address of an endpoint.

    Attributes:
        url: Scheme, host, port and path, without a trailing slash; it never contains a password.
        host: The host name in lower case.
    """

    url: str
    host: str

    @property
    def here(self) -> bool:
        """Whether the endpoint is on this machine, so that the model behind its name can change at any time."""
        return self.host in _LOOPBACK

    @property
    def openai(self) -> bool:
        """Whether this is OpenAI's own API."""
        return self.host == _OPENAI

    @property
    def key_variable(self) -> str:
        """The environment variable of the API key; each host has its own, so that no key is sent to another host."""
        if self.openai:
            return "OPENAI_API_KEY"
        name = "localhost" if self.here else self.host
        return "GOLDGATE_KEY_" + name.upper().replace("-", "__").replace(".", "_")


def read_address(text: str) -> Address:
    """Parses the address in a subject's name.

    Names are shown and recorded, so an address must not contain a secret.

    Args:
        text: An https address, or an http address on this machine.

    Returns:
        The address in its normal form.

    Raises:
        UserError: The text is not such an address, or has more than host, port and path.
    """
    where = "the address of an openai: subject"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise UserError("is not a valid address", where, "write openai:MODEL@https://HOST/v1+zero_shot") from error
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UserError(
            "contains a user, a password, a query or a fragment, which may be a secret",
            where,
            "give only the plain address, and put the key into the environment",
        )
    if not _HOST.fullmatch(host) or parts.scheme not in ("http", "https"):
        raise UserError(f'"{text}" is not a valid address', where, "write openai:MODEL@https://HOST/v1+zero_shot")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise UserError(
            f"{text} is not encrypted: prompts and the key could be read in transit",
            where,
            "use https, or http on localhost",
        )
    usual = {"http": 80, "https": 443}[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    at = shown if port in (None, usual) else f"{shown}:{port}"
    return Address(f"{parts.scheme}://{at}{parts.path.rstrip('/')}", host)
