"""`goldgate prepare`: checks the splits of a task, and changes them on request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldgate.base.errors import UserError
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.place import TaskName, here

if TYPE_CHECKING:
    from goldgate.data.augment import Augmentation


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
    augment: Annotated[
        str | None,
        typer.Option(
            "--augment",
            help="Make perturbed copies of train, for training alone: names of perturbations with commas between them,"
            " or none.",
        ),
    ] = None,
    augment_share: Annotated[
        float | None, typer.Option("--augment-share", help="The share of train that each perturbation copies. [0.2]")
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            "--teacher", help="Subject that gives outputs to the inputs of --from, such as openai:MODEL@URL+few_shot:8."
        ),
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", help="How often the teacher is asked for each output. [5]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a task's splits for schema errors, bad labels and leaks.

    The command also rewrites the data card and records how close dev and golden are to the training data. It reports
    personal data, look-alike and rare labels, rows that are too long, languages, and what --clean would change. It
    refuses secrets. It changes no example unless --redact, --clean or --undo-clean asks for it. A changed golden split
    keeps its looks and has to be gated again.

    With --from, the rows of a file are first added to train and dev, by the rules of init. No example that is there
    moves, golden stays as it is, and every row is accounted for.

    With --teacher, the file has inputs only, in the column that --input names. The teacher gives their outputs, several
    times each. What is right by the rules of the task, and what it repeats, is added to train, marked as its own; the
    rest waits for `goldgate review`.

    With --refresh-golden, they replace the golden split instead. Examples that are already in a split, or that
    were ever in golden, are left out. The old golden examples move to dev, their looks are retired, and the next look
    counts as the first.

    With --augment, copies of some train examples in another form (with typos, in other case, with another amount in
    input and output) are written to augmented.jsonl, the same for the same content. Training reads them; they are no
    shots and nothing counts them as examples. Every later prepare makes them again from what train is then.
    """
    from goldgate.cli.account_text import account_of_refusals
    from goldgate.cli.screen import Screen
    from goldgate.cli.short_text import prepare_text
    from goldgate.data.add import add_rows
    from goldgate.data.rewrite import clean_splits, redact_splits, restore_splits
    from goldgate.data.sources import Choices, parse_map
    from goldgate.jobs.closeness import pair_finder
    from goldgate.jobs.data import Prepared, Refreshed, run_prepare, run_refresh
    from goldgate.jobs.progress import once_it_takes_long
    from goldgate.jobs.teach import SAMPLES, teach_rows

    _check_alone(redact + clean + undo_clean + (source is not None))
    _check_source(task, source, refresh, (input_, output), mapping, train_only, teacher, samples)
    copies = _augmentation(augment, augment_share, refresh)
    result: Prepared | Refreshed
    screen = Screen()
    if source is not None and refresh:
        columns = None if input_ is None or output is None else (input_, output)
        result = run_refresh(here(), task, source, columns)
    else:
        asked = ((redact, redact_splits), (clean, clean_splits), (undo_clean, restore_splits))
        rewrite = next((rewrite for wanted, rewrite in asked if wanted), None)
        if source is not None and teacher is not None:
            rewrite = partial(
                teach_rows,
                source=source,
                column=input_ or "input",
                teacher=teacher,
                samples=SAMPLES if samples is None else samples,
                find_pairs=pair_finder(here().cache, screen),
                progress=screen,
            )
        elif source is not None:
            choices = Choices(parse_map(mapping or (), input_, output))
            finder = pair_finder(here().cache, screen)
            rewrite = partial(
                add_rows,
                source=source,
                choices=choices,
                find_pairs=finder,
                train_only=train_only,
                step=once_it_takes_long(screen),
            )
        with account_of_refusals():
            result = run_prepare(here(), task, rewrite, screen, copies)
    finish(result.to_json(), as_json, prepare_text(result))


def _check_alone(changes: int) -> None:
    if changes > 1:
        raise UserError(
            "--redact, --clean, --undo-clean and --from cannot go together", hint="run the command once for each"
        )


def _check_source(
    task: str,
    source: Path | None,
    refresh: bool,
    columns: tuple[str | None, str | None],
    mapping: Sequence[str] | None,
    train_only: bool,
    teacher: str | None,
    samples: int | None,
) -> None:
    """Raises UserError if options about a file were given that do not go together."""
    if source is None and (refresh or any(columns) or mapping):
        raise UserError(
            "--refresh-golden, --input, --output and --map go with --from FILE",
            hint=f"goldgate prepare {task} --from new.csv --input COLUMN --output COLUMN",
        )
    if teacher is not None and (source is None or refresh or columns[1] is not None or mapping):
        raise UserError(
            "--teacher goes with --from FILE and --input alone, because it gives the outputs, and golden gets none",
            hint=f"goldgate prepare {task} --from inputs.csv --input COLUMN --teacher {teacher}",
        )
    if teacher is None and (columns[0] is None) != (columns[1] is None):
        raise UserError("--input and --output go together", hint="name both columns, or neither")
    if train_only and (source is None or refresh):
        raise UserError("--train-only goes with --from FILE, which adds rows", hint="leave it out")
    if samples is not None and teacher is None:
        raise UserError("--samples goes with --teacher", hint="leave it out")
    if refresh and mapping:
        raise UserError("--map does not go with --refresh-golden", hint="name the columns by --input and --output")


def _augmentation(text: str | None, share: float | None, refresh: bool) -> Augmentation | None:
    from goldgate.data.augment import parse_augmentation

    if text is None and share is not None:
        raise UserError("--augment-share goes with --augment", hint="--augment typos --augment-share 0.1")
    if text is not None and refresh:
        raise UserError("--augment does not go with --refresh-golden", hint="run the command once for each")
    return None if text is None else parse_augmentation(text, share)
