"""`goldgate serve` with real engines: what is served is what was gated, and who may be served."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import uvicorn
from openai import APIStatusError, OpenAI

from goldgate.base.errors import UserError
from goldgate.jobs import parity_file
from goldgate.serve import engine
from goldgate.serve.api import create_app
from goldgate.serve.engine import Final, LlamaEngine
from goldgate.serve.find import find_served
from goldgate.serve.run import started
from goldgate.serve.served import Served
from goldgate.subjects import parse_subject
from goldgate.task.examples import Example

from ..conftest import examples
from ..jobs.conftest import spoken, typed
from ..jobs.test_export import Shop, shop

__all__ = ["shop", "typed"]
Typed = Callable[..., tuple[int, str, str]]
ASKED = [f"the lazy invoice {i}" for i in range(6)]


@pytest.fixture
def file(typed: Typed, shop: Shop) -> str:
    """The champion of a shop as a GGUF file: the name of its subject."""
    assert typed("promote", "r1", "--force", "a test")[0] == 0
    assert spoken(typed, "export", "demo", "--to", "out", "--format", "gguf", "--quant", "f32")["gguf"]["holds"]
    return f"gguf:{shop.project.root}/out/model-f32.gguf"


@contextmanager
def running(served: Served) -> Iterator[str]:
    """Serves a model on a free port, as `goldgate serve` does. Yields its address."""
    listening, ready = socket.socket(), Event()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app([served]), log_config=None, lifespan="off"))

    async def run() -> None:
        async with started([served]):
            listening.listen()
            ready.set()
            await server.serve([listening])

    thread = Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def said(client: OpenAI, text: str) -> str | None:
    answer = client.chat.completions.create(model="demo", messages=[{"role": "user", "content": text}])
    return answer.choices[0].message.content


def test_the_official_client_gets_the_answers_that_were_gated(shop: Shop, file: str) -> None:
    served = find_served(shop.project, "demo", file)
    assert served.verified.startswith("f32: answers dev as ")
    asked = examples([(f"the lazy invoice {i} {'quick' * (i % 5)}", "x") for i in range(80)], "d")
    answers = {a.id: a for a in parse_subject(shop.name, shop.task, shop.project).answer(asked)}
    # A random model writes bytes that are no character, which have no text in JSON.
    clean = [(e.text, answers[e.id]) for e in asked if "\ufffd" not in (answers[e.id].text or "")]
    assert {answer.finish for _, answer in clean} == {"stop", "length"}
    with running(served) as address, OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0) as client:
        for text, gated in clean:
            messages: Any = [{"role": "user", "content": text}]
            whole = client.chat.completions.create(model="demo", messages=messages)
            assert whole.choices[0].message.content == gated.text
            assert whole.choices[0].finish_reason == gated.finish
            assert whole.usage is not None
            used = (whole.usage.prompt_tokens, whole.usage.completion_tokens)
            assert used == (gated.prompt_tokens, gated.completion_tokens)
            parts = client.chat.completions.create(model="demo", messages=messages, stream=True)
            assert "".join(part.choices[0].delta.content or "" for part in parts) == gated.text
        assert client.models.list().data[0].id == "demo"
        raw = client.chat.completions.with_raw_response.create(
            model="demo", messages=[{"role": "user", "content": clean[0][0]}], temperature=1.5
        )
        assert raw.headers["X-Goldgate-Ignored"] == "temperature"
        assert raw.parse().choices[0].message.content == clean[0][1].text
        with pytest.raises(APIStatusError) as long:
            said(client, "invoice " * 4_000)
        assert (long.value.status_code, long.value.code) == (400, "context_length_exceeded")


def test_an_engine_that_is_killed_is_started_again(shop: Shop, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_RESTART", 0.0)
    served = find_served(shop.project, "demo", file)
    assert isinstance(served.engine, LlamaEngine)
    with running(served) as address, OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0) as client:
        first = said(client, ASKED[0])
        child = served.engine._server._child
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert httpx.get(f"{address}/readyz").status_code == 503
        assert said(client, ASKED[0]) == first
        assert served.engine._server._child.pid != child.pid
        assert httpx.get(f"{address}/readyz").json() == {"ready": True, "models": {"demo": True}}
    assert child.poll() is not None


def test_the_champion_itself_answers_in_this_process(shop: Shop, file: str) -> None:
    served = find_served(shop.project, "demo")
    assert served.verified == "the champion itself"
    with running(served) as address, OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0) as client:
        assert [said(client, text) for text in ASKED[:2]] == shop.texts(shop.name)[:2]
        with pytest.raises(APIStatusError) as long:
            said(client, "invoice " * 4_000)
        assert long.value.status_code == 400


def test_a_file_without_a_verdict_on_what_it_is_now_is_refused(
    shop: Shop, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = shop.project.root / "out" / "parity.json"
    whole = json.loads(record.read_text())
    (name,) = whole

    def refused(**changes: Any) -> str:
        record.write_text(json.dumps({name: {**whole[name], **changes}}))
        with pytest.raises(UserError) as error:
            find_served(shop.project, "demo", file)
        assert "goldgate export demo" in str(error.value)
        return str(error.value)

    assert "compared with another model than today's champion" in refused(gated="0" * 64)
    assert "has changed since it was compared" in refused(identity="0" * 64)
    assert "its answers differ" in refused(holds=False)
    assert "q8_0 loses a little" in refused(form="q8_0", lossless=False)
    assert "at most 1 prompts at once" in refused(slots=[1])
    record.write_text(json.dumps(whole))
    assert find_served(shop.project, "demo", file).verified
    monkeypatch.setattr(parity_file, "engine_here", lambda: "xllamacpp 1 on arm64")
    assert "and this is xllamacpp 1 on arm64" in refused()
    record.unlink()
    with pytest.raises(UserError, match="it has none"):
        find_served(shop.project, "demo", file)
    served = find_served(shop.project, "demo", file, unverified=True)
    assert served.headers["X-Goldgate-Verified"] == "no"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("demo", "--model", "gguf:none.gguf"), "no such file"),
        (("demo", "--model", "base+zero_shot"), "is not a GGUF file"),
        (("demo", "demo"), "demo is named twice"),
        (("dem",), '"dem"'),
        (("demo", "other", "--model", "gguf:x"), "--model goes with one task"),
        (("demo", "--unverified"), "--unverified goes with --model"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_message(
    typed: Typed, file: str, words: tuple[str, ...], told: str
) -> None:
    status, _, err = typed("serve", *words)
    assert status == 2
    assert told in err


def test_a_task_without_a_champion_and_a_port_in_use(typed: Typed, shop: Shop, file: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, _, err = typed("serve", "demo", "--port", str(taken.getsockname()[1]))
    assert (status, "is in use" in err) == (2, True)
    (shop.project.suite("demo") / "champion.json").unlink()
    status, _, err = typed("serve", "demo")
    assert (status, "nothing is promoted for demo" in err) == (2, True)


def test_an_engine_that_cannot_start_says_so_and_waits_longer_each_time(
    shop: Shop, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, now = find_served(shop.project, "demo", file), [1000.0]
    llama = served.engine
    assert isinstance(llama, LlamaEngine)
    monkeypatch.setattr(engine.time, "monotonic", lambda: now[0])
    tried: list[float] = []

    def broken() -> Any:
        tried.append(now[0])
        raise UserError("llama.cpp cannot load this model")

    async def asked(times: int) -> list[int | None]:
        llama._make = broken
        waits = []
        for _ in range(times):
            for _ in range(2):  # the second one comes too early, and starts nothing
                with pytest.raises(engine.ApiError) as gone:
                    await llama._again()
                waits.append(gone.value.retry)
            now[0] += waits[-1] or 0
        return waits

    expected = [wait for wait in (1, 2, 4, 8, 16, 32, 60, 60) for _ in range(2)]
    assert asyncio.run(asked(8)) == expected
    assert len(tried) == 8


class Endless:
    """An engine whose answer never ends. ended: set when nobody waits for it any more."""

    ready = True

    def __init__(self) -> None:
        self.begun, self.ended = Event(), Event()

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def generate(self, example: Example) -> AsyncIterator[str | Final]:
        try:
            while True:
                self.begun.set()
                yield "more "
                await asyncio.sleep(0.01)
        finally:
            self.ended.set()


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_ends_its_generation(shop: Shop, stream: bool) -> None:
    endless = Endless()
    served = Served(shop.task, "gguf:x", "f" * 64, "", endless)
    body = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "x"}], "stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with running(served) as address:
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as client:
            client.sendall(head.encode() + body)
            assert endless.begun.wait(30)
        assert endless.ended.wait(30)


def test_the_command_serves_until_it_is_told_to_end(shop: Shop, file: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "goldgate.cli", "serve", "demo", "--model", file, "--port", str(port)]
    environment = {**os.environ, "GOLDGATE_CACHE": str(shop.project.cache)}
    with subprocess.Popen(command, cwd=shop.project.root, env=environment, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        told = ""
        for line in child.stderr:
            told += line
            if "answers at" in line:
                break
        assert "f32: answers dev as " in told
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/tasks/demo", json={"input": ASKED[0]}, timeout=60)
        assert answer.status_code == 200, answer.text
        child.send_signal(signal.SIGTERM)
        rest = child.stderr.read()
    assert child.returncode == 143, rest
    assert "interrupted by SIGTERM" in rest
    assert "Traceback" not in rest


def test_a_file_that_cannot_be_loaded_ends_the_command_in_one_message(typed: Typed, shop: Shop, file: str) -> None:
    path = shop.project.root / "out" / "model-f32.gguf"
    path.write_bytes(path.read_bytes()[:-1000])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    status, _, err = typed("serve", "demo", "--model", file, "--port", str(port))
    assert (status, "has changed since it was compared" in err) == (2, True)
    status, _, err = typed("serve", "demo", "--model", file, "--unverified", "--port", str(port))
    assert (status, "llama.cpp cannot load this model" in err) == (2, True)
