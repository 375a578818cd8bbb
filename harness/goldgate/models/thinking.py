"""Models that think before they answer: separates the answer from the thought."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.models.template import render
from goldgate.task.task import Thinking


def begins_inside(tokenizer: Any, arguments: Mapping[str, Any], thinking: Thinking) -> bool:
    """Returns whether the template's prompt ends inside a thought, which the model then continues.

    A prompt that ends with an empty thought does not. The content of the messages is ignored.

    Raises:
        UserError: As render.
    """
    mark = "\ue000"
    head = render(tokenizer, [{"role": "user", "content": mark}], arguments).rpartition(mark)[2]
    return head.rfind(thinking.open) > head.rfind(thinking.close)


def after_thought(text: str, thinking: Thinking, inside: bool) -> str | None:
    """Extracts the answer from what a model wrote.

    Args:
        text: The text. If it does not begin with a thought, all of it is the answer, whatever tags appear later.
        thinking: The tags of a thought.
        inside: Whether the text continues a thought that began before it.

    Returns:
        Everything after the thought, without the white space between; None if the thought has no end and so no answer.
    """
    if not inside and not text.lstrip().startswith(thinking.open):
        return text
    _, closed, answer = text.partition(thinking.close)
    return answer.lstrip() if closed else None


def read_answer(tokenizer: Any, tokens: Sequence[int], thinking: Thinking, inside: bool) -> str | None:
    """Decodes tokens, without the stop token, and extracts the answer as after_thought does.

    In some tokenizers the tags are special tokens, which plain decoding would drop.
    """
    answer = after_thought(tokenizer.decode(tokens, skip_special_tokens=False), thinking, inside)
    special = [re.escape(token.content) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return None if answer is None else re.sub("|".join(special) or "(?!)", "", answer)
