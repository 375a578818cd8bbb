"""The chat template: messages to tokens, the tokens that end an answer, and a digest of both for adapters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.task.examples import Message

_MARKS = 0xF0000
"""First of the private-use characters that stand for special tokens spelled out in a message while it is rendered."""

_CLOCK = "strftime_now"
"""The function that transformers lends to templates to write the day with."""


def prompt_tokens(
    tokenizer: Any, prompts: Sequence[Sequence[Message]], arguments: Mapping[str, Any]
) -> list[list[int]]:
    """Token ids of every prompt, up to where the answer starts. Raises UserError as render.

    Only the template writes special tokens. Where a message spells one, it is read as the letters that it is: or a
    customer could write the end of his turn and go on as the system.
    """
    special = sorted(token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    said = {ord(c) for messages in prompts for m in messages for c in m["content"] if ord(c) >= _MARKS}
    free = (code for code in range(_MARKS, 0x110000) if code not in said)
    marks = {content: chr(code) for content, code in zip(special, free, strict=False)}
    spelled = re.compile("|".join(re.escape(s) for s in sorted(special, key=len, reverse=True)) or r"(?!)")
    texts = [
        render(
            tokenizer,
            [{**m, "content": spelled.sub(lambda found: marks[found[0]], m["content"])} for m in messages],
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


def _part(tokenizer: Any, part: str, meant: Mapping[str, str]) -> list[int]:
    """Tokens of a piece of a rendered prompt, which is one mark or has none."""
    if part in meant:
        return list(tokenizer(meant[part], add_special_tokens=False, split_special_tokens=True)["input_ids"])
    return encode(tokenizer, [part])[0]


def render(tokenizer: Any, messages: Sequence[Message], arguments: Mapping[str, Any]) -> str:
    """The prompt's text as the model's own template writes it, up to where the answer starts.

    Where the template has no place for a system message (Gemma's refuses one, others leave it out), its text stands at
    the head of the user's turn with a blank line after it, as the template of Gemma 3 has it. Raises UserError where
    the template refuses the messages, or writes the day on which it is rendered.
    """
    if messages and messages[0]["role"] == "system" and not takes_system(tokenizer, arguments):
        messages = _in_user_turn(messages)
    return _applied(tokenizer, messages, arguments)


def takes_system(tokenizer: Any, arguments: Mapping[str, Any]) -> bool:
    """Whether the template has a place for a system message."""
    probe = [{"role": "system", "content": chr(_MARKS)}, {"role": "user", "content": "u"}]
    try:
        return chr(_MARKS) in _applied(tokenizer, probe, arguments)
    except UserError:
        return False


def _in_user_turn(messages: Sequence[Message]) -> list[Message]:
    """The messages with the text of a first system message at the head of the user's that follows it."""
    system, *rest = messages
    if not rest or rest[0]["role"] != "user":
        return list(messages)
    return [{**rest[0], "content": f"{system['content']}\n\n{rest[0]['content']}"}, *rest[1:]]


def _applied(tokenizer: Any, messages: Sequence[Message], arguments: Mapping[str, Any], *, prompt: bool = True) -> str:
    """What the template writes of the messages. prompt: for a model to answer, so with the answer's head at the end,
    and without a clock: templates get a text where they look for the function that tells the day.
    """
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        raise UserError(
            "the base model has no chat template, so nothing says how its messages are written",
            'task.yaml, field "model"',
            "take an instruct model, or write its template into a file beside task.yaml and name that:"
            " `chat_template: FILE`",
        )
    more = {_CLOCK: "", **arguments} if prompt else arguments
    try:
        return str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=prompt, **more))
    except (TemplateError, ValueError, TypeError) as error:
        if isinstance(error, TypeError) and _CLOCK in str(tokenizer.chat_template) and "not callable" in str(error):
            raise UserError(
                "the model's chat template writes today's date: the same prompt would be another tomorrow",
                'task.yaml, field "template"',
                "fix the day; for Llama 3: `template: {date_string: 26 Jul 2024}`",
            ) from error
        raise UserError(
            f"the model's chat template refuses the messages: {error}",
            'task.yaml, field "template"',
            "take an instruct model with a chat template, or drop the argument",
        ) from error


def encode(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of rendered prompts; the template has written the special tokens, so none are added."""
    return [list(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]] if texts else []


def stop_tokens(tokenizer: Any, generation: Any) -> tuple[int, ...]:
    """Ids that end an answer: the generation config's, the tokenizer's, and what the template puts after a turn."""
    stops: set[int] = set()
    configured = getattr(generation, "eos_token_id", None)
    stops.update(configured if isinstance(configured, list | tuple) else [] if configured is None else [configured])
    if tokenizer.eos_token_id is not None:
        stops.add(tokenizer.eos_token_id)
    stops.add(turn_end(tokenizer))
    return tuple(sorted(stops))


def turn_end(tokenizer: Any) -> int:
    """The special token that the template writes after an assistant's turn: the last one that an answer is trained on.

    It is the tokenizer's end-of-sequence token where the template writes none. Raises UserError where there is neither.
    """
    said = chr(_MARKS)
    turns = [{"role": "user", "content": "u"}, {"role": "assistant", "content": said}]
    whole = _applied(tokenizer, turns, {}, prompt=False)
    after = encode(tokenizer, [whole.partition(said)[2]])[0]
    special = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    end = next((token for token in after if token in special), tokenizer.eos_token_id)
    if end is None:
        raise UserError(
            "the tokenizer has no end-of-sequence token, and the chat template closes no turn with a"
            " special one: answers would never end",
            'task.yaml, field "model"',
            'set "eos_token" in tokenizer_config.json of the base model, or take another one',
        )
    return int(end)


def template_digest(tokenizer: Any, arguments: Mapping[str, Any]) -> str:
    """Digest of the template with its arguments, by what it renders for a probe of every role."""
    probe = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "v"},
    ]
    return digest([render(tokenizer, probe, arguments), turn_end(tokenizer), dict(arguments)])
