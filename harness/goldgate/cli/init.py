"""`goldgate init`: from a file of examples to a suite and its splits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from goldgate.base.errors import UserError
from goldgate.base.files import read_text
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.place import TaskName
from goldgate.task.project import cache_folder

Kinds = Literal["label", "json", "text"]


def init(
    context: typer.Context,
    task: TaskName,
    source: Annotated[
        Path,
        typer.Option(
            "--from",
            help="Examples: CSV, TSV, Excel, Parquet, Arrow, JSON, JSONL or YAML, a gz or zip of one, or a folder.",
        ),
    ],
    input_: Annotated[
        str | None, typer.Option("--input", help="Column of the inputs, or a path such as data.text.")
    ] = None,
    output: Annotated[str | None, typer.Option("--output", help="Column of the expected outputs, or a path.")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="PART=COLUMN for input, output, tags, group, time or accept. Default: the shape of the file, if it is"
            " a known one.",
        ),
    ] = None,
    golden: Annotated[
        Path | None, typer.Option(help="File with an existing test split to use as golden. Default: split --from.")
    ] = None,
    dev: Annotated[
        Path | None,
        typer.Option(
            help="File with examples that choices were made by, such as a vendor's validation file, to use as dev."
            " Default: split --from."
        ),
    ] = None,
    kind: Annotated[Kinds | None, typer.Option(help="Kind of task. Default: by the outputs.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="The labels, separated by commas, or @FILE with one on each line.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="JSON Schema of the outputs. Default: by the outputs.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the cells of a CSV file.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding of the file, such as cp1252.")] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of an Excel file. Default: every sheet that has the columns.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first row that cannot be used.")] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Input or output that is meant although it looks empty, as N/A does; repeatable."),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            help="File for the rows that are set aside, written also if the command refuses."
            " Default: golden/TASK/rejects.jsonl."
        ),
    ] = None,
    graders: Annotated[
        Path | None,
        typer.Option(help="File of OpenAI's graders or Evals to import as gates; what is not imported is named."),
    ] = None,
    instructions: Annotated[str | None, typer.Option(help="Instructions that every prompt starts with.")] = None,
    train_size: Annotated[
        int | None, typer.Option(help="Maximum number of train examples. Default: all that are left.", min=1)
    ] = None,
    dev_size: Annotated[int, typer.Option(help="Maximum number of dev examples.", min=1)] = 300,
    golden_size: Annotated[int, typer.Option(help="Maximum number of golden examples.", min=1)] = 1000,
    golden_share: Annotated[
        float | None,
        typer.Option(help="Share of the examples that golden gets instead, such as 0.2.", min=0.01, max=0.9),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column of the times: golden gets the newest rows, dev the newest of the others.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Column whose values stay in one split, such as the customer.")
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace personal data and secrets by stand-ins, the same everywhere.")
    ] = False,
    embeddings: Annotated[
        bool, typer.Option(help="Look for inputs that say the same in other words, and keep them in one split.")
    ] = True,
    seed: Annotated[int, typer.Option(help="Random seed of the split.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Create suites/TASK and golden/TASK from a file of examples.

    What is not given is found out, and every decision is printed with its reason and the option that decides otherwise.
    No row is lost without a word: rows read = kept + merged + set aside, each with its reason and line.
    """
    from goldgate.cli.account_text import account_of_refusals
    from goldgate.cli.screen import Screen
    from goldgate.cli.short_text import init_text
    from goldgate.data.decide import Wishes
    from goldgate.data.scaffold import Request
    from goldgate.data.sources import Choices, parse_delimiter, parse_map
    from goldgate.data.split import Sizes
    from goldgate.jobs.data import run_init
    from goldgate.task.schema import load_schema

    named = [f"{part}={column}" for part, column in (("time", time), ("group", group)) if column is not None]
    pairs = [*(mapping or ()), *_more_pairs(context, mapping), *named]
    choices = Choices(
        parse_map(pairs, input_, output),
        parse_delimiter(delimiter),
        encoding,
        sheet,
        strict,
        frozenset(word.strip().casefold() for word in keep or ()),
    )
    wishes = Wishes(kind, _labels(labels), None if schema is None else load_schema(schema.parent, schema.name))
    sizes = Sizes(train_size, dev_size, golden_size, golden_share)
    by_time = time is not None
    request = Request(
        task,
        source,
        golden,
        choices,
        wishes,
        instructions,
        sizes,
        seed,
        rejects,
        redact=redact,
        by_time=by_time,
        dev=dev,
        graders=graders,
    )
    with account_of_refusals():
        result = run_init(Path.cwd(), cache_folder(os.environ), request, Screen(), embeddings)
    finish(result.to_json(), as_json, init_text(result))


def _more_pairs(context: typer.Context, mapping: list[str] | None) -> list[str]:
    """The pairs after the first one of `--map input=a output=b`."""
    if context.args and (not mapping or not all("=" in word for word in context.args)):
        odd = next((word for word in context.args if "=" not in word), context.args[0])
        raise UserError(f"got an unexpected argument: {odd}", hint="goldgate init --help lists the options")
    return list(context.args)


def _labels(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    names = read_text(Path(text[1:])).split("\n") if text.startswith("@") else text.split(",")
    found = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(found) < 2:
        raise UserError("a label task has at least two labels", "--labels", "separate them by commas")
    return found
