"""`goldgate serve`: what passed its gates, as an OpenAI-compatible endpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.cli.place import here


def serve(
    tasks: Annotated[list[str], typer.Argument(help="Tasks whose champions to serve.", metavar="TASK..")],
    model: Annotated[
        str | None,
        typer.Option(help="gguf:FILE of the one task, which llama.cpp runs. Default: the champion, in this process."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the loopback interface.", min=1, max=65535)] = 8000,
    slots: Annotated[int, typer.Option(help="How many prompts a GGUF file answers at once.", min=1, max=16)] = 4,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Serve a file without a parity verdict; every answer says so.")
    ] = False,
) -> None:
    """Serve the champions of tasks on this machine, as OpenAI's API and as a route for each task.

    What is served is what was gated: its prompt, its decoding and its template are those of task.yaml, whatever a
    request asks for. JSON and labels are checked before the first byte goes out.
    """
    require("fastapi", "uvicorn", "aiohttp", "torch", "transformers", "peft")
    from goldgate.cli.screen import Screen
    from goldgate.serve.find import find_served
    from goldgate.serve.run import HOST, serve

    if twice := sorted({task for task in tasks if tasks.count(task) > 1}):
        raise UserError(f"{twice[0]} is named twice", hint="name it once")
    if model is not None and len(tasks) != 1:
        raise UserError("--model goes with one task", hint=f"goldgate serve {tasks[0]} --model {model}")
    if unverified and model is None:
        raise UserError("--unverified goes with --model gguf:FILE", hint="leave it out: the champion is what was gated")
    served = [find_served(here(), task, model, slots, unverified) for task in tasks]
    screen = Screen()
    for one in served:
        name, exact = one.names
        screen.say(f"{name} ({exact}): {one.subject}, {one.verified or 'UNVERIFIED: nothing shows what it answers'}")
    address = f"http://{HOST}:{port}/v1"
    serve(served, port, lambda: screen.say(f"answers at {address}; Ctrl-C ends it"))
