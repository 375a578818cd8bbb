"""The chat template: messages to tokens, the tokens that end an answer, and a digest of both for adapters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import UserError
from harness.examples import Message
from harness.fingerprint import digest

_MARKS = 0xF0000
"""First of the private-use characters that stand for special tokens spelled out in a message while it is rendered."""


def prompt_tokens(tokenizer: Any, prompts: Sequence[Sequence[Message]],
                  arguments: Mapping[str, Any]) -> list[list[int]]:
    """Token ids of every prompt, up to where the answer starts. Raises UserError as render.

    Only the template writes special tokens. Where a message spells one, it is read as the letters that it is: or a
    customer could write the end of his turn and go on as the system.
    """
    special = sorted(token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    said = {ord(c) for messages in prompts for m in messages for c in m["content"] if ord(c) >= _MARKS}
    free = (code for code in range(_MARKS, 0x110000) if code not in said)
    marks = {content: chr(code) for content, code in zip(special, free, strict=False)}
    spelled = re.compile("|".join(re.escape(s) for s in sorted(special, key=len, reverse=True)) or r"(?!)")
    texts = [render(tokenizer, [{**m, "content": spelled.sub(lambda found: marks[found[0]], m["content"])}
                                for m in messages], arguments) for messages in prompts]
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
    """The prompt's text as the model's own template writes it, up to where the answer starts. Raises UserError."""
    from jinja2 import TemplateError

    try:
        text = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True, **arguments)
    except (TemplateError, ValueError) as error:
        raise UserError(f"the model's chat template refuses the messages: {error}", 'task.yaml, field "template"',
                        "take an instruct model with a chat template, or drop the argument") from error
    return str(text)


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

    It is the tokenizer's end-of-sequence token where the template writes none.
    """
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    try:
        whole = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=False)
    except ValueError as error:
        raise UserError(f"the model has no usable chat template: {error}", 'task.yaml, field "model"',
                        "take an instruct model") from error
    after = encode(tokenizer, [whole[whole.rindex("b") + 1 :]])[0]
    special = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    return next((token for token in after if token in special), int(tokenizer.eos_token_id))


def template_digest(tokenizer: Any, arguments: Mapping[str, Any]) -> str:
    """Digest of the template with its arguments, by what it renders for a probe of every role."""
    probe = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
             {"role": "assistant", "content": "a"}, {"role": "user", "content": "v"}]
    return digest([render(tokenizer, probe, arguments), turn_end(tokenizer), dict(arguments)])
