"""The shapes of files that other programs write: recognised by their keys, named, and mapped to the parts of a row.

A shape turns a record into the keys of the product's own format (input, output, accept, tags, group, time, id, meta).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.data.sources import exports
from goldgate.data.sources.conversation import answer_of, read_messages
from goldgate.data.sources.record import NotMappedError, Record
from goldgate.data.sources.values import is_empty, json_in

OWN = frozenset(("id", "input", "output", "accept", "tags", "group", "meta"))
"""The keys of the product's own format."""
_LEAST = 0.9  # share of the first rows that must have a shape
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """The shape of another program's file.

    Attributes:
        name: What it is called.
        signs: What tells it, in words.
        fits: Whether a record has it.
        parts: Turns a record into the parts of a row. Raises NotMappedError.
        used: The keys of a record that it maps.
    """

    name: str
    signs: str
    fits: Callable[[Values], bool]
    parts: Callable[[Values], dict[str, Any]]
    used: frozenset[str]


def recognise(head: Sequence[Record]) -> Shape | None:
    """Recognises the shape of a file.

    Args:
        head: The first records.

    Returns:
        The first shape that nine of ten of them have; None if there is none.
    """
    for shape in SHAPES:
        if sum(shape.fits(record.values) for record in head) >= max(1, _LEAST * len(head)):
            return shape
    return None


def is_own(values: Values) -> bool:
    """Whether a record has the product's own format and nothing beside it."""
    return {"input", "output"} <= values.keys() <= OWN


def own_parts(values: Values) -> dict[str, Any]:
    """The parts of a record of the product's own format."""
    parts = dict(values)
    if isinstance(meta := parts.get("meta"), str):
        parts["meta"] = json_in(meta)
    return parts


def _chat_parts(messages: Any) -> dict[str, Any]:
    """The last answer of the assistant is the output, and what was said before is the input."""
    if not isinstance(messages, list) or len(messages) < 2:
        raise NotMappedError("a conversation without a question and an answer")
    if isinstance(messages[-1], Mapping) and messages[-1].get("weight") == 0:
        raise NotMappedError("a last answer of weight 0, which is not to be learned")
    read = read_messages(messages)
    if read[-1]["role"] != "assistant":
        raise NotMappedError("a conversation that does not end with an answer")
    asked = read[:-1]
    one = len(asked) == 1 and asked[0]["role"] == "user"  # a question alone is a text
    return {"input": asked[0]["content"] if one else asked, "output": answer_of(read[-1])}


def _preference(values: Values) -> dict[str, Any]:
    preferred = values["preferred_output"]
    return _chat_parts([*values["input"]["messages"], *(preferred if isinstance(preferred, list) else [preferred])])


def _alpaca(values: Values) -> dict[str, Any]:
    asked, more = values["instruction"], values.get("input")
    if not isinstance(asked, str):
        raise NotMappedError("an input that is neither text nor chat messages", f"{asked!r:.60}")
    return {
        "input": asked if is_empty(more) else f"{asked}\n\n{more}",
        "output": values["output"],
        **({"id": values["id"]} if "id" in values else {}),
    }


def _pair(input_: str, output: str, name: str) -> Shape:
    spellings = [(input_, output), (input_.title(), output.title()), (input_.upper(), output.upper())]

    def columns(values: Values) -> tuple[str, str] | None:
        return next((pair for pair in spellings if set(pair) <= values.keys()), None)

    def parts(values: Values) -> dict[str, Any]:
        a, b = columns(values) or spellings[0]
        return {"input": values[a], "output": values[b]}

    used = frozenset(column for pair in spellings for column in pair)
    return Shape(name, f'they have "{input_}" and "{output}"', lambda v: columns(v) is not None, parts, used)


def _object(value: Any) -> Values:
    return value if isinstance(value, Mapping) else {}


def _has_messages(values: Values, key: str, *names: str) -> bool:
    found = values.get(key)
    found = json_in(found) if isinstance(found, str) else found
    return isinstance(found, list) and bool(found) and isinstance(found[0], Mapping) and set(names) <= found[0].keys()


def _messages(key: str) -> Callable[[Values], dict[str, Any]]:
    return lambda values: _chat_parts(json_in(values[key]) if isinstance(values[key], str) else values[key])


TUNING = ("OpenAI chat fine-tuning", "OpenAI preference fine-tuning")
"""The shapes of the files that a vendor's model is tuned with."""
SHAPES = (
    Shape("Goldgate's own format", "they have input, output and no unknown key", is_own, own_parts, OWN),
    Shape(
        TUNING[0],
        "they have messages with role and content",
        lambda values: _has_messages(values, "messages", "role"),
        _messages("messages"),
        frozenset(("messages",)),
    ),
    Shape(
        TUNING[1],
        "they have input.messages and preferred_output",
        lambda values: "preferred_output" in values and _has_messages(_object(values.get("input")), "messages", "role"),
        _preference,
        frozenset(("input", "preferred_output")),
    ),
    Shape(
        "ShareGPT",
        "they have conversations with from and value",
        lambda values: _has_messages(values, "conversations", "from", "value"),
        _messages("conversations"),
        frozenset(("conversations",)),
    ),
    Shape(
        "Alpaca",
        "they have instruction and output",
        lambda values: {"instruction", "output"} <= values.keys(),
        _alpaca,
        frozenset(("instruction", "input", "output", "id")),
    ),
    Shape("LangSmith", "they have inputs and outputs", exports.is_langsmith, exports.langsmith, exports.LANGSMITH),
    Shape("Langfuse", "they have input and expectedOutput", exports.is_langfuse, exports.langfuse, exports.LANGFUSE),
    Shape("Argilla", "they have fields and responses", exports.is_argilla, exports.argilla, exports.ARGILLA),
    Shape(
        "Label Studio",
        "they have data and annotations",
        exports.is_label_studio,
        exports.label_studio,
        exports.LABEL_STUDIO,
    ),
    Shape("promptfoo tests", "they have vars and assert", exports.is_promptfoo, exports.promptfoo, exports.PROMPTFOO),
    Shape(
        "promptfoo tests in a table",
        "they have __expected",
        lambda values: "__expected" in values,
        exports.promptfoo_table,
        frozenset(),
    ),
    _pair("input", "output", "columns of inputs and outputs"),
    _pair("prompt", "completion", "OpenAI prompts and completions"),
    _pair("prompt", "response", "prompts and responses"),
    _pair("question", "answer", "questions and answers"),
    _pair("text", "label", "texts and labels"),
)
