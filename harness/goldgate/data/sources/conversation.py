"""Reading chat messages of OpenAI's and ShareGPT's forms, with calls of tools and what these returned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.data.sources.json_files import parse
from goldgate.data.sources.record import NotMappedError
from goldgate.task.messages import Message, arguments_of

_ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
_ROLES |= {"developer": "system", "ai": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant"}
_RETURNED = ("tool", "function", "observation", "function_response", "tool_response")
_CALLED = ("function_call", "tool_call")


def read_messages(values: Sequence[Any]) -> list[Message]:
    """Reads chat messages.

    Args:
        values: Each {"role", "content"} or {"from", "value"}. Calls of tools stand in tool_calls, in function_call, or
            as the text of a turn of their own (ShareGPT).

    Returns:
        The messages in the product's own form. What a tool returned belongs to the call that it names, else to the
        first that nothing was returned for.

    Raises:
        NotMappedError: One is none, or holds what a text model does not see, such as an image.
    """
    read: list[Message] = []
    waiting: list[str] = []
    for value in values:
        message = _message(value, sum(len(m.get("tool_calls", ())) for m in read))
        if message["role"] == "tool":
            if not waiting:
                raise NotMappedError("a chat message of a tool that nobody called")
            named = message["tool_call_id"]
            message["tool_call_id"] = named if named in waiting else waiting[0]
            waiting.remove(message["tool_call_id"])
        waiting += [call["id"] for call in message.get("tool_calls", ())]
        read.append(message)
    return read


def answer_of(message: Message) -> Any:
    """The output that an assistant's message is.

    Args:
        message: The message.

    Returns:
        Its text; of a call of a tool, its name and arguments as an object; of several calls, a list of such.

    Raises:
        NotMappedError: It has a text and a call, which are not one output.
    """
    if "tool_calls" not in message:
        return message["content"]
    if message["content"].strip():
        raise NotMappedError("an answer with both text and a call of a tool")
    calls = [{"name": c["function"]["name"], "arguments": arguments_of(c)} for c in message["tool_calls"]]
    return calls[0] if len(calls) == 1 else calls


def _message(value: Any, calls_before: int) -> Message:
    if not isinstance(value, Mapping):
        raise NotMappedError("a chat message that is not an object", f"{value!r:.60}")
    if value.get("audio"):
        raise NotMappedError("a chat message with sound")
    role, content = value.get("role", value.get("from")), value.get("content", value.get("value"))
    if not isinstance(role, str) or role.lower() not in (*_ROLES, *_RETURNED, *_CALLED):
        raise NotMappedError("a chat message with an unknown role", f"{role!r:.60}")
    if role.lower() in _CALLED:
        calls: list[Any] = [content]
        text = ""
    else:
        given = value.get("tool_calls")
        calls = given if isinstance(given, list) else [given] if given else []
        calls = [*calls, value["function_call"]] if value.get("function_call") else calls
        text = _text(content, empty=bool(calls))
    if role.lower() in _RETURNED:
        return {"role": "tool", "tool_call_id": str(value.get("tool_call_id", "")), "content": text}
    if not calls:
        return {"role": _ROLES[role.lower()], "content": text}
    if _ROLES.get(role.lower(), "assistant") != "assistant":
        raise NotMappedError("a call of a tool that is not the assistant's")
    return {
        "role": "assistant",
        "content": text,
        "tool_calls": [_call(one, f"call_{number}") for number, one in enumerate(calls, calls_before + 1)],
    }


def _text(content: Any, empty: bool) -> str:
    if isinstance(content, list):
        if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content):
            raise NotMappedError("a chat message with an image, sound or file")
        return "\n".join(part["text"] for part in content)
    if isinstance(content, str):
        return content
    if content is None and empty:
        return ""
    raise NotMappedError("a chat message without text")


def _call(value: Any, otherwise: str) -> dict[str, Any]:
    """A call in the product's own form; its id is `otherwise` if it has none."""
    if isinstance(value, str):
        try:
            value = parse(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        raise NotMappedError("a call of a tool that cannot be read")
    inner = value.get("function", value)
    name, arguments = (inner.get("name"), inner.get("arguments", {})) if isinstance(inner, Mapping) else (None, None)
    if isinstance(arguments, str):
        arguments = arguments_of({"function": {"arguments": arguments or "{}"}})
    if not isinstance(name, str) or not name or not isinstance(arguments, Mapping):
        raise NotMappedError("a call of a tool that cannot be read", f"{value!r:.60}")
    identity = value.get("id")
    return {
        "id": identity if isinstance(identity, str) and identity else otherwise,
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)},
    }
