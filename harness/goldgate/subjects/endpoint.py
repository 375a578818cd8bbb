"""One OpenAI-compatible endpoint: its key, and requests that are bounded in size and time and retried if that may help.

A response is untrusted until it is parsed: redirects are not followed, and quoted text is cut, made printable and
stripped of keys. What can help by asking again (a rate limit, an overloaded server, a lost connection) is asked again.
A parameter that the endpoint does not take is left out once that is known to help, and every later answer says so.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import Any

from goldgate.base.errors import UserError
from goldgate.subjects.refusal import (
    NO_CREDIT,
    Said,
    about_the_question,
    other_name,
    read_error,
    refused_parameter,
    said_in,
    without,
)
from goldgate.task.address import Address

PARALLEL = 8
"""Requests at a time: enough to hide the latency of one, few enough to stay within the limits that vendors set."""
ATTEMPTS = 5
LONGEST_WAIT = 60.0  # seconds: the longest Retry-After that is honoured
LONGEST_REQUEST = 300.0  # seconds to the last byte: a model that takes longer counts as not answering
LARGEST_BODY = 4 * 2**20  # bytes: 8,192 tokens written as \uXXXX take less than a quarter of this
_CONNECT = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0  # seconds before another attempt, where the endpoint does not say how long
_SAID = 200  # the most characters of an endpoint's own words in a message
_SECRET = re.compile(r"\b(?:sk|pk|rk|xai|gsk|pplx|nvapi|hf|r8)[-_][\w*.…-]{8,}|\bBearer\s+\S+|\bAIza[\w-]{20,}")


class NoAnswer(Exception):
    """The question has no answer.

    Attributes:
        why: The reason.
        passing: Whether the endpoint did not answer: nothing is kept then, and the next run asks again.
    """

    def __init__(self, why: str, *, passing: bool) -> None:
        super().__init__(why)
        self.why = why
        self.passing = passing


class Refused(NoAnswer):
    """The endpoint refuses this question, and would refuse it again. said: its own words."""

    def __init__(self, why: str, said: Said) -> None:
        super().__init__(why, passing=True)
        self.said = said


class _Again(NoAnswer):
    """Worth a retry. after: seconds that the endpoint asks us to wait; reached: whether it could be reached at all."""

    def __init__(self, why: str, after: float | None = None, *, reached: bool = True) -> None:
        super().__init__(why, passing=True)
        self.after = after
        self.reached = reached


@dataclass(frozen=True)
class Asked:
    """A response that is an answer.

    Attributes:
        body: Its JSON object.
        seconds: How long the successful request took.
        without: Parameters that the endpoint does not take → the name under which they were sent; None if left out.
    """

    body: Mapping[str, Any]
    seconds: float
    without: Mapping[str, str | None]


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
        self._not_taken: dict[str, str | None] = {}
        self._answered = False  # whether it has taken the key, so that a later 403 is about its own question
        self._no_help: set[str] = set()  # parameters without which it refuses as well
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

    def ask(self, body: Mapping[str, Any], over: Event) -> Asked:
        """Asks for one chat completion, with retries.

        Args:
            body: The request.
            over: Once this event is set, nothing is retried.

        Returns:
            The answer.

        Raises:
            Refused: The endpoint refuses the question.
            NoAnswer: There is still no answer after all attempts.
            UserError: No question can be answered: the endpoint cannot be reached, redirects, or refuses the key, the
                payment or the model.
        """
        changes, before = dict(self._not_taken), ""
        while True:
            sent = without(body, changes)
            try:
                answer, seconds = self._with_retries(sent, over)
            except Refused as error:
                name = refused_parameter(sent, error.said)
                if name is None or name in changes.values() or name in self._no_help:
                    if error.said.words == before:  # the same refusal as with those parameters
                        self._no_help |= changes.keys() - self._not_taken.keys()
                    raise
                changes[name], before = other_name(name), error.said.words
            else:
                self._not_taken |= changes
                return Asked(answer, seconds, changes)

    def _with_retries(self, body: Mapping[str, Any], over: Event) -> tuple[Mapping[str, Any], float]:
        import tenacity

        backoff = tenacity.wait_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE) + tenacity.wait_random(0, 1)

        def pause(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return error.after if isinstance(error, _Again) and error.after is not None else backoff(state)

        def once() -> tuple[Mapping[str, Any], float]:
            if over.is_set():
                raise NoAnswer("the run is over", passing=True)
            return self._once(json.dumps(body))

        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(LONGEST_REQUEST),
            wait=pause,
            sleep=lambda seconds: _pause(over, seconds),
            reraise=True,
        )
        try:
            return again(once)
        except _Again as error:
            if error.reached:
                raise
            raise UserError(
                f"cannot be reached ({error.why})", self._address.url, "start the server, or check the address"
            ) from error

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
            said = read_error(raw)
            # Its own code is asked first where HTTP's says only "too many": credits that are used up do not come back.
            status = NO_CREDIT if said.status == NO_CREDIT else response.status_code
            raise self._refused(status, response.headers, said)
        try:
            answer = self._without_key(json.loads(raw))
        except (ValueError, RecursionError) as error:
            raise _Again(f"not JSON: {self._quoted(read_error(raw).words)}") from error
        if not isinstance(answer, dict):
            raise _Again("not a JSON object")
        if (error_in := said_in(answer)) is not None:
            raise self._refused(error_in.status or 500, response.headers, error_in, "HTTP 200 with an error")
        if not answer.get("choices"):
            raise _Again(f'the answer has no "choices": {self._quoted(read_error(raw).words)}')
        self._answered = True
        return answer, seconds

    def _without_key(self, value: Any) -> Any:
        """Returns a JSON value without our key: answers are stored and shared, so an echoed key must not stay."""
        if isinstance(value, str):
            return value.replace(self._key, "***") if self._key else value
        if isinstance(value, list):
            return [self._without_key(item) for item in value]
        return {k: self._without_key(v) for k, v in value.items()} if isinstance(value, dict) else value

    def _refused(self, status: int, headers: Mapping[str, str], error: Said, how: str = "") -> Exception:
        """Turns a response that is no answer into the exception for it."""
        url, variable = self._address.url, self._address.key_variable
        if 300 <= status < 400:
            to = self._quoted(headers.get("location", "nowhere"))
            return UserError(
                f"redirects (HTTP {status}, to {to}), and the key is not sent there",
                url,
                "give the address that answers directly",
            )
        words = self._quoted(error.words)
        said = f"{how or f'HTTP {status}'}{': ' if words else ''}{words}"
        if status == 401 or (status == 403 and not (self._answered or about_the_question(error))):
            hint = f"set {variable} to a valid key" if self._key is None else f"check the key in {variable}"
            return UserError(f"{'refuses the key' if self._key else 'requires a key'} ({said})", url, hint)
        if status == NO_CREDIT:
            return UserError(
                f"wants to be paid first ({said})", url, "top up the account and run again: the answers so far are kept"
            )
        if status in (404, 405):
            return UserError(
                f"does not know this path or model ({said})",
                url,
                "check that the address ends before /chat/completions, and check the model's name",
            )
        if status in (408, 409, 425, 429) or status >= 500 or status < 300:
            return _Again(said, retry_after(headers.get("retry-after"), datetime.now(UTC)))
        return Refused(said, error)

    def _quoted(self, text: str) -> str:
        """Returns an endpoint's own words on one line, without keys and not too long."""
        plain = _SECRET.sub("***", text.replace(self._key, "***") if self._key else text)
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


def _pause(over: Event, seconds: float) -> None:
    """Waits, but no longer than the run goes on."""
    over.wait(seconds)


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
