"""The API with an engine whose pieces are known: what goes out, what is refused, and in which shape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from goldgate.base.errors import UserError
from goldgate.serve.api import LARGEST, create_app
from goldgate.serve.engine import QUEUE, Final, Slots
from goldgate.serve.errors import ApiError, engine_gone
from goldgate.serve.served import Served
from goldgate.task.examples import Example

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
SETTINGS: dict[str, dict[str, Any]] = {
    "text": {"kind": "text"},
    "label": {"kind": "label", "labels": ["yes", "no"]},
    "json": {"kind": "json"},
}
USER = {"role": "user", "content": "How cold is it?"}


class Said:
    """An engine that says what it is given. asked: the examples."""

    def __init__(self, *parts: str | Final | Exception) -> None:
        self.parts, self.asked, self.ready, self.closed = parts, list[Example](), False, False

    async def start(self) -> None:
        self.ready = True

    async def close(self) -> None:
        self.closed = True

    async def generate(self, example: Example) -> AsyncIterator[str | Final]:
        self.asked.append(example)
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            await asyncio.sleep(0)
            yield part


STOP = Final("stop", 12, 3, -0.1)
Serve = Callable[..., tuple[TestClient, Said]]


@pytest.fixture
def served(make_task: Callable[..., Any]) -> Iterator[Serve]:
    """Serves a task of a kind with an engine that says so: the client, and the engine."""
    clients: list[TestClient] = []

    def start(kind: str, *parts: str | Final | Exception) -> tuple[TestClient, Said]:
        _, task = make_task(SETTINGS[kind], SCHEMA if kind == "json" else None, kind, train=[("a", "b")])
        engine = Said(*parts)
        engine.ready = True
        client = TestClient(
            create_app([Served(task, "gguf:x", "f" * 64, "f16: compared", engine)]), raise_server_exceptions=False
        )
        client.__enter__()
        clients.append(client)
        return client, engine

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def chat(client: TestClient, model: str, **more: Any) -> Any:
    return client.post("/v1/chat/completions", json={"model": model, "messages": [USER], **more})


def events(text: str) -> list[Any]:
    found = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [one if one == "[DONE]" else json.loads(one) for one in found]


def test_a_chat_is_answered_as_openai_does_and_says_who_answered(served: Serve) -> None:
    client, engine = served("text", "Three ", "degrees.", STOP)
    answer = chat(client, "text", temperature=0.7, max_tokens=5, n=1)
    assert answer.status_code == 200
    body = answer.json()
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["message"]["content"] == "Three degrees."
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"] == {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    assert answer.headers["X-Goldgate-Identity"] == "f" * 12
    assert answer.headers["X-Goldgate-Verified"] == "f16: compared"
    assert answer.headers["X-Goldgate-Ignored"] == "max_tokens, temperature"
    assert engine.asked == [Example("asked", USER["content"], "")]


def test_text_goes_out_as_it_comes(served: Serve) -> None:
    client, _ = served("text", "Three ", "", "degrees.", STOP)
    got = events(chat(client, "text", stream=True, stream_options={"include_usage": True}).text)
    assert got[-1] == "[DONE]"
    deltas = [one["choices"][0]["delta"].get("content") for one in got[:-1] if one["choices"]]
    assert deltas == ["", "Three ", "degrees.", None]
    assert got[-3]["choices"][0]["finish_reason"] == "stop"
    assert got[-2]["usage"]["total_tokens"] == 15


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("kind", "parts", "why"),
    [
        ("json", ('{"n": ', '"x"}', STOP), "it breaks the schema at n"),
        ("json", ('{"n": 1', Final("length", 1, 1, None)), "it was cut off at the token limit"),
        ("label", ("maybe", STOP), "it is none of the task's labels"),
    ],
)
def test_an_answer_that_breaks_the_rules_never_goes_out(
    served: Serve, kind: str, parts: Any, why: str, stream: bool
) -> None:
    client, _ = served(kind, *parts)
    answer = chat(client, kind, stream=stream)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "invalid_answer"
    assert answer.json()["error"]["type"] == "server_error"
    assert why in answer.json()["error"]["message"]


def test_json_goes_out_whole_and_valid_in_a_stream_too(served: Serve) -> None:
    client, _ = served("json", '{"n"', ": 1}", STOP)
    got = events(chat(client, "json", stream=True).text)
    assert [one["choices"][0]["delta"].get("content") for one in got[:-1]] == ["", '{"n": 1}', None]


def test_an_error_before_the_first_byte_has_its_status_and_after_it_is_an_event(served: Serve) -> None:
    client, _ = served("text", engine_gone())
    answer = chat(client, "text", stream=True)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_unavailable")
    assert answer.headers["Retry-After"] == "2"
    client, _ = served("label", "yes", engine_gone())
    assert chat(client, "label", stream=True).status_code == 503
    client, _ = served("text", "Three ", engine_gone())
    got = events(chat(client, "text", stream=True).text)
    assert got[-1]["error"]["code"] == "engine_unavailable"
    assert "[DONE]" not in got


def test_a_task_answers_a_bare_input_with_its_output(served: Serve) -> None:
    client, engine = served("json", '{"n": 1}', STOP)
    answer = client.post("/v1/tasks/json", json={"input": "How many?"})
    body = answer.json()
    assert body["output"] == {"n": 1}
    assert body["confidence"] == pytest.approx(0.9048, abs=1e-4)
    assert (body["identity"], body["step"]) == ("f" * 64, "tuned")
    client.post(f"/v1/tasks/json@{'f' * 12}", json={"input": [{"role": "system", "content": "s"}, USER]})
    assert engine.asked[1].input == ({"role": "system", "content": "s"}, USER)


def test_the_state_of_the_service(served: Serve) -> None:
    client, engine = served("text", "x", STOP)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    engine.ready = False
    assert client.get("/readyz").status_code == 503
    assert [row["id"] for row in client.get("/v1/models").json()["data"]] == ["text", f"text@{'f' * 12}"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "other", "messages": [USER]}, 404, "model_not_found"),
        ({"messages": [USER]}, 404, "model_not_found"),
        ({"model": "text"}, 400, "invalid_messages"),
        ({"model": "text", "messages": []}, 400, "invalid_messages"),
        ({"model": "text", "messages": [{"role": "user", "content": " "}]}, 400, "invalid_messages"),
        ({"model": "text", "messages": [{"role": "assistant", "content": "x"}]}, 400, "invalid_messages"),
        (
            {"model": "text", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            400,
            "invalid_messages",
        ),
        ({"model": "text", "messages": [USER], "n": 2}, 400, "unsupported_parameter"),
        ({"model": "text", "messages": [USER], "stop": ["x"]}, 400, "unsupported_parameter"),
        ({"model": "text", "messages": [USER], "tools": [{"type": "function"}]}, 400, "unsupported_parameter"),
        ({"model": "text", "messages": [USER], "stream": "yes"}, 400, "invalid_type"),
        ({"model": "text", "messages": [USER], "path": "/etc"}, 400, "unknown_parameter"),
        ([USER], 400, "invalid_body"),
    ],
)
def test_a_request_that_is_wrong_is_told_in_openais_shape(served: Serve, body: Any, status: int, code: str) -> None:
    client, engine = served("text", "x", STOP)
    answer = client.post("/v1/chat/completions", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (status, code, "invalid_request_error")
    assert not engine.asked


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"input": "\\ud800"}'])
def test_a_body_that_is_no_json_is_refused(served: Serve, raw: bytes) -> None:
    client, _ = served("text", "x", STOP)
    answer = client.post("/v1/chat/completions", content=raw)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")


def test_a_body_that_is_too_large_and_an_unknown_route_are_told_in_the_same_shape(served: Serve) -> None:
    client, _ = served("text", "x", STOP)
    whole = b" " * (LARGEST + 1)
    for body in (whole, iter([whole])):  # with a length, and in chunks without one
        large = client.post("/v1/chat/completions", content=body)
        assert (large.status_code, large.json()["error"]["code"]) == (413, "body_too_large")
    assert client.get("/v1/nothing").json()["error"]["code"] == "not_found"
    assert client.get("/v1/chat/completions").json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UserError("the model's chat template refuses the messages"), 400, "invalid_messages"),
        (RuntimeError("cannot read How cold is it?"), 500, "internal_error"),
    ],
)
def test_what_an_engine_raises_is_told_in_openais_shape(
    served: Serve, error: Exception, status: int, code: str, stream: bool
) -> None:
    client, _ = served("text", error)
    answer = chat(client, "text", stream=stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert USER["content"] not in answer.text


def test_a_long_queue_is_refused_at_once() -> None:
    async def full() -> None:
        slots = Slots(1)
        async with slots.one():
            slots.waiting = QUEUE
            with pytest.raises(ApiError) as refused:
                async with slots.one():
                    pass
            assert (refused.value.status, refused.value.retry) == (503, 1)

    asyncio.run(full())


def test_an_answer_that_nobody_waits_for_is_ended(served: Serve) -> None:
    client, engine = served("text")
    ended: list[str] = []

    async def forever(example: Example) -> AsyncIterator[str | Final]:
        try:
            await asyncio.sleep(3600)
            yield "never"
        except asyncio.CancelledError:
            ended.append("ended")
            raise

    engine.generate = forever  # type: ignore[method-assign]
    body = json.dumps({"model": "text", "messages": [USER]}).encode()

    async def ask() -> list[Any]:
        given: list[dict[str, Any]] = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.sleep(0)
            return given.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/v1/chat/completions",
            "raw_path": b"/v1/chat/completions",
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "state": {},
        }
        await client.app(scope, receive, send)
        return sent

    asyncio.run(ask())
    assert ended == ["ended"]
