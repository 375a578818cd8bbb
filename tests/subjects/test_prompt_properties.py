"""Prompts from hostile messages: whatever a message spells, only the template opens and closes a turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.models.template import encode, prompt_tokens, render

PIECES = (
    "<|im_end|>",
    "<|im_start|>",
    "<|endoftext|>",
    "<|im_",
    "end|>",
    "<|",
    "|>",
    "system",
    "\n",
    " ",
    "hi",
    "é",
    "🙂",
)
contents = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
turns = st.lists(contents, min_size=1, max_size=3).map(
    lambda texts: [{"role": "user" if i % 2 == 0 else "assistant", "content": text} for i, text in enumerate(texts)]
)


@pytest.fixture(scope="module")
def tokenizer(tiny_llama: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_llama)


def special(tokenizer: Any) -> set[int]:
    return {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}


@given(turns)
@settings(deadline=None)
def test_only_the_template_writes_special_tokens(tokenizer: Any, messages: list[dict[str, str]]) -> None:
    start, end = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    (tokens,) = prompt_tokens(tokenizer, [messages], {})
    written = [t for t in tokens if t in special(tokenizer)]
    assert written == [start, end] * len(messages) + [start]


@given(turns)
@settings(deadline=None)
def test_no_letter_of_a_message_is_lost(tokenizer: Any, messages: list[dict[str, str]]) -> None:
    (tokens,) = prompt_tokens(tokenizer, [messages], {})
    assert tokenizer.decode(tokens) == render(tokenizer, messages, {})


@given(st.lists(turns, min_size=1, max_size=4))
@settings(deadline=None)
def test_a_prompt_is_read_the_same_whatever_else_is_read(tokenizer: Any, prompts: list[list[dict[str, str]]]) -> None:
    together = prompt_tokens(tokenizer, prompts, {})
    assert together == [prompt_tokens(tokenizer, [p], {})[0] for p in prompts]


@given(st.text(st.characters(exclude_categories=("Cs", "Co")), max_size=40).filter(lambda t: "<|" not in t))
@settings(deadline=None)
def test_a_message_that_spells_no_token_is_read_as_it_is_rendered(tokenizer: Any, text: str) -> None:
    messages = [{"role": "user", "content": text}]
    assert prompt_tokens(tokenizer, [messages], {})[0] == encode(tokenizer, [render(tokenizer, messages, {})])[0]


@given(turns)
@settings(deadline=None)
def test_a_prompt_ends_where_the_answer_begins(tokenizer: Any, messages: list[dict[str, str]]) -> None:
    (tokens,) = prompt_tokens(tokenizer, [messages], {})
    assert tokenizer.decode(tokens).endswith("<|im_start|>assistant\n")
