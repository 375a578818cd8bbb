"""`goldgate demo` on the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from goldgate.cli.ending import AsJson, finish
from goldgate.task.project import cache_folder, cache_limit


def demo(
    task: Annotated[str, typer.Argument(help="voice, tickets or invoices", metavar="[TASK]")] = "voice",
    folder: Annotated[
        Path | None, typer.Option(help="where the demo's project lies; default: goldgate-demo", show_default=False)
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="training minutes at most; default: from the machine's speed", min=0.1)
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(
            help="for those in a hurry: every step with at most so many examples of train, dev and golden, in a folder"
            " of its own (goldgate-demo-N); shows nothing, and the status is 0 when all steps ran",
            min=12,
        ),
    ] = None,
    audit: Annotated[
        int, typer.Option(help="recorded answers of the baselines that are made again here, chosen at random", min=0)
    ] = 4,
    regenerate: Annotated[
        bool, typer.Option("--regenerate", help="let the baselines answer here, instead of reading recorded answers")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The whole main job on the embedded model: prepare, baselines, train until the suite passes, gate, report.

    Status: 0 all gates passed (with --examples: all steps ran), 1 not, 2 bad input, 130 after Ctrl-C and 143 after
    SIGTERM; the same command then goes on.
    """
    from goldgate.jobs.demo import Asked, run_demo

    asked = Asked(minutes, examples, audit, regenerate)
    result = run_demo(task, folder, cache_folder(os.environ), cache_limit(os.environ), asked)
    finish(result.record, as_json, result.text, result.passed)
