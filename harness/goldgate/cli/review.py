"""`goldgate review`: what wants a person, as a table, and back."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from goldgate.base.errors import UserError
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.place import TaskName, here


def review(
    task: TaskName,
    to: Annotated[Path | None, typer.Option(help="Table to write (.xlsx, .csv), or page (.html).")] = None,
    apply: Annotated[Path | None, typer.Option("--apply", help="Table whose decisions are to be carried out.")] = None,
    golden: Annotated[
        bool, typer.Option("--golden", help="Ask about golden's examples as well, which shows them.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--all", help="Ask about all doubtful outputs, not the next 20 of each split.")
    ] = False,
    reviewer: Annotated[str | None, typer.Option(help="Who decided. Default: the name that git has, or yours.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a person about outputs that may be wrong, and carry out what was decided.

    With --to, doubtful outputs, near repeats with different outputs, contradictions, labels that look alike and what a
    teacher is in doubt about become a table. Fill in the column decision: keep, change or accept (with the right output
    in new_output), or drop. A page (.html) asks the same in a browser, without a server, and saves such a table. With
    --apply, the decisions of a table change the splits in one step, or nothing does; card.json keeps who decided what,
    and it is not asked again.
    """
    from goldgate.cli.review_text import asked_text, reviewed_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.review import run_decisions, run_review

    if (to is None) == (apply is None):
        raise UserError("give either --to FILE or --apply FILE", hint=f"goldgate review {task} --to review.xlsx")
    if to is not None:
        asked = run_review(here(), task, to, golden, whole, Screen())
        finish(asked.to_json(), as_json, asked_text(asked))
    elif apply is not None:
        done = run_decisions(here(), task, apply, reviewer or _reviewer(), Screen())
        finish(done.to_json(), as_json, reviewed_text(done))


def _reviewer() -> str:
    try:
        found = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, check=False)
        named = found.stdout.strip()
    except OSError:
        named = ""
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # a container's user may have no name
        raise UserError("nobody knows who decided", "--reviewer", "name the person") from error
