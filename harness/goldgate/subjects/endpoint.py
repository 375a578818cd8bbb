"""One OpenAI-compatible endpoint: its key, and requests that are bounded in size and time and retried if that may help.

A response is untrusted until it is parsed: redirects are not followed, and quoted text is cut and made printable.
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
"""Requests at a time: enough to hide the latency of one, few enough to stay within the limits that vendors set."""
ATTEMPTS = 5
LONGEST_WAIT = 60.0  # seconds: the longest Retry-After that is honoured
LONGEST_REQUEST = 300.0  # seconds to the last byte: a model that takes longer counts as not answering
LARGEST_BODY = 4 * 2**20  # bytes: 8,192 tokens written as \uXXXX take less than a quarter of this
_CONNECT = 10.0
_SAID = 200  # the most characters of an endpoint's own words in a message


class NoAnswer(Exception):
    """The question has no answer.

    Attributes:
        why: The reason.
        passing: Whether another attempt later may succeed.
    """

    def __init__(self, why: str, *, passing: bool) -> None:
        super().__init__(why)
        self.why = why
        self.passing = passing


class _Again(NoAnswer):
    """Worth a retry. after: seconds that the endpoint asks us to wait; reached: whether it could be reached at all."""

    def __init__(self, why: str, after: float | None = None, *, reached: bool = True) -> None:
        super().__init__(why, passing=True)
        self.after = after
        self.reached = reached


def key_for(address: Address, environ: Mapping[str, str]) -> str | None:
    """Reads the API key for a host from the environment.

    Args:
        address: The endpoint's address.
        environ: The environment variables.

    Returns:
        The key; None if there is none.

    Raises:
        UserError: The value cannot be a key. The message does not show it.
    """
    key = environ.get(address.key_variable, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UserError(
            "contains spaces or characters that no key has",
            f"environment variable {address.key_variable}",
            "set it to the key and nothing else",
        )
    return key or None


class Endpoint:
    """Sends requests to one endpoint, from several threads.

    Connections stay open until close(), so that repeated requests do not pay for a new one, just as in production.
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
        """Asks for one chat completion, with retries.

        Args:
            body: The request.
            over: Once this event is set, nothing is retried.

        Returns:
            The JSON object of the response, and the seconds that the successful request took.

        Raises:
            NoAnswer: There is still no answer after all attempts.
            UserError: No question can be answered: the endpoint cannot be reached, redirects, or refuses the key or the
                model.
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
                f"cannot be reached ({error.why})", self._address.url, "start the server, or check the address"
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
            raw = raw.replace(
                self._key.encode(), b"***"
            )  # answers are stored and shared, so an echoed key must not stay
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise _Again(f"not JSON: {self._quoted(raw[:_SAID].decode('utf-8', 'replace'))}") from error
        if not isinstance(answer, dict):
            raise _Again("not a JSON object")
        return answer, seconds

    def _refused(self, status: int, headers: Mapping[str, str], raw: bytes) -> Exception:
        """Turns a response other than 200 into the exception for it."""
        url, variable = self._address.url, self._address.key_variable
        if 300 <= status < 400:
            to = self._quoted(headers.get("location", "nowhere"))
            return UserError(
                f"redirects (HTTP {status}, to {to}), and the key is not sent there",
                url,
                "give the address that answers directly",
            )
        if status in (401, 403):
            hint = f"set {variable} to a valid key" if self._key is None else f"check the key in {variable}"
            return UserError(
                f"refuses the key (HTTP {status})" if self._key else f"requires a key (HTTP {status})", url, hint
            )
        said = f"HTTP {status}: {self._quoted(_message(raw))}"
        if status in (404, 405):
            return UserError(
                f"does not know this path or model ({said})",
                url,
                "check that the address ends before /chat/completions, and check the model's name",
            )
        if status in (408, 409, 425, 429) or status >= 500 or status < 300:
            return _Again(said, retry_after(headers.get("retry-after"), datetime.now(UTC)))
        return NoAnswer(said, passing=False)

    def _quoted(self, text: str) -> str:
        """Returns an endpoint's own words on one line, without our key and not too long."""
        plain = text.replace(self._key, "***") if self._key else text
        line = " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in plain).split())
        return line if len(line) <= _SAID else line[: _SAID - 1] + "…"


def _read(response: Any, until: float) -> bytes:
    """Reads the body. Raises _Again if it is too large, and httpx.ReadTimeout if it takes too long."""
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
    """Returns the error message of a response: in OpenAI's format if it is used, otherwise the body."""
    text = raw[: 1 << 16].decode("utf-8", "replace")
    try:
        error = json.loads(text)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, RecursionError, LookupError, TypeError):
        return text


def retry_after(value: str | None, now: datetime) -> float | None:
    """Reads a Retry-After header.

    Args:
        value: The header, a number of seconds or a date; None if it was not sent.
        now: The current time.

    Returns:
        Seconds to wait, in [0, LONGEST_WAIT]; None without a readable header.
    """
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
