"""The commands about champions: promote, rollback, export and champions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.place import TaskName, here


def promote(
    run: Annotated[str, typer.Argument(help="ID or folder of the run with the tested candidate.", metavar="RUN")],
    force: Annotated[
        str | None,
        typer.Option(
            help="Promote even though the golden suite has not passed, and record this reason.", metavar="REASON"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a run's candidate the champion of its task, if it passed the golden suite."""
    from goldgate.cli.champion_text import promote_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.promote import run_promote

    result = run_promote(here(), run, force, Screen())
    finish(result.to_json(), as_json, promote_text(result))


def rollback(
    task: TaskName,
    reason: Annotated[str, typer.Option(help="Reason for the rollback, which is recorded.")],
    to: Annotated[
        str | None,
        typer.Option(help="First characters of the wanted champion's identity. Default: the previous champion."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore an earlier champion, together with its record and answers."""
    from goldgate.cli.champion_text import rollback_text
    from goldgate.jobs.champions import run_rollback

    result = run_rollback(here(), task, to, reason)
    finish(result.to_json(), as_json, rollback_text(result))


def export(
    name: Annotated[
        str, typer.Argument(help="Task whose champion to export, or run whose candidate to export.", metavar="TASK|RUN")
    ],
    to: Annotated[Path, typer.Option(help="Folder to write.")],
    form: Annotated[
        Literal["safetensors", "gguf"],
        typer.Option("--format", help="gguf: the safetensors, and beside them one file for llama.cpp."),
    ] = "safetensors",
    quant: Annotated[
        Literal["f32", "f16", "q8_0"] | None, typer.Option(help="How a GGUF file stores its matrices. Default: f16.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export in that folder.")] = False,
    as_json: AsJson = False,
) -> None:
    """Export the tuned model as one transformers folder, and check its answers.

    The exported model answers dev again, and its answers must be those of the model that was gated. A GGUF file answers
    dev 1, 4 and 16 prompts at once; q8_0 loses a little, so it needs a verdict of its own.
    """
    from goldgate.cli.champion_text import export_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.export import run_export

    if quant is not None and form != "gguf":
        raise UserError("--quant goes with --format gguf", hint="leave it out, or add --format gguf")
    require("torch", "transformers", "peft")
    result = run_export(here(), name, to, force, Screen(), None if form != "gguf" else quant or "f16")
    finish(result.to_json(), as_json, export_text(result), result.passed)


def champions(
    task: Annotated[
        str | None,
        typer.Argument(help="Task whose history to list, rollbacks included. Default: all tasks.", metavar="[TASK]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the champion of every task, or the history of one task."""
    from goldgate.cli.champion_text import champions_text
    from goldgate.jobs.champions import run_champions

    result = run_champions(here(), task)
    finish(result.to_json(), as_json, champions_text(result))
