"""Chat messages: what was said before the answer, with the calls of tools and what these returned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_object

Message = dict[str, Any]
"""role and content, both text. An assistant's may have tool_calls, a tool's has the tool_call_id of the call that it
answers: {"id", "type": "function", "function": {"name", "arguments"}}, where arguments is the JSON of an object.
"""
ROLES = ("assistant", "system", "tool", "user")
_OPTIONAL = {"assistant": "tool_calls", "tool": "tool_call_id"}
_FORM = 'write {"role": "user", "content": ".."}'
_CALL = 'write {"id": "c1", "type": "function", "function": {"name": "..", "arguments": "{..}"}}'


def said(message: Mapping[str, Any]) -> str:
    """Returns all that a message says, its calls of tools among it, as one text."""
    calls = (call["function"] for call in message.get("tool_calls", ()))
    return "\n".join([message["content"], *(f"{call['name']} {call['arguments']}" for call in calls)]).strip("\n")


def text_of(messages: str | Sequence[Mapping[str, Any]]) -> str:
    """Returns an input as one text."""
    return messages if isinstance(messages, str) else "\n".join(map(said, messages))


def check_messages(value: Any, where: str) -> tuple[Message, ...]:
    """Checks the messages of an input.

    Args:
        value: The messages.
        where: Where they stand, for the message.

    Returns:
        The messages.

    Raises:
        UserError: They are none, or the last one is neither the user's nor a tool's.
    """
    if not isinstance(value, list) or not value:
        raise UserError(
            f"must be text or chat messages, not {value!r:.40}", where, "write a string or [{role, content}]"
        )
    open_calls: set[str] = set()
    for message in value:
        _check_message(message, where)
        open_calls |= {call["id"] for call in message.get("tool_calls", ())}
        if message["role"] == "tool" and message["tool_call_id"] not in open_calls:
            raise UserError(f"no call before it has the id {message['tool_call_id']!r:.40}", where, _CALL)
    if value[-1]["role"] not in ("user", "tool"):
        raise UserError("the last message must be the user's or a tool's", where, "remove the messages after it")
    return tuple(value)


def _check_message(message: Any, where: str) -> None:
    if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
        raise UserError(f"not a chat message: {message!r:.60}", where, _FORM)
    role, more = message["role"], message.keys() - {"role", "content"}
    if not isinstance(role, str) or not isinstance(message["content"], str):
        raise UserError(f"not a chat message: {message!r:.60}", where, _FORM)
    if role not in ROLES:
        raise UserError(f"unknown role {role!r:.40}", where, f"known: {', '.join(ROLES)}")
    if more - {_OPTIONAL.get(role, "")} or (role == "tool" and not more):
        raise UserError(f"not a chat message: {message!r:.60}", where, _FORM)
    if role == "tool" and not isinstance(message["tool_call_id"], str):
        raise UserError("the tool_call_id of a tool's message must be text", where, _CALL)
    calls = message.get("tool_calls", [])
    if not isinstance(calls, list) or ("tool_calls" in message and not calls):
        raise UserError(f"must be a list of calls, not {calls!r:.40}", f"{where}, tool_calls", _CALL)
    for call in calls:
        check_object(call, f"{where}, tool_calls", _CALL, id=str, type=str, function=dict)
        check_object(call["function"], f"{where}, tool_calls", _CALL, name=str, arguments=str)
        if not isinstance(arguments_of(call), dict):
            raise UserError("the arguments of a call must be the JSON of an object", f"{where}, tool_calls", _CALL)


def arguments_of(call: Mapping[str, Any]) -> Any:
    """Returns the arguments of a call as a JSON value; None if they are no JSON."""
    try:
        return json.loads(call["function"]["arguments"])
    except (ValueError, RecursionError):
        return None
