"""What an endpoint says when it does not answer: its words, and which parameter of the request they complain about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MOST_READ = 1 << 16  # bytes of a response that are searched for the words of an error
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_WORDS = ("message", "msg", "detail", "error_message", "error_msg", "status_msg")
_CODES = ("code", "status", "status_code")
# The names that vendors give to errors, where they do not send the status of HTTP.
_STATUS_OF = {
    "invalid_request_error": 400,
    "content_filter": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "insufficient_quota": 402,
    "billing_hard_limit_reached": 402,
    "billing_not_active": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    "overloaded_error": 503,
}
NO_CREDIT = 402

_LEFT_OUT = ("temperature", "seed", "chat_template_kwargs")
_RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
# Words about a value that is too high or too low: leaving the parameter out would ask something else.
_OF_THE_VALUE = re.compile(
    r"maximum|minimum|too (large|long|small|short|high|low)|range|between|(less|greater|more) than|at (least|most)"
    r"|exceed|context",
    re.IGNORECASE,
)


# What vendors say of a question that their policy forbids, where they send the status of a key without access.
_OF_THE_QUESTION = re.compile(r"moderat|flagged|content|safety|policy|policies", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """An endpoint's own words about an error.

    Attributes:
        words: The words; untrusted, of any length.
        status: The status that they stand for, in HTTP's numbers; None if they do not say.
        parameter: The parameter of the request that they name in a field of its own; None if there is none.
    """

    words: str
    status: int | None = None
    parameter: str | None = None


def read_error(raw: bytes) -> Said:
    """Reads the body of a response that is no answer.

    Args:
        raw: The body: JSON in the form of OpenAI or of another vendor, a page of a gateway, or anything else.

    Returns:
        What it says.
    """
    text = raw[:_MOST_READ].decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Said(_TAGS.sub(" ", text) if text.lstrip().startswith("<") else text)
    return said_in(body[0] if isinstance(body, list) and body else body) or Said(text)


def said_in(body: Any) -> Said | None:
    """Finds an error in the JSON of a response.

    Args:
        body: The parsed response, with any status.

    Returns:
        What it says; None if it speaks of no error.
    """
    if not isinstance(body, dict):
        return None
    choices, inner = body.get("choices"), body.get("error")
    if not inner and isinstance(choices, list) and choices:
        inner = choices[0].get("error") if isinstance(choices[0], dict) else None
        if not inner:
            return None
    inner = inner or body.get("base_resp")
    if isinstance(inner, str):
        return Said(f"{inner} {_first(body, _WORDS) or ''}".strip(), _status(body))
    told = inner if isinstance(inner, dict) else body
    if (words := _first(told, _WORDS)) is None:
        return Said(json.dumps(inner, ensure_ascii=False), _status(told)) if inner else None
    more = told.get("metadata")
    beneath = more.get("raw") if isinstance(more, dict) else None
    parameter = told.get("param")
    return Said(
        f"{words} ({_text(beneath)})" if beneath else words,
        _status(told),
        parameter.rpartition(".")[2] if isinstance(parameter, str) and parameter else None,
    )


def _first(body: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((_text(body[name]) for name in names if body.get(name)), None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _status(told: Mapping[str, Any]) -> int | None:
    for value in (*(told.get(name) for name in _CODES), told.get("type")):
        if isinstance(value, str):
            value = _STATUS_OF.get(value, int(value) if re.fullmatch("[0-9]{3}", value) else None)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def about_the_question(said: Said) -> bool:
    """Returns whether the words of a 403 are about one question, and not about the key.

    Args:
        said: The endpoint's words.
    """
    return _OF_THE_QUESTION.search(said.words) is not None


def refused_parameter(body: Mapping[str, Any], said: Said) -> str | None:
    """Finds the parameter that an endpoint does not take and that can be left out or given under its other name.

    Args:
        body: The request.
        said: Why it was refused.

    Returns:
        The parameter's name; None if the words are about something else, or about its value.
    """
    sent = [name for name in (*_LEFT_OUT, *_RENAMED) if name in body]
    if said.parameter is not None:
        sent = [name for name in sent if name == said.parameter]
    places = {name: found.start() for name in sent if (found := re.search(rf"\b{name}\b", said.words))}
    name = min(places, key=places.__getitem__) if places else next(iter(sent), None) if said.parameter else None
    greedy = name == "temperature" and not body[name]  # no wish of the task's, so any complaint is about having it
    return None if name is None or (_OF_THE_VALUE.search(said.words) and not greedy) else name


def without(body: Mapping[str, Any], names: Mapping[str, str | None]) -> dict[str, Any]:
    """Returns a request without some parameters, or with them under another name.

    Args:
        body: The request.
        names: Parameter → its other name; None to leave it out.
    """
    kept = {name: value for name, value in body.items() if name not in names}
    return kept | {other: body[name] for name, other in names.items() if other and name in body}


def other_name(parameter: str) -> str | None:
    """Returns the other name of a parameter; None if it can only be left out."""
    return _RENAMED.get(parameter)
