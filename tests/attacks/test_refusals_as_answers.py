"""An endpoint that fails, refuses or keeps its counts to itself: nothing of that is an answer, or free of charge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..conftest import ChatServer, completion

pytest_plugins = ["pytester"]
Serve = Callable[..., ChatServer]
PRICES = {"per_million_input": 1, "per_million_output": 1}
CHEAP = "def test_cost(candidate):\n    assert candidate.cost_per_1k <= 0.001\n"
SHORT = "def test_tokens(candidate):\n    assert candidate.tokens_out.observed <= 1\n"
CHEAPER = "def test_cheaper(candidate, incumbent):\n    assert candidate.cost_per_1k - incumbent.cost_per_1k <= 0\n"
RIGHT = "def test_right(candidate):\n    assert candidate.exact_match.observed >= 0.9\n"
COLOURS = ("red", "green", "blue")


def right(body: dict[str, Any]) -> str:
    return COLOURS[int(body["messages"][-1]["content"].split()[-1]) % 3]


def run(pytester: pytest.Pytester, *arguments: str) -> tuple[int, str]:
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return int(result.ret), result.stdout.str() + result.stderr.str()


USAGES: list[Any] = [{"prompt_tokens": 0, "completion_tokens": 0}, None]


@pytest.mark.parametrize("usage", USAGES)
def test_an_answer_whose_tokens_are_not_counted_is_not_free(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve, usage: Any
) -> None:
    server = chat_server(lambda body: completion(right(body), usage=usage))
    make(prices=PRICES).gates(CHEAP + SHORT + RIGHT)
    status, text = run(pytester, "--candidate", f"openai:m@{server.url}+zero_shot")
    assert status == 1
    assert "24 of 24 answers are missing" in text
    assert "it does not report the tokens of 24 of its 24 answers, whose cost is unknown" in text
    assert "2 failed, 1 passed" in text, "the answers themselves are there"


def test_a_candidate_whose_tokens_are_not_counted_is_no_cheaper_than_its_opponent(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    zero = {"prompt_tokens": 0, "completion_tokens": 0}
    server = chat_server(lambda body: completion(right(body), **({"usage": zero} if body["model"] == "new" else {})))
    make(prices=PRICES, incumbent=f"openai:old@{server.url}+zero_shot").gates(CHEAPER)
    status, text = run(pytester, "--candidate", f"openai:new@{server.url}+zero_shot")
    assert status == 1
    assert "answers are missing" in text


@pytest.mark.parametrize(
    "refusal",
    [
        (402, {}, b'{"error": {"message": "Insufficient Balance"}}'),
        (429, {}, b'{"error": {"message": "Insufficient Balance", "type": "insufficient_quota"}}'),
    ],
)
def test_what_was_refused_once_is_asked_again_and_told(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve, refusal: Any
) -> None:
    paid: list[bool] = []
    server = chat_server(lambda body: completion(right(body)) if paid or len(server.asked) <= 6 else refusal)
    make().gates(RIGHT)
    ask = ("--candidate", f"openai:m@{server.url}+zero_shot")
    status, text = run(pytester, *ask)
    assert status == 1
    assert "Insufficient Balance" in text
    paid.append(True)
    server.asked.clear()
    status, text = run(pytester, *ask)
    assert (status, len(server.asked)) == (0, 18), text
    assert "6 cached, 18 generated" in text


def test_what_a_filter_kept_back_is_no_answer(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    """Every word that came is right, so that a scorer of parts would be content."""
    server = chat_server(lambda body: completion(right(body), finish="content_filter"))
    make().gates("def test_no_stop(candidate):\n    assert candidate.empty_rate.observed <= 0.1\n" + RIGHT)
    status, text = run(pytester, "--candidate", f"openai:m@{server.url}+zero_shot")
    assert status == 1
    assert "a content filter of the endpoint kept the answer back" in text
