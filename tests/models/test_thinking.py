"""Thought and answer are told apart, whichever way tags, templates and tokenizers write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from goldgate.models.thinking import after_thought, begins_inside, read_answer
from goldgate.task.task import Thinking

from ..conftest import CHATML, THINKING

TAGS = Thinking()
plain = st.text(st.characters(codec="utf-8", exclude_characters="<>"))


@pytest.fixture
def tokenizer(tiny_llama: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_llama)


@given(plain, plain)
def test_what_follows_the_thought_is_the_answer(thought: str, answer: str) -> None:
    assert after_thought(f"<think>{thought}</think>\n\n{answer}", TAGS, inside=False) == answer.lstrip()
    assert after_thought(f"{thought}</think>\n\n{answer}", TAGS, inside=True) == answer.lstrip()


@given(plain, st.booleans())
def test_a_thought_without_an_end_is_no_answer(thought: str, inside: bool) -> None:
    assert after_thought(f"\n<think>{thought}", TAGS, inside=False) is None
    assert after_thought(thought, TAGS, inside=True) is None


@given(plain)
def test_a_text_without_a_thought_is_the_answer_as_it_stands(text: str) -> None:
    assert after_thought(text, TAGS, inside=False) == text


def test_tags_that_an_answer_speaks_of_begin_no_thought() -> None:
    assert after_thought("write <think> and </think>", TAGS, inside=False) == "write <think> and </think>"


def test_a_thought_ends_once(tokenizer: Any) -> None:
    assert after_thought("<think>a</think>b</think>c", TAGS, inside=False) == "b</think>c"


@pytest.mark.parametrize(
    ("arguments", "template", "inside"),
    [
        ({}, THINKING, False),
        ({"enable_thinking": False}, THINKING, False),
        ({}, CHATML.replace("assistant\n' }}", "assistant\n<think>\n' }}"), True),
    ],
)
def test_the_prompt_says_whether_a_thought_has_begun(
    tokenizer: Any, arguments: dict[str, Any], template: str, inside: bool
) -> None:
    tokenizer.chat_template = template
    assert begins_inside(tokenizer, arguments, TAGS) == inside


@pytest.mark.parametrize("special", [False, True])
def test_tags_are_found_where_the_tokenizer_takes_them_for_special_tokens(tokenizer: Any, special: bool) -> None:
    tokenizer.add_tokens(["<think>", "</think>"], special_tokens=special)
    tokens = tokenizer("<think>the sky</think>\n\nblue<|endoftext|>")["input_ids"]
    assert read_answer(tokenizer, tokens, TAGS, inside=False) == "blue"
    unfinished = tokens[: tokens.index(tokenizer.convert_tokens_to_ids("</think>"))]
    assert read_answer(tokenizer, unfinished, TAGS, inside=False) is None
