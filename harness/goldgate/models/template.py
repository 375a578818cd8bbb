"""The chat template: from messages to tokens, the tokens that end an answer, and a digest of both for adapters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.task.messages import Message, arguments_of, said

_MARKS = 0xF0000
"""First of the private-use characters that stand in for special tokens in a message while it is rendered."""

_CLOCK = "strftime_now"
"""The function that transformers gives templates for writing the date."""


def prompt_tokens(
    tokenizer: Any, prompts: Sequence[Sequence[Message]], arguments: Mapping[str, Any]
) -> list[list[int]]:
    """Tokenizes prompts up to where the answer starts.

    Only the template writes special tokens, and the marks of a turn where they are not special. If a message spells
    one out, it is read as ordinary characters; otherwise a user could end their own turn and continue as the system.

    Args:
        tokenizer: The tokenizer, with its template.
        prompts: The messages of each prompt.
        arguments: Arguments of the template.

    Returns:
        The token ids of each prompt.

    Raises:
        UserError: As render.
    """
    special = sorted(
        {t.content for t in tokenizer.added_tokens_decoder.values() if t.special} | _marks_of_turns(tokenizer)
    )
    used = {ord(c) for messages in prompts for m in messages for c in said(m) if ord(c) >= _MARKS}
    free = (code for code in range(_MARKS, 0x110000) if code not in used)
    marks = {content: chr(code) for content, code in zip(special, free, strict=False)}
    spelled = re.compile("|".join(re.escape(s) for s in sorted(special, key=len, reverse=True)) or r"(?!)")
    texts = [
        render(
            tokenizer,
            [_changed(m, lambda text: spelled.sub(lambda found: marks[found[0]], text)) for m in messages],
            arguments,
        )
        for messages in prompts
    ]
    tokens = encode(tokenizer, texts)
    meant = {mark: content for content, mark in marks.items()}
    marked = re.compile("([" + "".join(meant) + "])") if meant else re.compile("((?!))")
    for at, text in enumerate(texts):
        if len(parts := marked.split(text)) > 1:
            tokens[at] = [token for part in parts for token in _part(tokenizer, part, meant)]
    return tokens


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """Changes the texts of a message, those of its calls of tools among them."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(inner, change) for inner in value]
    return {key: _changed(inner, change) if key != "role" else inner for key, inner in value.items()}


def _part(tokenizer: Any, part: str, meant: Mapping[str, str]) -> list[int]:
    """Tokenizes a piece of a rendered prompt, which is either one mark or contains none."""
    if part not in meant:
        return encode(tokenizer, [part])[0]
    text = meant[part]
    spelled = list(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])
    if len(spelled) == 1 and len(text) > 1:  # not special, so tokenizers would not split it
        return [token for ids in encode(tokenizer, [text[:1], text[1:]]) for token in ids]
    return spelled


def _marks_of_turns(tokenizer: Any) -> set[str]:
    """The added tokens that are not special and that the template writes around a user's message."""
    plain = [token.content for token in tokenizer.added_tokens_decoder.values() if not token.special]
    if not plain:
        return set()
    turn = _applied(tokenizer, [{"role": "user", "content": "u"}], {}, prompt=False)
    return {content for content in plain if content in turn}


def render(tokenizer: Any, messages: Sequence[Message], arguments: Mapping[str, Any]) -> str:
    """Renders a prompt with the model's own template, up to where the answer starts.

    If the template has no place for a system message (Gemma's refuses one, others drop it), its text goes to the start
    of the user's turn, followed by a blank line, as in Gemma 3's template. If it has none for the calls of tools, these
    and what they returned are written as in Hermes' and Qwen's templates.

    Args:
        tokenizer: The tokenizer, with its template.
        messages: The messages.
        arguments: Arguments of the template.

    Returns:
        The text of the prompt.

    Raises:
        UserError: The template refuses the messages, or writes the date on which it is rendered.
    """
    if messages and messages[0]["role"] == "system" and not takes_system(tokenizer, arguments):
        messages = _in_user_turn(messages)
    if any("tool_calls" in message or message["role"] == "tool" for message in messages):
        messages = _with_objects(messages) if _takes_tools(tokenizer, arguments) else _as_text(messages)
    return _applied(tokenizer, messages, arguments)


def _takes_tools(tokenizer: Any, arguments: Mapping[str, Any]) -> bool:
    """Returns whether the template writes the name and the arguments of a call, and what the tool returned."""
    name, argument, returned = (chr(_MARKS + i) for i in range(3))
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": json.dumps({"a": argument})}}
    probe: list[Message] = [
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": returned},
    ]
    try:
        text = _applied(tokenizer, _with_objects(probe), arguments)
    except UserError:
        return False
    return all(part in text for part in (name, argument, returned))


def _with_objects(messages: Sequence[Message]) -> list[Message]:
    """Gives templates the arguments of calls as objects: of a text, they would write the JSON of its JSON."""
    return [
        {**message, "tool_calls": [_with_object(call) for call in message["tool_calls"]]}
        if "tool_calls" in message
        else message
        for message in messages
    ]


def _with_object(call: Mapping[str, Any]) -> dict[str, Any]:
    return {**call, "function": {**call["function"], "arguments": arguments_of(call)}}


def _as_text(messages: Sequence[Message]) -> list[Message]:
    """Writes calls into the assistant's turn, and what tools returned into one of the user's."""
    written: list[Message] = []
    for message in messages:
        if message["role"] == "tool":
            text = f"<tool_response>\n{message['content']}\n</tool_response>"
            if written and written[-1]["role"] == "user":
                written[-1] = {"role": "user", "content": f"{written[-1]['content']}\n{text}"}
            else:
                written.append({"role": "user", "content": text})
        elif "tool_calls" in message:
            calls = [{"name": c["function"]["name"], "arguments": arguments_of(c)} for c in message["tool_calls"]]
            texts = [f"<tool_call>\n{json.dumps(call, ensure_ascii=False)}\n</tool_call>" for call in calls]
            content = "\n".join([*([message["content"]] if message["content"] else []), *texts])
            written.append({"role": "assistant", "content": content})
        else:
            written.append(message)
    return written


def takes_system(tokenizer: Any, arguments: Mapping[str, Any]) -> bool:
    """Returns whether the template has a place for a system message."""
    probe = [{"role": "system", "content": chr(_MARKS)}, {"role": "user", "content": "u"}]
    try:
        return chr(_MARKS) in _applied(tokenizer, probe, arguments)
    except UserError:
        return False


def _in_user_turn(messages: Sequence[Message]) -> list[Message]:
    """Moves the text of a leading system message to the start of the user message that follows it."""
    system, *rest = messages
    if not rest or rest[0]["role"] != "user":
        return list(messages)
    return [{**rest[0], "content": f"{system['content']}\n\n{rest[0]['content']}"}, *rest[1:]]


def _applied(tokenizer: Any, messages: Sequence[Message], arguments: Mapping[str, Any], *, prompt: bool = True) -> str:
    """Applies the template, without a clock: templates get a text in place of the function that returns today's date.

    prompt: whether a model is to answer, so that the text ends with the header of the answer.
    """
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        raise UserError(
            "the base model has no chat template, so nothing says how to write its messages",
            'task.yaml, field "model"',
            "use an instruct model, or save its template in a file next to task.yaml and set `chat_template: FILE`",
        )
    more = {_CLOCK: "", **arguments} if prompt else arguments
    try:
        return str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=prompt, **more))
    except (TemplateError, ValueError, TypeError) as error:
        if isinstance(error, TypeError) and _CLOCK in str(tokenizer.chat_template) and "not callable" in str(error):
            raise UserError(
                "the model's chat template writes today's date, so the same prompt would be different tomorrow",
                'task.yaml, field "template"',
                "set a fixed date; for Llama 3: `template: {date_string: 26 Jul 2024}`",
            ) from error
        raise UserError(
            f"the model's chat template refuses the messages: {error}",
            'task.yaml, field "template"',
            "use an instruct model with a chat template, or remove the argument",
        ) from error


def encode(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Tokenizes rendered prompts. No special tokens are added, because the template has written them."""
    return [list(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]] if texts else []


@dataclass(frozen=True)
class TurnEnd:
    """How the chat template closes a turn of the assistant.

    Attributes:
        tokens: The last tokens an answer is trained on: almost always one.
        text: The same as text.
    """

    tokens: tuple[int, ...]
    text: str


def stop_tokens(tokenizer: Any, generation: Any) -> tuple[int, ...]:
    """Returns the ids that end an answer: the generation config's, the tokenizer's, and what the template puts after a
    turn, if it is a single token.
    """
    stops: set[int] = set()
    configured = getattr(generation, "eos_token_id", None)
    stops.update(configured if isinstance(configured, list | tuple) else [] if configured is None else [configured])
    if tokenizer.eos_token_id is not None:
        stops.add(tokenizer.eos_token_id)
    if len(end := turn_end(tokenizer).tokens) == 1:
        stops.update(end)
    return tuple(sorted(stops))


def turn_end(tokenizer: Any) -> TurnEnd:
    """Finds what the template writes after an assistant turn.

    That is the first special token there; else the first token that was added to the vocabulary for a mark, as some
    models have <|im_end|> without calling it special; else the text there, in as many tokens as it takes. If the
    template writes nothing but blanks, it is the tokenizer's end-of-sequence token.

    Raises:
        UserError: There is none of them.
    """
    answer = chr(_MARKS)
    turns = [{"role": "user", "content": "u"}, {"role": "assistant", "content": answer}]
    text = _applied(tokenizer, turns, {}, prompt=False).partition(answer)[2]
    after = encode(tokenizer, [text])[0]
    added = tokenizer.added_tokens_decoder
    marks = [t for t in after if t in added and added[t].special] or [t for t in after if t in added]
    if marks:
        return TurnEnd((marks[0],), added[marks[0]].content)
    if text.strip():
        return _written(tokenizer, text.strip())
    if tokenizer.eos_token_id is None:
        raise UserError(
            "the tokenizer has no end-of-sequence token, and the chat template does not close a turn with anything:"
            " answers would never end",
            'task.yaml, field "model"',
            'set "eos_token" in the base model\'s tokenizer_config.json, or use another base model',
        )
    return TurnEnd((int(tokenizer.eos_token_id),), str(tokenizer.eos_token))


def _written(tokenizer: Any, text: str) -> TurnEnd:
    """The tokens of a text as they follow an answer: some tokenizers write the beginning of a text differently."""
    before, whole = encode(tokenizer, ["a", f"a{text}"])
    own = whole[len(before) :] if whole[: len(before)] == before else encode(tokenizer, [text])[0]
    return TurnEnd(tuple(own), text)


def template_digest(tokenizer: Any, arguments: Mapping[str, Any]) -> str:
    """Digests the template and its arguments, by what it renders for a probe with every role."""
    probe = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "v"},
    ]
    end = turn_end(tokenizer).tokens
    return digest([render(tokenizer, probe, arguments), end[0] if len(end) == 1 else list(end), dict(arguments)])
