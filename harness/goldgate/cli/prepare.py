"""`goldgate prepare`: checks the splits of a task, and changes them on request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from goldgate.base.errors import UserError
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.place import TaskName, here


def prepare(
    task: TaskName,
    refresh: Annotated[
        bool, typer.Option("--refresh-golden", help="Replace golden with the examples in --from.")
    ] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="File of new examples in any format that init reads. They go to train and dev; with --refresh-golden,"
            " they replace golden.",
        ),
    ] = None,
    input_: Annotated[str | None, typer.Option("--input", help="Column that holds the inputs.")] = None,
    output: Annotated[str | None, typer.Option("--output", help="Column that holds the expected outputs.")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="PART=COLUMN for input, output, tags, group, time or accept; repeatable."),
    ] = None,
    train_only: Annotated[
        bool, typer.Option("--train-only", help="Add the rows of --from to train alone, because somebody chose them.")
    ] = False,
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace personal data and secrets by stand-ins, in all splits alike.")
    ] = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="Clean texts and outputs, and keep what was changed in changes.jsonl.")
    ] = False,
    undo_clean: Annotated[bool, typer.Option("--undo-clean", help="Take back what --clean has changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a task's splits for schema errors, bad labels and leaks.

    The command also rewrites the data card and records how close dev and golden are to the training data. It reports
    personal data, look-alike and rare labels, rows that are too long, languages, and what --clean would change. It
    refuses secrets. It changes no example unless --redact, --clean or --undo-clean asks for it. A changed golden split
    keeps its looks and has to be gated again.

    With --from, the rows of a file are first added to train and dev, by the rules of init. No example that is there
    moves, golden stays as it is, and every row is accounted for.

    With --refresh-golden, they replace the golden split instead. Examples that are already in a split, or that
    were ever in golden, are left out. The old golden examples move to dev, their looks are retired, and the next look
    counts as the first.
    """
    from goldgate.cli.account_text import account_of_refusals
    from goldgate.cli.screen import Screen
    from goldgate.cli.short_text import prepare_text
    from goldgate.data.add import add_rows
    from goldgate.data.rewrite import clean_splits, redact_splits, restore_splits
    from goldgate.data.sources import Choices, parse_map
    from goldgate.jobs.closeness import pair_finder
    from goldgate.jobs.data import Prepared, Refreshed, run_prepare, run_refresh

    _check(task, refresh, source, (input_, output), mapping or (), train_only, changes=redact + clean + undo_clean)
    result: Prepared | Refreshed
    screen = Screen()
    if source is not None and refresh:
        columns = None if input_ is None or output is None else (input_, output)
        result = run_refresh(here(), task, source, columns)
    else:
        asked = ((redact, redact_splits), (clean, clean_splits), (undo_clean, restore_splits))
        rewrite = next((rewrite for wanted, rewrite in asked if wanted), None)
        if source is not None:
            choices = Choices(parse_map(mapping or (), input_, output))
            finder = pair_finder(here().cache, screen)
            rewrite = partial(add_rows, source=source, choices=choices, find_pairs=finder, train_only=train_only)
        with account_of_refusals():
            result = run_prepare(here(), task, rewrite, screen)
    finish(result.to_json(), as_json, prepare_text(result))


def _check(
    task: str,
    refresh: bool,
    source: Path | None,
    columns: tuple[str | None, str | None],
    mapping: Sequence[str],
    train_only: bool,
    changes: int,
) -> None:
    """Raises UserError if options were given that do not go together."""
    if changes + (source is not None) > 1:
        raise UserError(
            "--redact, --clean, --undo-clean and --from cannot go together", hint="run the command once for each"
        )
    alone = source is None and (refresh or any(columns) or mapping)
    if alone or (columns[0] is None) != (columns[1] is None):
        raise UserError(
            "--refresh-golden, --input, --output and --map go with --from FILE; --input and --output go together",
            hint=f"goldgate prepare {task} --from new.csv --input COLUMN --output COLUMN",
        )
    if train_only and (source is None or refresh):
        raise UserError("--train-only goes with --from FILE, which adds rows", hint="leave it out")
    if refresh and mapping:
        raise UserError("--map does not go with --refresh-golden", hint="name the columns by --input and --output")
