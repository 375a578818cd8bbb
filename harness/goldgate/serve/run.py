"""Running the API on the loopback interface, for as long as its engines are there."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import uvicorn

from goldgate.base.errors import UserError
from goldgate.serve.api import create_app
from goldgate.serve.served import Served

HOST = "127.0.0.1"
"""The one address so far: another one would need keys."""
_DRAIN = 30  # seconds that running answers have after SIGTERM


def serve(served: Sequence[Served], port: int, ready: Callable[[], None]) -> None:
    """Serves models until the process is told to end; answers that are being given are finished first.

    Args:
        served: The models.
        port: The port of the loopback interface.
        ready: Called when every model would answer.

    Raises:
        UserError: The port is in use, or an engine cannot be started.
    """
    listening = _listen(port)
    config = uvicorn.Config(
        create_app(served),
        log_config=None,  # uvicorn's would close the handlers that others have
        access_log=False,
        timeout_graceful_shutdown=_DRAIN,
        server_header=False,
        lifespan="off",
    )
    with listening, asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(served, uvicorn.Server(config), listening, ready))


async def _serve(
    served: Sequence[Served], server: uvicorn.Server, listening: socket.socket, ready: Callable[[], None]
) -> None:
    async with started(served):
        ready()
        await server.serve([listening])


@asynccontextmanager
async def started(served: Sequence[Served]) -> AsyncIterator[None]:
    """Starts the engines of models, and ends all of them. Raises UserError if one cannot be started."""
    try:
        for one in served:
            await one.engine.start()
        yield
    finally:
        for one in served:
            await one.engine.close()


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listening.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        what = f"port {port} is in use" if taken else f"port {port} cannot be opened"
        raise UserError(what, "--port", "choose another one with --port") from error
    return listening
