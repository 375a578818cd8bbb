"""Chat messages with calls of tools: what they say, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.task.messages import check_messages, said, text_of

ASKED = {"role": "user", "content": "How cold is it in Köln?"}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Köln"}'}}
CALLED = {"role": "assistant", "content": "", "tool_calls": [CALL]}
RETURNED = {"role": "tool", "tool_call_id": "c1", "content": "3°"}


def test_a_call_is_part_of_what_is_said() -> None:
    assert said(CALLED) == 'weather {"city": "Köln"}'
    assert text_of([ASKED, CALLED, RETURNED]) == 'How cold is it in Köln?\nweather {"city": "Köln"}\n3°'
    assert check_messages([ASKED, CALLED, RETURNED], "here") == (ASKED, CALLED, RETURNED)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "must be text or chat messages"),
        ([ASKED, CALLED], "the last message must be the user's or a tool's"),
        ([ASKED, RETURNED], "no call before it has the id 'c1'"),
        ([ASKED, {**CALLED, "tool_calls": []}, RETURNED], "must be a list of calls"),
        ([{**ASKED, "tool_calls": [CALL]}], "not a chat message"),
        ([ASKED, CALLED, {"role": "tool", "content": "3°"}], "not a chat message"),
        ([ASKED, CALLED, {**RETURNED, "tool_call_id": 1}], "must be text"),
        ([ASKED, {**CALLED, "tool_calls": [{**CALL, "function": {"name": "f"}}]}], '"arguments" is missing'),
        (
            [ASKED, {**CALLED, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "[]"}}]}],
            "must be the JSON of an object",
        ),
        (["hi"], "not a chat message"),
        ([{"role": ["user"], "content": "x"}], "not a chat message"),
    ],
)
def test_what_is_no_conversation(messages: list[Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        check_messages(messages, "train.jsonl, line 3")
