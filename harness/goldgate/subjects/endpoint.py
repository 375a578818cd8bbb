"""One OpenAI-compatible endpoint: its key, and one question, bounded in size and time and asked again
where asking again may help.

What comes back is hostile until it is read: it is never followed elsewhere, and its words are cut and made printable.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import Any

from goldgate.base.errors import UserError
from goldgate.task.address import Address

PARALLEL = 8
"""Requests at a time: enough to hide the wait for one, few enough for the limits that vendors set."""
ATTEMPTS = 5
LONGEST_WAIT = 60.0  # seconds that a Retry-After is honoured for
LONGEST_REQUEST = 300.0  # seconds until the last byte: a model that thinks for longer is not there
LARGEST_BODY = 4 * 2**20  # bytes: 8,192 tokens, written as \uXXXX, are less than a quarter of it
_CONNECT = 10.0
_SAID = 200  # characters of an endpoint's own words in a message


class NoAnswer(Exception):
    """This question has no answer: why. passing: another time it may have one."""

    def __init__(self, why: str, *, passing: bool) -> None:
        super().__init__(why)
        self.why = why
        self.passing = passing


class _Again(NoAnswer):
    """Worth another try. after: seconds that the endpoint wants us to wait; reached: whether it was there at all."""

    def __init__(self, why: str, after: float | None = None, *, reached: bool = True) -> None:
        super().__init__(why, passing=True)
        self.after = after
        self.reached = reached


def key_for(address: Address, environ: Mapping[str, str]) -> str | None:
    """The key of that host, None where there is none. Raises UserError for what cannot be one, without showing it."""
    key = environ.get(address.key_variable, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UserError(
            "holds blanks or letters that no key has",
            f"environment variable {address.key_variable}",
            "set it to the key alone",
        )
    return key or None


class Endpoint:
    """Asks one endpoint, from several threads. Its connections stay open until close(): who asks again does not wait
    for a new one, as nobody does in production.
    """

    def __init__(self, address: Address, key: str | None) -> None:
        import httpx

        self._address = address
        self._key = key
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._client = httpx.Client(
            headers=headers,
            follow_redirects=False,
            timeout=httpx.Timeout(LONGEST_REQUEST, connect=_CONNECT),
            limits=httpx.Limits(max_connections=PARALLEL),
            trust_env=not address.here,
        )

    def close(self) -> None:
        self._client.close()

    def ask(self, body: Mapping[str, Any], over: Event) -> tuple[Mapping[str, Any], float]:
        """The JSON object that a chat completion is, and the seconds that it took. over: once set, nothing is asked
        again.

        Raises NoAnswer where there is none after all tries, and UserError where no question can have one: the endpoint
        is not there, sends elsewhere, or refuses the key or the model.
        """
        import stamina

        def again(error: Exception) -> bool | float:
            if not isinstance(error, _Again) or over.is_set():
                return False
            return True if error.after is None else error.after

        try:
            for attempt in stamina.retry_context(
                on=again, attempts=ATTEMPTS, timeout=LONGEST_REQUEST, wait_initial=0.5, wait_max=20.0, wait_jitter=1.0
            ):
                with attempt:
                    return self._once(json.dumps(body))
        except _Again as error:
            if error.reached:
                raise
            raise UserError(
                f"cannot be reached ({error.why})", self._address.url, "start it, or check the address"
            ) from error
        raise AssertionError("a retry ends with an answer or an error")

    def _once(self, body: str) -> tuple[Mapping[str, Any], float]:
        import httpx

        started = time.perf_counter()
        try:
            with self._client.stream("POST", f"{self._address.url}/chat/completions", content=body) as response:
                raw = _read(response, started + LONGEST_REQUEST)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Again(self._quoted(str(error)), reached=False) from error
        except httpx.TransportError as error:
            raise _Again(f"{type(error).__name__}: {self._quoted(str(error))}") from error
        seconds = time.perf_counter() - started
        if response.status_code != 200:
            raise self._refused(response.status_code, response.headers, raw)
        if self._key is not None:
            raw = raw.replace(self._key.encode(), b"***")  # answers are kept, and shared: an echo must not be
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise _Again(f"not JSON: {self._quoted(raw[:_SAID].decode('utf-8', 'replace'))}") from error
        if not isinstance(answer, dict):
            raise _Again("not a JSON object")
        return answer, seconds

    def _refused(self, status: int, headers: Mapping[str, str], raw: bytes) -> Exception:
        """What an answer that is not 200 comes to."""
        url, variable = self._address.url, self._address.key_variable
        if 300 <= status < 400:
            to = self._quoted(headers.get("location", "nowhere"))
            return UserError(
                f"sends elsewhere (HTTP {status}, to {to}), where the key is not taken",
                url,
                "name the address that answers itself",
            )
        if status in (401, 403):
            hint = f"set {variable} to a key that may use it" if self._key is None else f"check the key in {variable}"
            return UserError(
                f"refuses the key (HTTP {status})" if self._key else f"asks for a key (HTTP {status})", url, hint
            )
        said = f"HTTP {status}: {self._quoted(_message(raw))}"
        if status in (404, 405):
            return UserError(
                f"knows no such address or model ({said})",
                url,
                "end the address before /chat/completions, and check the model's name",
            )
        if status in (408, 409, 425, 429) or status >= 500 or status < 300:
            return _Again(said, retry_after(headers.get("retry-after"), datetime.now(UTC)))
        return NoAnswer(said, passing=False)

    def _quoted(self, text: str) -> str:
        """An endpoint's own words, without our key, on one line and not too many."""
        plain = text.replace(self._key, "***") if self._key else text
        line = " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in plain).split())
        return line if len(line) <= _SAID else line[: _SAID - 1] + "…"


def _read(response: Any, until: float) -> bytes:
    """The body as it was sent. Raises _Again for one that is too large, and a timeout for one that takes too long."""
    import httpx

    raw = b""
    for chunk in response.iter_raw():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            raise _Again(f"an answer of more than {LARGEST_BODY >> 20} MiB")
        if time.perf_counter() > until:
            raise httpx.ReadTimeout(f"the answer took more than {LONGEST_REQUEST:.0f} s")
    return raw


def _message(raw: bytes) -> str:
    """What an endpoint says of an error: OpenAI's form where it keeps it, else the body."""
    text = raw[: 1 << 16].decode("utf-8", "replace")
    try:
        error = json.loads(text)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, RecursionError, LookupError, TypeError):
        return text


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, a number or a date, at most LONGEST_WAIT; None without one."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None
