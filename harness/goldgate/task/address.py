"""The address of an OpenAI-compatible endpoint, as subjects' names write it."""

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
    """Where an endpoint is. url: scheme, host, port and path, without a slash at the end; never with a password."""

    url: str
    host: str

    @property
    def here(self) -> bool:
        """Whether it is on this machine: what answers under its name can be changed at will."""
        return self.host in _LOOPBACK

    @property
    def openai(self) -> bool:
        return self.host == _OPENAI

    @property
    def key_variable(self) -> str:
        """The environment variable that holds its key. One a host, so that no key goes to anybody else."""
        if self.openai:
            return "OPENAI_API_KEY"
        name = "localhost" if self.here else self.host
        return "GOLDGATE_KEY_" + name.upper().replace("-", "__").replace(".", "_")


def read_address(text: str) -> Address:
    """The address in a subject's name. Raises UserError for what is no https address (http on this machine), or has
    more than host, port and path: names are shown and recorded, and must hold no secret.
    """
    where = "the address of an openai: subject"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise UserError("is no address", where, "write openai:MODEL@https://HOST/v1+zero_shot") from error
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UserError(
            "holds a user, a password, a query or a fragment, which may be a secret",
            where,
            "leave the address alone; put the key into the environment",
        )
    if not _HOST.fullmatch(host) or parts.scheme not in ("http", "https"):
        raise UserError(f'"{text}" is no address', where, "write openai:MODEL@https://HOST/v1+zero_shot")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise UserError(
            f"{text} is not encrypted: prompts and the key could be read on the way",
            where,
            "use https, or http on localhost",
        )
    usual = {"http": 80, "https": 443}[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    at = shown if port in (None, usual) else f"{shown}:{port}"
    return Address(f"{parts.scheme}://{at}{parts.path.rstrip('/')}", host)
