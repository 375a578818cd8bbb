"""How every command ends: it prints its result, and its exit status says whether it passed."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout; progress stays on stderr.")]


def finish(result: dict[str, Any], as_json: bool, text: str, passed: bool = True) -> None:
    """Prints a command's result and ends the command.

    Args:
        result: The result as JSON.
        as_json: Whether to print `result` instead of `text`.
        text: The result for people.
        passed: Whether everything that the command checked passed.

    Raises:
        typer.Exit: Always; with status 0 where the command passed, 1 where it did not.
    """
    print(json.dumps(result, ensure_ascii=False, indent=1, default=str) if as_json else text)
    raise typer.Exit(0 if passed else 1)
