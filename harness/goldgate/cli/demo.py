"""`goldgate demo` on the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from goldgate.base.extras import require_training
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.train_text import train_text
from goldgate.jobs.demo import Demo
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
    from goldgate.cli.screen import Screen
    from goldgate.jobs.demo import Asked, run_demo

    require_training()
    asked = Asked(minutes, examples, audit, regenerate)
    result = run_demo(task, folder, cache_folder(os.environ), cache_limit(os.environ), Screen(), asked)
    finish(result.to_json(), as_json, _text(result), result.passed)


def _text(result: Demo) -> str:
    text = train_text(result.trained)
    if result.examples is None:
        return text
    lines = [line for line in text.splitlines() if not line.startswith("  ")]  # what stood in the way is no news
    few = (
        f"Every step ran, with at most {result.examples} examples of train, dev and golden. So few show nothing:"
        " neither the verdicts nor the scores above mean anything."
        " `goldgate demo` without --examples is the real thing."
    )
    return "\n".join([*lines, few])
