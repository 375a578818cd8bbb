"""What a candidate is compared with: endpoints, prompt files, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goldgate.base.files import read_json, write_json
from goldgate.subjects import parse_subject

from ..conftest import ChatServer, completion

pytest_plugins = ["pytester"]
Serve = Callable[..., ChatServer]
TWO = "def test_it(candidate, prompted):\n    assert candidate.exact_match - prompted.exact_match >= 0.0\n"
TODAY = "def test_it(candidate, incumbent):\n    assert candidate.exact_match - incumbent.exact_match >= 0.1\n"


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return result.stdout.str() + result.stderr.str()


def test_an_endpoint_is_said_to_be_identified_by_name_with_date_and_what_it_calls_itself(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    server = chat_server(lambda body: completion("red"))
    made = make(incumbent=f"openai:m@{server.url}+zero_shot")
    made.gates(TODAY)
    made.cached("base+zero_shot", "dev", wrong=0)
    for _ in range(2):  # asked, then from the cache
        text = run(pytester, "--candidate", "base+zero_shot")
        assert "is identified by name; it answered 20" in text
        assert "as m-2026 fp_1" in text
    assert len(server.asked) == 24


def test_what_the_best_prompt_is_the_best_of_is_said(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make(baselines=["zero_shot", "few_shot:2"])
    made.gates(TWO)
    for name in ("base+zero_shot", "base+few_shot:2", "base+zero_shot+constrained"):
        made.cached(name, "dev", wrong=9)
    text = run(pytester, "--candidate", "base+zero_shot")
    assert "prompted is the best on dev of base+zero_shot, base+few_shot:2, base+zero_shot+constrained" in text
    assert "not tried: base+few_shot:2+constrained (only tried for the best baseline" in text


def test_a_baseline_that_cannot_be_reached_makes_its_gates_invalid(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    server = chat_server()
    server.stop()
    remote = f"openai:m@{server.url}+zero_shot"
    made = make(baselines=["zero_shot", remote])
    made.gates(TWO)
    made.cached("base+zero_shot", "dev", wrong=0)
    text = run(pytester, "--candidate", "base+zero_shot")
    assert f"is invalid: the baseline {remote} could not be measured: cannot be reached" in text
    assert "meets" not in text


def test_answers_that_did_not_come_count_against_the_candidate(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    """All of the candidate's answers are right, and of the incumbent's few are there, all wrong."""
    right = {0: "red", 1: "green", 2: "blue"}

    def reply(body: dict[str, Any]) -> Any:
        number = int(body["messages"][-1]["content"].split()[-1])
        return completion(right[(number + 1) % 3]) if number % 2 else (400, {}, b"no")

    made = make(incumbent=f"openai:m@{chat_server(reply).url}+zero_shot")
    made.gates("def test_it(candidate, incumbent):\n    assert candidate.exact_match - incumbent.exact_match >= 0.6\n")
    made.cached("base+zero_shot", "dev", wrong=0)
    assert "does not pass" in run(pytester, "--candidate", "base+zero_shot")


def test_an_edited_prompt_file_may_be_the_best_now(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    """The champion's reference was the best of another list: what it was told then does not count now."""
    made = make(baselines=["zero_shot", "file:PROMPT.md"])
    (made.suite / "PROMPT.md").write_text("Say the colour.")
    made.champion()
    path = made.suite / "champion.json"
    tried = {n: parse_subject(n, made.task, made.project).identity for n in ("base+zero_shot", "base+file:PROMPT.md")}
    write_json(path, {**read_json(path), "tried": tried, "untried": {"base+zero_shot+constrained": "cost"}})
    text = run(pytester)
    assert "prompted: base+zero_shot (" in text
    assert "prompted is the best on dev of base+zero_shot, base+file:PROMPT.md; not tried: base+zero_shot+con" in text
    (made.suite / "PROMPT.md").write_text("Say the colour, please.")
    for split in ("dev", "golden"):
        made.cached("base+file:PROMPT.md", split, wrong=1)
        made.cached("base+file:PROMPT.md+constrained", split, wrong=1)
    assert "prompted: base+file:PROMPT.md" in run(pytester)


def test_a_vendors_price_is_told_and_stays_what_it_was_at_promotion(
    make: Callable[..., Any], pytester: pytest.Pytester
) -> None:
    vendor = "openai:gpt-4o-mini@https://api.openai.com/v1+zero_shot"
    made = make(
        incumbent=vendor,
        prices={"per_million_input": 0.01, "per_million_output": 0.01},
        decoding={"max_new_tokens": 4, "max_prompt_tokens": 12},
    )
    made.gates("def test_it(candidate, incumbent):\n    assert candidate.cost_per_1k <= 0.5 * incumbent.cost_per_1k\n")
    made.champion()
    for split in ("dev", "golden"):
        made.cached(vendor, split, wrong=0)
    text = run(pytester)
    assert f"cost of {vendor}: " in text
    assert "(genai-prices " in text
    assert "suite colours passes" in text
    path = made.suite / "champion.json"
    then = {"per_million_input": 0.01, "per_million_output": 0.01, "source": "the list of that day", "listed": True}
    write_json(path, {**read_json(path), "tariffs": {vendor: then}})
    text = run(pytester)
    assert (
        f"cost of {vendor}: 0.01 per million input tokens, 0.01 per million output tokens (the list of that day)"
        in text
    )
    assert "suite colours does not pass" in text
    write_json(path, {**read_json(path), "tariffs": {vendor: {**then, "per_million_input": "free"}}})
    assert "is invalid: cannot be 'free'" in run(pytester)


def test_another_model_behind_an_endpoints_name_is_another_look(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    says = ["red"]
    server = chat_server(lambda body: completion(says[0]))
    made = make()
    made.gates("def test_it(candidate):\n    assert candidate.exact_match.plausible >= 0.1\n")
    ask = ("--candidate", f"openai:mine@{server.url}+zero_shot", "--split", "golden")
    assert "look 1, level 0.025 per side, recorded now" in run(pytester, *ask)
    assert "look 1, level 0.025 per side" in run(pytester, *ask, "--regenerate")
    says[0] = "blue"
    assert "look 2, level 0.0125 per side, recorded now" in run(pytester, *ask, "--regenerate")
    assert len(made.looks_taken()) == 2


def test_who_answers_elsewhere_is_said_to(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve
) -> None:
    server = chat_server(lambda body: completion("red"))
    make().gates("def test_it(candidate):\n    assert candidate.exact_match >= 0.1\n")
    name = f"openai:m@{server.url}+zero_shot"
    assert f"goldgate: {name} answers 24 examples of dev at its endpoint" in run(pytester, "--candidate", name)
