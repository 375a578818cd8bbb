"""How every command ends: its result printed, and the exit status that says whether it passed."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document on stdout; progress stays on stderr")]


def finish(result: dict[str, Any], as_json: bool, text: str, passed: bool = True) -> None:
    """Prints a command's result and ends it: status 0 when it passed, 1 when it did not."""
    print(json.dumps(result, ensure_ascii=False, indent=1, default=str) if as_json else text)
    raise typer.Exit(0 if passed else 1)
