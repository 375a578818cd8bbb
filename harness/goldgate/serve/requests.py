"""Reading requests: which model, what is asked, and which parameters would change what was gated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goldgate.base.errors import UserError
from goldgate.serve.errors import ApiError
from goldgate.serve.served import Served
from goldgate.task.examples import Example
from goldgate.task.messages import check_messages

_READ = {"model", "messages", "stream", "stream_options"}
_ALLOWED: Mapping[str, tuple[Any, ...]] = {
    "n": (None, 1),
    "tools": (None, []),
    "tool_choice": (None, "none", "auto"),
    "functions": (None, []),
    "stop": (None, []),
    "logprobs": (None, False),
}
"""Parameters that ask for another form of answer, and the values that do not."""
_IGNORED = {
    *("temperature", "top_p", "top_k", "min_p", "seed", "presence_penalty", "frequency_penalty", "repetition_penalty"),
    *("max_tokens", "max_completion_tokens", "logit_bias", "response_format", "reasoning_effort", "verbosity"),
    *("user", "metadata", "store", "service_tier", "parallel_tool_calls", "safety_identifier", "prompt_cache_key"),
}
"""Parameters that are pinned by what was gated, or mean nothing here. A header of the answer names those given."""


@dataclass(frozen=True)
class Asked:
    """A request for a chat completion.

    Attributes:
        served: Who answers.
        model: The name that it was asked by.
        example: What is asked.
        stream: Whether the answer goes out in pieces.
        usage: Whether the last piece has the number of tokens.
        ignored: Names of the parameters that were given and change nothing.
    """

    served: Served
    model: str
    example: Example
    stream: bool
    usage: bool
    ignored: tuple[str, ...]


def read_chat(body: Any, models: Mapping[str, Served]) -> Asked:
    """Reads a request for a chat completion.

    Args:
        body: The JSON body.
        models: Name → model.

    Returns:
        What is asked.

    Raises:
        ApiError: A field is missing, unknown or asks for something that was not gated.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_body", "the body must be a JSON object")
    if odd := sorted(set(body) - _READ - _IGNORED - _ALLOWED.keys()):
        raise ApiError(400, "unknown_parameter", f"unknown parameter {odd[0]!r:.60}", odd[0][:60])
    for name, allowed in _ALLOWED.items():
        if name in body and body[name] not in allowed:
            raise ApiError(
                400, "unsupported_parameter", f"{name} asks for an answer that was not gated; leave it out", name
            )
    stream, options = body.get("stream") or False, body.get("stream_options") or {}
    if not isinstance(stream, bool) or not isinstance(options, dict):
        raise ApiError(400, "invalid_type", "stream must be true or false", "stream")
    served = find_model(body.get("model"), models)
    ignored = tuple(sorted(name for name in body if name in _IGNORED and body[name] is not None))
    example = example_of(body.get("messages"))
    return Asked(served, body["model"], example, stream, bool(options.get("include_usage")), ignored)


def find_model(name: Any, models: Mapping[str, Served]) -> Served:
    """Returns the model of a name. Raises ApiError if there is none."""
    if not isinstance(name, str) or name not in models:
        raise ApiError(
            404, "model_not_found", f"no model {name!r:.60}; there are: {', '.join(sorted(models))}", "model"
        )
    return models[name]


def example_of(given: Any) -> Example:
    """Makes an example of chat messages or a bare input.

    Args:
        given: Messages of which the last is the user's or a tool's, or a text.

    Returns:
        The example; a single message of the user's is a text, as in the data.

    Raises:
        ApiError: It is neither.
    """
    if isinstance(given, str) and given.strip():
        return Example("asked", given, "")
    try:
        messages = check_messages([_plain(one) for one in given] if isinstance(given, list) else given, "messages")
    except UserError as error:
        raise ApiError(400, "invalid_messages", error.what, "messages") from error
    if not any(message["content"].strip() for message in messages):
        raise ApiError(400, "invalid_messages", "the messages are empty", "messages")
    alone = len(messages) == 1 and messages[0]["role"] == "user"
    return Example("asked", messages[0]["content"] if alone else messages, "")


def _plain(message: Any) -> Any:
    """A message as clients write it: contents in parts, the role developer, a name."""
    if not isinstance(message, dict):
        return message
    plain = {key: value for key, value in message.items() if value is not None and key not in ("name", "refusal")}
    if plain.get("role") == "developer":
        plain["role"] = "system"
    content = plain.get("content", "" if "tool_calls" in plain else None)
    if isinstance(content, list) and all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in content):
        content = "\n".join(part["text"] for part in content)
    return {**plain, "content": content}
