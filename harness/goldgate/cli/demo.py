"""The `goldgate demo` command."""

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
    task: Annotated[str, typer.Argument(help="Example task: voice, tickets or invoices.", metavar="[TASK]")] = "voice",
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the demo project. Default: goldgate-demo.", show_default=False)
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Maximum training time, in minutes. Default: set by the machine's speed.", min=0.1),
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(
            help="Quick run: all steps with at most this many examples per split, in a folder of its own"
            " (goldgate-demo-N). It shows nothing about quality; the exit status is 0 if all steps ran.",
            min=12,
        ),
    ] = None,
    audit: Annotated[
        int, typer.Option(help="Number of recorded baseline answers to check by generating them again.", min=0)
    ] = 4,
    regenerate: Annotated[
        bool, typer.Option("--regenerate", help="Generate all baseline answers instead of using the recorded ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole workflow on an example task, from the baselines to the report.

    The demo prepares the data, scores the prompting baselines, trains the embedded model until the golden suite
    passes, and writes a report. The exit status is 0 if all gates pass. If it is interrupted, run the same command
    again to continue.
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
    lines = [line for line in text.splitlines() if not line.startswith("  ")]  # no reasons for failed gates
    few = (
        f"Every step ran, with at most {result.examples} examples of train, dev and golden. So few show nothing:"
        " neither the verdicts nor the scores above mean anything."
        " Run `goldgate demo` without --examples for the real demo."
    )
    return "\n".join([*lines, few])
