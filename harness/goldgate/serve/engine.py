"""Engines: what answers one example, piece by piece, in a process of its own or in this one."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from goldgate.base.errors import UserError
from goldgate.engine.llama import LlamaServer, completion_request
from goldgate.serve.errors import ApiError, engine_gone, overloaded
from goldgate.subjects import Subject
from goldgate.subjects.gguf import GgufSubject
from goldgate.task.examples import Example

QUEUE = 256
"""Most requests that wait for a slot; a longer queue would only make everybody wait in vain."""
FIRST, IDLE = 60.0, 30.0
"""Seconds until the engine's first word, and between two of them."""
_RESTART = 1.0  # seconds before an engine that ended is started again; doubled each time
_LONGEST_RESTART = 60.0


@dataclass(frozen=True)
class Final:
    """How an answer ended.

    Attributes:
        finish: "stop", or "length" if it was cut off.
        prompt_tokens: Tokens of the prompt.
        completion_tokens: Tokens of the answer, with the one that ended it.
        logprob: Mean natural log-probability of its tokens; None if unknown.
    """

    finish: str
    prompt_tokens: int
    completion_tokens: int
    logprob: float | None


class Engine(Protocol):
    """Answers examples."""

    async def start(self) -> None:
        """Makes it ready. Raises UserError if it cannot be."""
        ...

    async def close(self) -> None:
        """Ends it and what belongs to it."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it would answer now."""
        ...

    def generate(self, example: Example) -> AsyncIterator[str | Final]:
        """Yields the pieces of an answer's text, and last how it ended. Closing the iterator ends the generation.

        Raises:
            ApiError: The prompt is too long, too many wait, or the engine does not answer.
        """
        ...


class Slots:
    """Lets so many requests through at once, and refuses those that would wait too long.

    Args:
        count: Number of slots.
    """

    def __init__(self, count: int) -> None:
        self._slots = asyncio.Semaphore(count)
        self.waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Holds a slot. Raises ApiError if too many wait already."""
        if self.waiting >= QUEUE:
            raise overloaded(self.waiting)
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._slots.release()


class LocalEngine:
    """A subject that answers in this process: exactly what was gated, one request at a time.

    Args:
        subject: The subject.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._slots = Slots(1)
        self.ready = False

    async def start(self) -> None:
        """Answers once, so that the model is in memory."""
        await asyncio.to_thread(lambda: list(self._subject.answer([Example("warm-up", "Hello.", "")])))
        self.ready = True

    async def close(self) -> None:
        self.ready = False

    async def generate(self, example: Example) -> AsyncIterator[str | Final]:
        async with self._slots.one():
            work = asyncio.ensure_future(asyncio.to_thread(lambda: list(self._subject.answer([example]))))
            try:
                (answer,) = await asyncio.shield(work)
            finally:
                await asyncio.wait([work])  # a thread cannot be ended, and no other may use the model beside it
        if answer.text is None:
            raise ApiError(400, "not_answered", answer.error or "the model gave no answer")
        yield answer.text
        yield Final(answer.finish, answer.prompt_tokens or 0, answer.completion_tokens or 0, answer.logprob)


class LlamaEngine:
    """llama.cpp with one GGUF file in a child process, which is started again where it ends.

    Args:
        subject: The subject of the file.
    """

    def __init__(self, subject: GgufSubject) -> None:
        self._subject = subject
        self._make: Callable[[], LlamaServer] = lambda: subject.server(subject.task.decoding.max_prompt_tokens)
        self._slots = Slots(subject.slots)
        self._server: LlamaServer | None = None
        self._client: Any = None
        self._starting = asyncio.Lock()
        self._wait, self._not_before = _RESTART, 0.0

    @property
    def ready(self) -> bool:
        return self._server is not None and self._server.running

    async def start(self) -> None:
        import aiohttp

        server = self._make()
        await asyncio.to_thread(server.__enter__)
        self._server = server
        # A connection that is kept is one of the few that llama.cpp has; a new one costs nothing on loopback.
        self._client = aiohttp.ClientSession(
            server.address,
            headers=server.headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_read=FIRST),
            connector=aiohttp.TCPConnector(limit=self._subject.slots, force_close=True),
            trust_env=False,
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
        if self._server is not None:
            await asyncio.to_thread(self._server.__exit__, None, None, None)
        self._client = self._server = None

    async def _again(self) -> None:
        """Starts an engine that has ended, if it is time to try."""
        async with self._starting:
            if self.ready:
                return
            if (left := self._not_before - time.monotonic()) > 0:
                raise engine_gone(math.ceil(left))
            pause, self._wait = self._wait, min(2 * self._wait, _LONGEST_RESTART)
            self._not_before = time.monotonic() + pause
            await self.close()
            try:
                await self.start()
            except UserError as error:
                raise engine_gone(math.ceil(pause)) from error

    async def generate(self, example: Example) -> AsyncIterator[str | Final]:
        _, ((_, tokens),) = await asyncio.to_thread(self._subject.prompts, [example])
        limits = self._subject.task.decoding
        if len(tokens) > limits.max_prompt_tokens:
            most = limits.max_prompt_tokens
            what = f"the prompt has {len(tokens)} tokens, more than the {most} that the model was gated with"
            raise ApiError(400, "context_length_exceeded", what, "messages")
        seed = self._subject.seed(tokens)
        asked = completion_request(tokens, limits.max_new_tokens, limits.temperature, seed)
        async with self._slots.one():
            if not self.ready:
                await self._again()
            logprobs = list[float]()
            async for part in self._streamed({**asked, "stream": True}):
                # Its text, not its tokens: those of a character that takes several are not streamed.
                logprobs += [one["logprob"] for one in part.get("completion_probabilities") or ()]
                if text := part.get("content"):
                    yield text
                if part.get("stop"):
                    mean = math.fsum(logprobs) / len(logprobs) if logprobs else None
                    finish = "stop" if part.get("stop_type") == "eos" else "length"
                    yield Final(finish, len(tokens), int(part.get("tokens_predicted") or 0), mean)
                    self._wait = _RESTART
                    return
        raise engine_gone()

    async def _streamed(self, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The parts of a completion, as llama.cpp sends them."""
        import aiohttp

        try:
            async with self._client.post("/completion", json=body) as answer:
                if answer.status != 200:
                    raise engine_gone()
                limit = FIRST
                while line := await asyncio.wait_for(answer.content.readline(), limit):
                    limit = IDLE
                    if line.startswith(b"data: "):
                        with suppress(ValueError):
                            part = json.loads(line[len(b"data: ") :])
                            if isinstance(part, dict):
                                yield part
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise engine_gone() from error
