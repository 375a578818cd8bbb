"""Models that think before they answer: which part of what they wrote is the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.models.template import render
from goldgate.task.task import Thinking


def begins_inside(tokenizer: Any, arguments: Mapping[str, Any], thinking: Thinking) -> bool:
    """Whether the template's prompt ends within a thought, which the model then goes on with.

    One that ends with an empty thought does not. What the messages say does not count. Raises UserError as render.
    """
    mark = "\ue000"
    head = render(tokenizer, [{"role": "user", "content": mark}], arguments).rpartition(mark)[2]
    return head.rfind(thinking.open) > head.rfind(thinking.close)


def after_thought(text: str, thinking: Thinking, inside: bool) -> str | None:
    """The answer in what a model wrote: all that follows its thought, the blanks between left out.

    inside: the text goes on with a thought that began before it. A text that begins with no thought is the answer,
    whatever tags stand in it later. None for a thought without an end: there is no answer then.
    """
    if not inside and not text.lstrip().startswith(thinking.open):
        return text
    _, closed, answer = text.partition(thinking.close)
    return answer.lstrip() if closed else None


def read_answer(tokenizer: Any, tokens: Sequence[int], thinking: Thinking, inside: bool) -> str | None:
    """after_thought of tokens, the stop token not among them. In some tokenizers the tags are special tokens, which
    plain decoding leaves out with all others.
    """
    answer = after_thought(tokenizer.decode(tokens, skip_special_tokens=False), thinking, inside)
    special = [re.escape(token.content) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return None if answer is None else re.sub("|".join(special) or "(?!)", "", answer)
