"""Remote subjects against a real server on this machine: what is sent, what is believed, and who gets the key."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.answers.collect import AnswerCache, collect
from goldgate.base.errors import UserError
from goldgate.subjects import Answer, parse_subject
from goldgate.subjects.endpoint import LARGEST_BODY, LONGEST_WAIT, NoAnswer, key_for, retry_after
from goldgate.subjects.remote import LOST_IN_A_ROW, how_known, read_completion
from goldgate.task.address import read_address
from goldgate.task.examples import Example
from goldgate.task.project import Project
from goldgate.task.task import Task

from ..conftest import ChatServer, completion

Made = tuple[Project, Task]
Serve = Callable[..., ChatServer]
TEXT = {"kind": "text", "decoding": {"max_new_tokens": 12, "max_prompt_tokens": 50}}
KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture
def task(make_task: Callable[..., Made]) -> Made:
    return make_task(TEXT, train=[("a", "b")])


def ask(made: Made, url: str, count: int = 1, strategy: str = "zero_shot") -> list[Answer]:
    project, task = made
    subject = parse_subject(f"openai:m@{url}+{strategy}", task, project)
    return list(subject.answer([Example(f"e{i}", f"question {i}", "yes") for i in range(count)]))


def test_an_answer_carries_text_tokens_date_and_what_the_endpoint_calls_itself(task: Made, chat_server: Serve) -> None:
    server = chat_server()
    (answer,) = ask(task, server.url)
    assert (answer.text, answer.finish, answer.prompt_tokens, answer.completion_tokens) == ("yes", "stop", 7, 2)
    assert answer.served == "m-2026 fp_1"
    assert datetime.fromisoformat(answer.date)
    ((headers, body),) = server.asked
    assert server.paths == ["/v1/chat/completions"]
    assert "Authorization" not in headers
    assert body == {
        "model": "m",
        "max_tokens": 12,
        "temperature": 0.0,
        "messages": [{"role": "system", "content": "Say what it is."}, {"role": "user", "content": "question 0"}],
    }
    said = how_known("openai:m@https://x/v1+y", [answer])
    assert said == f"openai:m@https://x/v1+y is identified by name; it answered {answer.date} as m-2026 fp_1"


def test_many_are_asked_at_a_time_and_each_gets_its_own_answer(task: Made, chat_server: Serve) -> None:
    server = chat_server(lambda body: completion(body["messages"][-1]["content"]))
    answers = ask(task, server.url, 40)
    assert {a.id: a.text for a in answers} == {f"e{i}": f"question {i}" for i in range(40)}


def test_one_after_another_is_asked_over_one_connection(task: Made, chat_server: Serve) -> None:
    """A latency that counted a new connection for every question would make the endpoint look slower than it is."""
    project, made = task
    server = chat_server(keeps=True)
    subject = parse_subject(f"openai:m@{server.url}+zero_shot", made, project)
    for i in range(3):
        assert [a.text for a in subject.answer([Example("e", f"question {i}", "yes")])] == ["yes"]
    assert (len(server.asked), server.connections) == (3, 1)


@pytest.mark.parametrize(
    ("finish", "becomes"),
    [("stop", "stop"), ("STOP", "stop"), ("eos_token", "stop"), ("length", "length"), ("model_length", "length")],
)
def test_an_answer_that_was_cut_off_is_said_to_be(task: Made, chat_server: Serve, finish: str, becomes: str) -> None:
    server = chat_server(lambda body: completion("ye", finish=finish))
    assert ask(task, server.url)[0].finish == becomes


@pytest.mark.parametrize(
    ("content", "finish", "text", "becomes"),
    [
        ("<think>hm</think>\n\nyes", "stop", "yes", "stop"),
        ("hm</think>yes", "stop", "yes", "stop"),
        ("<think>hm", "stop", "", "length"),
        ("yes", "stop", "yes", "stop"),
        (None, "length", "", "length"),
    ],
)
def test_a_thought_is_no_part_of_the_answer(
    make_task: Callable[..., Made], chat_server: Serve, content: str | None, finish: str, text: str, becomes: str
) -> None:
    made = make_task({**TEXT, "thinking": {}})
    server = chat_server(lambda body: completion(content, finish=finish))
    (answer,) = ask(made, server.url)
    assert (answer.text, answer.finish) == (text, becomes)


def test_a_task_that_knows_no_thoughts_takes_the_text_as_it_is(
    task: Made, make_task: Callable[..., Made], chat_server: Serve
) -> None:
    server = chat_server(lambda body: completion("<think>hm</think>yes"))
    (answer,) = ask(task, server.url)
    assert answer.text == "<think>hm</think>yes"
    (other,) = ask(make_task({**TEXT, "thinking": {}}), server.url)
    assert other.identity != answer.identity


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_error_is_asked_again(task: Made, chat_server: Serve, status: int) -> None:
    replies: Iterator[Any] = iter([(status, {"Retry-After": "1"}, b"busy"), completion("yes")])
    server = chat_server(lambda body: next(replies))
    assert ask(task, server.url)[0].text == "yes"
    assert len(server.asked) == 2


HOSTILE = {
    "not JSON": b"<html>oops",
    "no object": b"[1]",
    "nothing": b"",
    "depth": b"[" * 100_000,
    "no choices": b"{}",
    "no choice": b'{"choices": []}',
    "a text choice": b'{"choices": ["x"]}',
    "no message": b'{"choices": [{"finish_reason": "stop"}]}',
    "no finish": json.dumps({"choices": [{"message": {"content": "yes"}}], "usage": {}}).encode(),
    "a list of texts": completion(["yes"])[2],
    "no text": completion(None)[2],
    "tools": completion("yes", finish="tool_calls")[2],
    "kept back": completion("ye", finish="content_filter")[2],
    "SAFETY": completion("", finish="SAFETY")[2],
    "thoughts alone": completion([{"type": "thinking", "thinking": "hm"}])[2],
    "a part without text": completion([{"type": "text", "text": None}])[2],
    "huge": b'{"a": "' + b"x" * LARGEST_BODY + b'"}',
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_what_is_no_answer_is_a_missing_one(task: Made, chat_server: Serve, what: str) -> None:
    server = chat_server(lambda body: (200, {}, HOSTILE[what]))
    (answer,) = ask(task, server.url)
    assert (answer.text, answer.finish, answer.passing) == (None, "error", True)
    assert answer.error.isprintable()
    assert 0 < len(answer.error) < 300


def test_what_would_break_a_file_or_a_terminal_is_made_plain(task: Made, chat_server: Serve) -> None:
    server = chat_server(lambda body: completion("a\ud800b", system_fingerprint="\x1b[2J", model="m" * 999))
    (answer,) = ask(task, server.url)
    assert answer.text == "a?b"
    assert answer.served == "m" * 60


@pytest.mark.parametrize(
    ("usage", "says"),
    [
        ({"prompt_tokens": 51, "completion_tokens": 2}, "51 tokens, more than max_prompt_tokens"),
        ({"prompt_tokens": 5, "completion_tokens": 13}, "13 tokens, more than max_new_tokens"),
    ],
)
def test_more_tokens_than_the_task_allows_are_no_answer(
    task: Made, chat_server: Serve, usage: dict[str, int], says: str
) -> None:
    (answer,) = ask(task, chat_server(lambda body: completion("yes", usage=usage)).url)
    assert answer.text is None
    assert says in answer.error
    assert not answer.passing


def test_a_refused_question_is_a_missing_answer_that_says_why(task: Made, chat_server: Serve) -> None:
    server = chat_server(lambda body: (400, {}, b'{"error": {"message": "no\\u001b[31m such thing"}}'))
    (answer,) = ask(task, server.url)
    assert answer.error == "HTTP 400: no?[31m such thing"
    assert answer.passing, "it is no answer, so it is not kept"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "requires a key"), (403, "requires a key"), (404, "does not know this path or model"), (302, "redirects")],
)
def test_what_no_question_can_pass_ends_the_run(task: Made, chat_server: Serve, status: int, says: str) -> None:
    server = chat_server(lambda body: (status, {"Location": "http://elsewhere.example/"}, b"no"))
    with pytest.raises(UserError, match=says) as caught:
        ask(task, server.url, 3)
    assert caught.value.hint


def test_a_redirect_takes_neither_question_nor_key_elsewhere(
    task: Made, chat_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDGATE_KEY_LOCALHOST", KEY)
    other = chat_server()
    server = chat_server(lambda body: (307, {"Location": f"{other.url}/chat/completions"}, b""))
    with pytest.raises(UserError, match="redirects"):
        ask(task, server.url)
    assert other.asked == []
    assert server.asked[0][0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [401, 404, 400, 500])
def test_no_error_shows_the_key(
    task: Made, chat_server: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    monkeypatch.setenv("GOLDGATE_KEY_LOCALHOST", KEY)
    server = chat_server(lambda body: (status, {}, json.dumps({"error": f"bad key {KEY}"}).encode()))
    try:
        said = " ".join(a.error for a in ask(task, server.url))
    except UserError as error:
        said = str(error)
    assert said
    assert KEY not in said + caplog.text


def test_an_answer_that_echoes_the_key_is_kept_without_it(
    task: Made, chat_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDGATE_KEY_LOCALHOST", KEY)
    server = chat_server(lambda body: completion(f"you sent {KEY}", model=KEY))
    (answer,) = ask(task, server.url)
    assert answer.text == "you sent ***"
    assert KEY not in repr(answer)


def test_no_identity_or_fingerprint_depends_on_the_key(
    task: Made, chat_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = chat_server().url
    (without,) = ask(task, url)
    monkeypatch.setenv("GOLDGATE_KEY_LOCALHOST", KEY)
    (with_,) = ask(task, url)
    assert (with_.identity, with_.fingerprint) == (without.identity, without.fingerprint)
    assert KEY not in repr(with_)


def test_an_endpoint_that_is_not_there_ends_the_run(task: Made, chat_server: Serve) -> None:
    server = chat_server()
    server.stop()
    with pytest.raises(UserError, match="cannot be reached"):
        ask(task, server.url, 20)


def test_a_silent_connection_is_a_missing_answer(
    task: Made, monkeypatch: pytest.MonkeyPatch, chat_server: Serve
) -> None:
    from goldgate.subjects import endpoint

    monkeypatch.setattr(endpoint, "LONGEST_REQUEST", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (answer,) = ask(task, f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert answer.text is None
    assert "Timeout" in answer.error


def test_failures_in_a_row_end_the_run_and_single_ones_do_not(task: Made, chat_server: Serve) -> None:
    with pytest.raises(UserError, match=f"{LOST_IN_A_ROW} questions in a row"):
        ask(task, chat_server(lambda body: (500, {}, b"")).url, 4 * LOST_IN_A_ROW)
    answers = ask(task, chat_server(lambda body: (500, {}, b"")).url, LOST_IN_A_ROW - 1)
    assert [a.text for a in answers] == [None] * (LOST_IN_A_ROW - 1)


def test_what_may_be_answered_another_time_is_not_kept(task: Made, chat_server: Serve) -> None:
    project, made = task
    up = [False]
    server = chat_server(lambda body: completion("yes") if up[0] else (500, {}, b""))
    subject = parse_subject(f"openai:m@{server.url}+zero_shot", made, project)
    asked, cache = [Example("e", "question", "yes")], AnswerCache(project.cache / "a.sqlite")
    assert collect(subject, asked, cache=cache).answers["e"].text is None
    up[0] = True
    assert collect(subject, asked, cache=cache).answers["e"].text == "yes"
    server.stop()
    again = collect(subject, asked, cache=cache)
    assert again.counts == {"recorded": 0, "cache": 1, "model": 0}
    assert again.answers["e"].served == "m-2026 fp_1"


def test_constrained_json_sends_its_schema_and_labels_are_refused(
    make_task: Callable[..., Made], chat_server: Serve
) -> None:
    server = chat_server(lambda body: completion("{}"))
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    ask(made := make_task({"kind": "json"}, schema), server.url, strategy="zero_shot+constrained")
    sent = server.asked[0][1]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"] == {"name": "demo", "schema": schema, "strict": True}
    plain, held = (parse_subject(f"openai:m@{server.url}+zero_shot{c}", made[1], made[0]) for c in ("", "+constrained"))
    assert plain.identity != held.identity
    labels = make_task({"kind": "label", "labels": ["a", "b"]}, name="labels")
    with pytest.raises(UserError, match="cannot be constrained to a list of labels"):
        ask(labels, server.url, strategy="zero_shot+constrained")


def test_samples_draw_with_seeds_and_identities_of_their_own(
    make_task: Callable[..., Made], chat_server: Serve
) -> None:
    project, made = make_task({"kind": "text", "decoding": {"temperature": 0.7}, "template": {"thinking": False}})
    server = chat_server()
    subject = parse_subject(f"openai:m@{server.url}+zero_shot", made, project)
    question = [Example("e", "question", "yes")]
    answers = [next(iter(s.answer(question))) for s in (subject, subject.sampled(1), subject.sampled(2))]
    assert len({a.identity for a in answers}) == len({a.fingerprint for a in answers}) == 3
    seeds = [body["seed"] for _, body in server.asked]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert server.asked[0][1]["chat_template_kwargs"] == {"thinking": False}


@pytest.mark.parametrize(
    "other",
    [
        "openai:n@http://localhost:1/v1+zero_shot",
        "openai:m@http://localhost:2/v1+zero_shot",
        "openai:m@http://localhost:1/v1+few_shot:1",
        "openai:m@http://localhost:1/v2+zero_shot",
    ],
)
def test_an_identity_is_model_address_and_prompt(task: Made, other: str) -> None:
    project, made = task
    first = parse_subject("openai:m@http://localhost:1/v1+zero_shot", made, project).identity
    assert parse_subject(other, made, project).identity != first
    assert parse_subject("openai:m@http://LOCALHOST:1/v1/+zero_shot", made, project).identity == first


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("openai:m", "does not name a model, an address and a strategy"),
        ("openai:m@https://x/v1", "does not name a model, an address"),
        ("openai:@https://x/v1+zero_shot", "does not name a model, an address"),
        ("openai:m@ftp://x+zero_shot", "does not name a model, an address"),
        ("openai:m@http://x.example/v1+zero_shot", "not encrypted"),
        ("openai:m@https:///v1+zero_shot", "is not a valid address"),
        ("openai:m@https://x:y/v1+zero_shot", "is not a valid address"),
        ("openai:m@https://[::2]/v1+zero_shot", "is not a valid address"),
        ("openai:m@https://u:hidden@x/v1+zero_shot", "may be a secret"),
        ("openai:m@https://x?key=hidden+zero_shot", "may be a secret"),
        ("openai:m@https://x/v1+zero_shoot", "zero_shot"),
        ("openai:m@https://x/v1+zero_shot+constrained", "no closed form"),
    ],
)
def test_names_that_cannot_be(task: Made, name: str, says: str) -> None:
    project, made = task
    with pytest.raises(UserError, match=says) as caught:
        parse_subject(name, made, project)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        ("https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("https://api.mistral.ai/v1", "GOLDGATE_KEY_API_MISTRAL_AI"),
        ("https://api-mistral.ai/v1", "GOLDGATE_KEY_API__MISTRAL_AI"),
        ("http://[::1]:8000", "GOLDGATE_KEY_LOCALHOST"),
        ("https://api.openai.com.evil.example", "GOLDGATE_KEY_API_OPENAI_COM_EVIL_EXAMPLE"),
    ],
)
def test_a_key_goes_to_its_own_host_alone(url: str, variable: str) -> None:
    address = read_address(url)
    assert address.key_variable == variable
    everything = {"OPENAI_API_KEY": "openai's", variable: "mine"}
    assert key_for(address, everything) == "mine"
    assert key_for(address, {}) is None


def test_what_cannot_be_a_key_is_refused_unseen() -> None:
    with pytest.raises(UserError) as caught:
        key_for(read_address("https://x"), {"GOLDGATE_KEY_X": "hid\nden"})
    assert "hid" not in str(caught.value)


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        ("0.5", 0.5),
        ("-4", 0.0),
        ("1e9", LONGEST_WAIT),
        ("nan", None),
        ("soon", None),
        ("Thu, 01 Jan 2026 00:00:20 GMT", 20.0),
        ("Thu, 01 Jan 2026 00:00:20", 20.0),
        ("Thu, 01 Jan 2099 00:00:00 GMT", LONGEST_WAIT),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0.0),
    ],
)
def test_a_wished_wait_is_kept_up_to_a_bound(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "content", "finish_reason", "prompt_tokens"]), x)
    ),
)


@given(st.dictionaries(st.sampled_from(["choices", "usage", "model", "system_fingerprint"]), JSON))
def test_any_object_is_an_answer_or_none(raw: dict[str, Any]) -> None:
    try:
        text = read_completion(raw)["text"]
    except NoAnswer as error:
        text = error.why
    assert isinstance(text, str)


def test_importing_it_loads_no_http_library() -> None:
    import subprocess
    import sys

    code = "import goldgate.subjects, sys; print([m for m in ('httpx', 'regex') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
