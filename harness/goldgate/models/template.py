"""The chat template: from messages to tokens, the tokens that end an answer, and a digest of both for adapters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.task.examples import Message

_MARKS = 0xF0000
"""First of the private-use characters that stand in for special tokens in a message while it is rendered."""

_CLOCK = "strftime_now"
"""The function that transformers gives templates for writing the date."""


def prompt_tokens(
    tokenizer: Any, prompts: Sequence[Sequence[Message]], arguments: Mapping[str, Any]
) -> list[list[int]]:
    """Tokenizes prompts up to where the answer starts.

    Only the template writes special tokens. If a message spells one out, it is read as ordinary characters; otherwise a
    user could end their own turn and continue as the system.

    Args:
        tokenizer: The tokenizer, with its template.
        prompts: The messages of each prompt.
        arguments: Arguments of the template.

    Returns:
        The token ids of each prompt.

    Raises:
        UserError: As render.
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
    """Tokenizes a piece of a rendered prompt, which is either one mark or contains none."""
    if part in meant:
        return list(tokenizer(meant[part], add_special_tokens=False, split_special_tokens=True)["input_ids"])
    return encode(tokenizer, [part])[0]


def render(tokenizer: Any, messages: Sequence[Message], arguments: Mapping[str, Any]) -> str:
    """Renders a prompt with the model's own template, up to where the answer starts.

    If the template has no place for a system message (Gemma's refuses one, others drop it), its text goes to the start
    of the user's turn, followed by a blank line, as in Gemma 3's template.

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
    return _applied(tokenizer, messages, arguments)


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


def stop_tokens(tokenizer: Any, generation: Any) -> tuple[int, ...]:
    """Returns the ids that end an answer: the generation config's, the tokenizer's, and what the template puts after a
    turn.
    """
    stops: set[int] = set()
    configured = getattr(generation, "eos_token_id", None)
    stops.update(configured if isinstance(configured, list | tuple) else [] if configured is None else [configured])
    if tokenizer.eos_token_id is not None:
        stops.add(tokenizer.eos_token_id)
    stops.add(turn_end(tokenizer))
    return tuple(sorted(stops))


def turn_end(tokenizer: Any) -> int:
    """Returns the special token that the template writes after an assistant turn, the last token an answer is trained
    on.

    It is the tokenizer's end-of-sequence token if the template writes none.

    Raises:
        UserError: There is neither.
    """
    said = chr(_MARKS)
    turns = [{"role": "user", "content": "u"}, {"role": "assistant", "content": said}]
    whole = _applied(tokenizer, turns, {}, prompt=False)
    after = encode(tokenizer, [whole.partition(said)[2]])[0]
    special = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    end = next((token for token in after if token in special), tokenizer.eos_token_id)
    if end is None:
        raise UserError(
            "the tokenizer has no end-of-sequence token, and the chat template does not close a turn with a special"
            " token: answers would never end",
            'task.yaml, field "model"',
            'set "eos_token" in the base model\'s tokenizer_config.json, or use another base model',
        )
    return int(end)


def template_digest(tokenizer: Any, arguments: Mapping[str, Any]) -> str:
    """Digests the template and its arguments, by what it renders for a probe with every role."""
    probe = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": "v"},
    ]
    return digest([render(tokenizer, probe, arguments), turn_end(tokenizer), dict(arguments)])
