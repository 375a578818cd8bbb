"""A cost gate that passes only because a long prompt is billed as if no vendor cached it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goldgate.answers.recorded import write_recorded
from goldgate.base.files import read_json, write_json

from ..conftest import ChatServer, completion

pytest_plugins = ["pytester"]
Serve = Callable[..., ChatServer]
PLAIN = {"per_million_input": 1.0, "per_million_output": 1.0}
CACHED = {**PLAIN, "per_million_cached_input": 0.1}
HALF = "def test_cost(candidate, incumbent):\n    assert candidate.cost_per_1k <= 0.5 * incumbent.cost_per_1k\n"
PROMPTED = "def test_cost(candidate, prompted):\n    assert candidate.cost_per_1k <= 0.5 * prompted.cost_per_1k\n"
TUNED = {"prompt_tokens": 20, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 0}}
LONG = {"prompt_tokens": 100, "completion_tokens": 2}


def run(pytester: pytest.Pytester, *arguments: str) -> tuple[int, str]:
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return int(result.ret), result.stdout.str() + result.stderr.str()


def against(
    make: Callable[..., Any], pytester: pytest.Pytester, server: Any, prices: dict[str, Any], usage: dict[str, Any]
) -> tuple[int, str]:
    """A short prompt's cost against a long one's, at these prices and with what the long one's endpoint reports."""
    at = server(lambda body: completion("red", usage=TUNED if body["model"] == "new" else usage)).url
    make(prices=prices, incumbent=f"openai:old@{at}+zero_shot").gates(HALF)
    return run(pytester, "--candidate", f"openai:new@{at}+zero_shot")


def reported(cached: Any) -> dict[str, Any]:
    return {**LONG, "prompt_tokens_details": {"cached_tokens": cached}}


def test_a_gate_that_passed_on_full_prompts_fails_once_the_cache_is_priced(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    status, text = against(make, pytester, chat_server, CACHED, reported(90))
    assert status == 1, text
    assert "90 of the 100 tokens of openai:old" in text


def test_without_a_price_for_the_cache_the_gate_is_what_it_was(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    status, text = against(make, pytester, chat_server, PLAIN, reported(90))
    assert status == 0, text
    assert "prompt caching is not priced: 90 of the 100 tokens of openai:old" in text


CONTRADICTS = {**reported(0), "prompt_cache_hit_tokens": 90}


@pytest.mark.parametrize("usage", [LONG, reported(None), reported(-5), reported(1000), CONTRADICTS])
def test_an_opponent_that_does_not_say_what_is_cached_is_not_billed_in_full(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve, usage: dict[str, Any]
) -> None:
    status, text = against(make, pytester, chat_server, CACHED, usage)
    assert status == 1, text
    assert "is unknown for 24 of 24 answers" in text
    assert "prices without per_million_cached_input" in text


def test_requests_that_find_an_endpoints_cache_cold_are_billed_as_in_steady_traffic(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    """Eight questions are asked at once, a third of this split: at their full price the opponent would look dear."""
    cold = iter(range(8))

    def reply(body: dict[str, Any]) -> Any:
        return completion(
            "red", usage=TUNED if body["model"] == "new" else reported(0 if next(cold, None) is not None else 90)
        )

    at = chat_server(reply).url
    make(prices=CACHED, incumbent=f"openai:old@{at}+zero_shot").gates(HALF)
    status, text = run(pytester, "--candidate", f"openai:new@{at}+zero_shot")
    assert status == 1, text
    assert "90 of the 100 tokens of openai:old" in text


def test_a_prefix_below_the_least_one_is_billed_in_full(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    status, text = against(make, pytester, chat_server, {**CACHED, "least_cached_prefix": 91}, reported(90))
    assert status == 0, text
    assert "share 90, and 91 are the fewest that are cached" in text


def recorded(made: Any, candidate: int | None, prompted: int | None) -> None:
    """Promotes a champion with these shared tokens in its recorded answers and in its prompting's."""
    made.champion()
    identity = read_json(made.suite / "champion.json")["identity"]
    rows = []
    for split in ("golden", "dev"):
        for subject, shared, read in (("x", candidate, 20), ("y", prompted, 100)):
            who = identity if subject == "x" else read_json(made.suite / "champion.json")["prompted_identity"]
            rows += [
                {
                    "subject": subject,
                    "split": split,
                    "id": e.id,
                    "text": e.output,
                    "finish": "stop",
                    "prompt_tokens": read,
                    "completion_tokens": 2,
                    "seconds": 0.0,
                    "logprob": None,
                    "identity": who,
                    "fingerprint": f"{subject}{e.id}",
                    "example": e.digest,
                    "error": "",
                    "scores": {},
                    **({} if shared is None else {"shared_tokens": shared}),
                }
                for e in made.splits[split]
            ]
    digest = write_recorded(made.suite / "champion_answers.jsonl.gz", rows)
    record = read_json(made.suite / "champion.json")
    write_json(made.suite / "champion.json", {**record, "answers": digest})


@pytest.mark.parametrize(
    ("prices", "shared", "status"),
    [
        (PLAIN, (None, None), 0),  # recorded before shared tokens were: as ever
        (PLAIN, (5, 95), 0),
        (CACHED, (5, 95), 1),
        (CACHED, (5, 5), 0),
        (CACHED, (5, None), 1),  # a record that does not say it proves nothing
        (CACHED, (None, 5), 1),
    ],
)
def test_recorded_answers_are_billed_by_the_same_rule(
    make: Callable[..., Any], pytester: pytest.Pytester, prices: Any, shared: tuple[Any, Any], status: int
) -> None:
    made = make(prices=prices, decoding={"max_new_tokens": 4, "max_prompt_tokens": 100})
    made.gates(PROMPTED)
    recorded(made, *shared)
    found, text = run(pytester)
    assert found == status, text
