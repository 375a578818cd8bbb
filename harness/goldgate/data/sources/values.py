"""Finding a value in a record by a column or path, and reading it as a part of a row."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from goldgate.data.sources.conversation import read_messages
from goldgate.data.sources.json_files import parse
from goldgate.data.sources.record import NotMappedError, NoValue
from goldgate.task.examples import COMPUTED
from goldgate.task.messages import Message

ABSENT = NoValue("no value", "")
"""Stands for a column or path that a record does not have."""
_EMPTY = frozenset(
    (
        *("", "n/a", "#n/a", "na", "n.a.", "nan", "null", "nil", "undefined", "<na>", "(empty)", "(blank)", "(null)"),
        *("-", "--", "---", "–", "—", "?", "#value!", "#ref!", "#div/0!", "#name?", "#null!", "#num!", "\\n"),
    )
)
"""How an empty cell is written, in lower case: by people, spreadsheets, databases (\\N) and programs."""
_LONGEST_EMPTY = max(map(len, _EMPTY))
_PYTHON_NONE = "None"  # in this spelling only: "none" is a label that people use
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def find(values: Mapping[str, Any], path: str) -> Any:
    """Finds a value by the name of a column, or by a path into it.

    Args:
        values: Column or key → value.
        path: The name, or keys and positions joined by dots ("data.text", "messages.0.content"). A name with a dot in
            it comes first, and a cell that holds JSON text is looked into.

    Returns:
        The value, or ABSENT.
    """
    if path in values:
        return values[path]
    found: Any = values
    for step in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(found, str) and found[:1] in ("{", "["):
            found = json_in(found)
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return ABSENT
    return found


def json_in(text: str) -> Any:
    """The object or list that a text is the JSON of; the text itself if it is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return parse(text)
    except (ValueError, RecursionError):
        return text


def is_empty(value: Any, keep: frozenset[str] = frozenset()) -> bool:
    """Whether a value stands for none: null, blanks, or a word such as N/A.

    Args:
        value: The value.
        keep: Words that are meant, in lower case.

    Returns:
        True for no value. False, 0, [] and {} are values.
    """
    if value is None or not isinstance(value, str):
        return value is None
    plain = _bare(value)
    if len(plain) > _LONGEST_EMPTY:
        return False
    return (plain.casefold() in _EMPTY or plain == _PYTHON_NONE) and not (plain and plain.casefold() in keep)


def is_no_text(value: Any, keep: frozenset[str] = frozenset()) -> bool:
    """Whether an input stands for none: as `is_empty`, but signs such as ? and - are something that people send.

    Args:
        value: The value.
        keep: Words that are meant, in lower case.

    Returns:
        True for no input.
    """
    return is_empty(value, keep) and (value is None or not _bare(value) or any(map(str.isalnum, value)))


def _bare(text: str) -> str:
    """A text without blanks at both ends, and without characters that are not drawn."""
    return (text if text.isascii() else _INVISIBLE.sub("", text)).strip()


def input_of(value: Any) -> str | tuple[Message, ...]:
    """Reads an input.

    Args:
        value: A text, chat messages, or the JSON of chat messages.

    Returns:
        The text, or the messages in the product's own form.

    Raises:
        NotMappedError: It is empty, or neither text nor chat messages.
    """
    if isinstance(value, str):
        if value.lstrip().startswith("[{") and isinstance(found := json_in(value), list) and _are_messages(found):
            return input_of(found)
        if not _bare(value):
            raise NotMappedError("an empty input")
        return value
    if value is None:
        raise NotMappedError("an empty input")
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        return input_of(value["messages"])
    if not isinstance(value, list):
        raise NotMappedError("an input that is neither text nor chat messages", f"it is {value!r:.60}")
    messages = read_messages(value)
    if not messages:
        raise NotMappedError("an empty input")
    if messages[-1]["role"] not in ("user", "tool"):
        raise NotMappedError("an input whose last message is neither the user's nor a tool's")
    return tuple(messages)


def _are_messages(value: list[Any]) -> bool:
    keys = ({"role", "content"}, {"from", "value"})
    return all(isinstance(one, dict) and any(pair <= one.keys() for pair in keys) for one in value)


def tags_of(value: Any) -> tuple[str, ...]:
    """Reads tags: a list, or a text that separates them by commas, semicolons or bars.

    Raises:
        NotMappedError: A tag is no text, or has the prefix of computed tags.
    """
    if isinstance(value, str):
        value = json_in(value)
    if is_empty(value):
        return ()
    parts = re.split(r"[,;|]", value) if isinstance(value, str) else value if isinstance(value, list) else [value]
    tags = tuple(dict.fromkeys(_name(part) for part in parts if not is_empty(part)))
    if reserved := [tag for tag in tags if tag.startswith(COMPUTED)]:
        raise NotMappedError("a reserved tag", f'"{reserved[0]}": {COMPUTED} tags are computed')
    return tags


def group_of(value: Any) -> str | None:
    """Reads a group: a text or a number.

    Raises:
        NotMappedError: It is neither.
    """
    return None if is_empty(value) else _name(value)


def _name(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotMappedError("a tag or group that is not text", f"{value!r:.60}")
    return str(value).strip()


def accept_of(value: Any) -> tuple[Any, ...]:
    """Reads other right outputs: a list, the JSON of one, or a single one."""
    found = json_in(value) if isinstance(value, str) else value
    if isinstance(found, list):
        return tuple(one for one in found if not is_empty(one))
    return () if is_empty(found) else (found,)


def time_of(value: Any) -> str | None:
    """Reads a time: ISO 8601, or seconds or milliseconds since 1970.

    Returns:
        ISO 8601 in UTC where the value says its zone; None if it is no time that has one reading.
    """
    if isinstance(value, str):
        text = value.strip()
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            if not re.fullmatch(r"\d{9,13}(\.\d+)?", text):
                return None
            value = float(text)
        else:
            return (found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)).isoformat()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if abs(value) >= 1e11 else value
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None


def short_text(value: Any, longest: int) -> str | None:
    """A value as a note of the row; None if it is long, empty or no text."""
    if not isinstance(value, str | int) or value == "":
        return None
    text = str(value)
    return text if len(text) <= longest else None


def as_json(value: Any) -> str:
    """A JSON value on one line, for a message."""
    return json.dumps(value, ensure_ascii=False, default=str)
