"""The HTTP API: chat completions as OpenAI's clients ask for them, a route per task, and the state of the service."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from goldgate.base.errors import UserError
from goldgate.base.files import check_json
from goldgate.serve.engine import Final
from goldgate.serve.errors import ApiError
from goldgate.serve.requests import Asked, example_of, find_model, read_chat
from goldgate.serve.served import STEP, Served, answer_whole, pieces

T = TypeVar("T")
LARGEST = 2**20
"""Bytes of a request: more than any prompt that a model was gated with."""
_GONE = 499  # the client closed the connection; nobody sees it


def create_app(served: Sequence[Served]) -> FastAPI:
    """Makes the application.

    Args:
        served: The models, of different tasks.

    Returns:
        The application. Their engines are started and ended by who runs it.
    """
    models = {name: one for one in served for name in one.names}
    app = FastAPI(title="Goldgate", docs_url="/docs", redoc_url=None)
    app.exception_handler(ApiError)(_told)
    app.exception_handler(HTTPException)(_as_error)
    app.exception_handler(UserError)(_refused)
    app.exception_handler(Exception)(_failed)
    _add_state(app, served)
    _add_chat(app, models)
    _add_tasks(app, models)
    return app


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return JSONResponse(error.body, error.status, error.headers)


async def _as_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    return await _told(request, ApiError(error.status_code, codes.get(error.status_code, "invalid"), str(error.detail)))


async def _refused(request: Request, error: Exception) -> Response:
    """What the prompt cannot be written for, such as messages that the chat template refuses."""
    assert isinstance(error, UserError)
    return await _told(request, ApiError(400, "invalid_messages", error.what, "messages"))


async def _failed(request: Request, error: Exception) -> Response:
    """A fault of ours: its words may quote the prompt, so they are not told."""
    return await _told(request, ApiError(500, "internal_error", "this request failed; its error is in the log"))


def _add_state(app: FastAPI, served: Sequence[Served]) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether this process answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> Response:
        """Whether every model would answer now."""
        state = {one.task.name: one.engine.ready for one in served}
        return JSONResponse({"ready": all(state.values()), "models": state}, 200 if all(state.values()) else 503)

    @app.get("/v1/models")
    async def list_models() -> dict[str, Any]:
        """The models, each by the name of its task and by that with its identity."""
        rows = [
            {"id": name, "object": "model", "created": 0, "owned_by": "goldgate", "identity": one.identity}
            for one in served
            for name in one.names
        ]
        return {"object": "list", "data": rows}


def _add_chat(app: FastAPI, models: Mapping[str, Served]) -> None:
    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        """Answers a chat as OpenAI's API does. The messages are an input of the task; its prompt is written here."""
        asked = read_chat(await _body(request), models)
        ignored = {"X-Goldgate-Ignored": ", ".join(asked.ignored)} if asked.ignored else {}
        headers = {**asked.served.headers, **ignored}
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": asked.model}
        head["system_fingerprint"] = asked.served.names[1]
        if asked.stream:
            # What fails before the first byte is an error of its own status, so the first piece is waited for.
            parts = pieces(asked.served, asked.example)
            first = await _unless_gone(request, anext(parts))
            return StreamingResponse(
                _events(asked, head, first, parts), headers=headers, media_type="text/event-stream"
            )
        whole = await _unless_gone(request, answer_whole(asked.served, asked.example))
        message = {"role": "assistant", "content": whole.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": whole.final.finish}
        done = {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(whole.final)}
        return JSONResponse(done, headers=headers)


def _add_tasks(app: FastAPI, models: Mapping[str, Served]) -> None:
    @app.post("/v1/tasks/{name}")
    async def task(name: str, request: Request) -> Response:
        """Answers a bare input of a task with its validated output."""
        served, body = find_model(name, models), await _body(request)
        if not isinstance(body, dict) or set(body) != {"input"}:
            raise ApiError(400, "invalid_body", 'write {"input": ..}', "input")
        whole = await _unless_gone(request, answer_whole(served, example_of(body["input"])))
        done = {
            "output": whole.output,
            "confidence": whole.confidence,
            "finish_reason": whole.final.finish,
            "identity": served.identity,
            "step": STEP,
            "usage": _usage(whole.final),
        }
        return JSONResponse(done, headers=served.headers)


async def _body(request: Request) -> Any:
    """The JSON body of a request. Raises ApiError if it is none, or too large: then it is not read to its end."""
    said = request.headers.get("content-length", "")
    too_large = ApiError(413, "body_too_large", f"the body has more than {LARGEST} bytes")
    if said.isdecimal() and int(said) > LARGEST:
        raise too_large
    read = b""
    async for chunk in request.stream():
        read += chunk
        if len(read) > LARGEST:
            raise too_large
    try:
        body = json.loads(read)
        check_json(body, "the body")  # half a surrogate pair is no text that a tokenizer reads
    except (ValueError, RecursionError, UserError) as error:
        raise ApiError(400, "invalid_json", "the body is not valid JSON") from error
    return body


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Waits for work, and ends it when the client goes away: nobody would read the answer, and others wait."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_is_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ApiError(_GONE, "client_closed_request", "the client closed the connection")
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _is_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _events(
    asked: Asked, head: Mapping[str, Any], first: str | Final, parts: AsyncIterator[str | Final]
) -> AsyncIterator[str]:
    """The pieces of an answer as server-sent events. An error after the first one can only be an event."""

    def event(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> str:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        return _event({**head, "object": "chat.completion.chunk", "choices": choices, **more})

    yield event({"role": "assistant", "content": ""})
    part: str | Final | None = first
    try:
        while part is not None:
            if isinstance(part, Final):
                yield event({}, part.finish)
                if asked.usage:
                    yield _event({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(part)})
            elif part:
                yield event({"content": part})
            part = await anext(parts, None)
    except ApiError as error:
        yield _event(error.body)
        return
    yield "data: [DONE]\n\n"


def _event(value: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def _usage(final: Final) -> dict[str, int]:
    return {
        "prompt_tokens": final.prompt_tokens,
        "completion_tokens": final.completion_tokens,
        "total_tokens": final.prompt_tokens + final.completion_tokens,
    }
