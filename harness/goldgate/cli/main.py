"""`goldgate`: its commands, exit status and errors. 0 done and passing, 1 gates failed or budget ended, 2 bad input."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from goldgate import __version__
from goldgate.base.errors import UserError
from goldgate.base.extras import extras_named, require
from goldgate.base.interrupt import STATUS, interruptible, signal_that_came
from goldgate.cli.demo import demo
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.interrupted import interrupted
from goldgate.cli.place import TaskName, here
from goldgate.cli.train import train
from goldgate.task.project import byte_size, cache_folder, cache_limit

app = typer.Typer(
    name="goldgate",
    help="Evaluation-first fine-tuning: a golden test suite in pytest decides what ships.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_INTERRUPTED = 130  # typer's status after Ctrl-C, as the shells have it


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="print the version")] = False
) -> None:
    if version:
        print(f"goldgate {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)


app.command()(demo)


@app.command()
def init(
    task: TaskName,
    source: Annotated[Path, typer.Option("--from", help="CSV, TSV, Excel, Parquet, JSON or JSONL file")],
    input_: Annotated[str, typer.Option("--input", help="column of the inputs")],
    output: Annotated[str, typer.Option("--output", help="column of the expected outputs")],
    golden: Annotated[Path | None, typer.Option(help="a test split that exists already")] = None,
    instructions: Annotated[str | None, typer.Option(help="what every prompt says")] = None,
    train_size: Annotated[int | None, typer.Option(help="train examples at most", min=1)] = None,
    dev_size: Annotated[int, typer.Option(help="dev examples at most", min=1)] = 300,
    golden_size: Annotated[int, typer.Option(help="golden examples at most", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="of the split")] = 0,
    as_json: AsJson = False,
) -> None:
    """Scaffolds suites/TASK and golden/TASK from a file of examples."""
    from goldgate.cli.short_text import init_text
    from goldgate.data.scaffold import Request
    from goldgate.data.split import Sizes
    from goldgate.jobs.commands import run_init

    sizes = Sizes(train_size, dev_size, golden_size)
    request = Request(task, source, golden, input_, output, instructions, sizes, seed)
    result = run_init(Path.cwd(), cache_folder(os.environ), request)
    finish(result.to_json(), as_json, init_text(result))


@app.command()
def prepare(
    task: TaskName,
    refresh: Annotated[bool, typer.Option("--refresh-golden", help="make new examples the golden split")] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="the new examples: JSONL as golden.jsonl is, or any file that init reads, with --input and --output",
        ),
    ] = None,
    input_: Annotated[str | None, typer.Option("--input", help="column of the inputs")] = None,
    output: Annotated[str | None, typer.Option("--output", help="column of the expected outputs")] = None,
    as_json: AsJson = False,
) -> None:
    """Checks a task's splits (schema, labels, leaks), writes their card, and how near golden is to train.

    --refresh-golden first makes the examples of a file the golden split, leaving out what stands in a split or ever
    stood in golden. The old golden split is dev's from then on, its looks are retired, and the next look is the first.
    """
    from goldgate.cli.short_text import prepare_text
    from goldgate.jobs.commands import run_prepare, run_refresh

    if (source is not None) != refresh or (input_ is None) != (output is None) or (input_ and not refresh):
        raise UserError(
            "--refresh-golden needs --from FILE, and they alone --input and --output, both or none",
            hint=f"goldgate prepare {task} --refresh-golden --from new.jsonl",
        )
    columns = None if input_ is None or output is None else (input_, output)
    result = run_prepare(here(), task) if source is None else run_refresh(here(), task, source, columns)
    finish(result.to_json(), as_json, prepare_text(result))


@app.command()
def plan(
    task: TaskName,
    subject: Annotated[
        str | None,
        typer.Option(help="whose answers to dev; default: the champion, else the best baseline that has answered"),
    ] = None,
    truth: Annotated[
        list[str] | None,
        typer.Option(help="assumed truth: 0.95 for every rate, METRIC=0.95 for one measure; default: dev's estimate"),
    ] = None,
    golden: Annotated[int | None, typer.Option(help="as if golden had so many examples", min=1, max=1_000_000)] = None,
    look: Annotated[int | None, typer.Option(help="number of the look; default: the next", min=1, max=50)] = None,
    as_json: AsJson = False,
) -> None:
    """How many golden examples each gate needs, its power, and how steady its verdict is."""
    from goldgate.cli.plan_text import plan_text
    from goldgate.jobs.plan import Asked, run_plan

    result = run_plan(here(), task, Asked(subject, truth or [], golden, look))
    finish(result.to_json(), as_json, plan_text(result))


@app.command()
def evaluate(
    task: TaskName,
    subject: Annotated[str, typer.Option(help="who answers, for instance base+few_shot:4 or adapter:PATH")],
    split: Annotated[str, typer.Option(help="dev; golden only for declared baselines and the linear model")] = "dev",
    as_json: AsJson = False,
) -> None:
    """Scores one subject on a split."""
    from goldgate.cli.screen import Screen
    from goldgate.cli.short_text import evaluate_text
    from goldgate.jobs.commands import run_evaluate

    result = run_evaluate(here(), task, subject, split, Screen())
    finish(result.to_json(), as_json, evaluate_text(result))


@app.command()
def search(
    task: TaskName,
    subject: Annotated[str, typer.Option(help="who answers, for instance adapter:PATH or champion")],
    budget: Annotated[int, typer.Option(help="answers to ask for at most", min=1)] = 200,
    run: Annotated[str | None, typer.Option(help="a run whose report is to show what was found")] = None,
    as_json: AsJson = False,
) -> None:
    """Searches dev for the smallest perturbations of what a subject has right that it then gets wrong."""
    from goldgate.cli.screen import Screen
    from goldgate.cli.search_text import search_text
    from goldgate.jobs.search import run_search

    result = run_search(here(), task, subject, budget, run, Screen())
    finish(result.to_json(), as_json, search_text(result))


app.command()(train)


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="a run's id or folder", metavar="RUN")], as_json: AsJson = False
) -> None:
    """Writes report.html and summary.md of a run."""
    from goldgate.cli.short_text import report_text
    from goldgate.jobs.commands import run_report

    result = run_report(here(), run)
    finish(result.to_json(), as_json, report_text(result))


@app.command()
def promote(
    run: Annotated[str, typer.Argument(help="the run whose tested candidate is promoted", metavar="RUN")],
    force: Annotated[str | None, typer.Option(help="promote without a passing golden suite, for this reason")] = None,
    as_json: AsJson = False,
) -> None:
    """Makes a run's candidate the champion of its task, if its golden suite passed."""
    from goldgate.cli.champion_text import promote_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.promote import run_promote

    result = run_promote(here(), run, force, Screen())
    finish(result.to_json(), as_json, promote_text(result))


@app.command()
def rollback(
    task: TaskName,
    reason: Annotated[str, typer.Option(help="why; it is recorded")],
    to: Annotated[
        str | None, typer.Option(help="how the identity of the one that is wanted begins; default: the one before")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Makes the champion before the champion again, with its record and answers."""
    from goldgate.cli.champion_text import rollback_text
    from goldgate.jobs.champions import run_rollback

    result = run_rollback(here(), task, to, reason)
    finish(result.to_json(), as_json, rollback_text(result))


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="a task, for its champion, or a run", metavar="TASK|RUN")],
    to: Annotated[Path, typer.Option(help="the folder that is written")],
    force: Annotated[bool, typer.Option("--force", help="replace what an earlier export wrote there")] = False,
    as_json: AsJson = False,
) -> None:
    """Writes the tuned model as one folder for transformers, and checks that it answers dev as what was gated."""
    from goldgate.cli.champion_text import export_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.export import run_export

    require("torch", "transformers", "peft")
    result = run_export(here(), name, to, force, Screen())
    finish(result.to_json(), as_json, export_text(result), result.passed)


@app.command()
def champions(
    task: Annotated[
        str | None, typer.Argument(help="a task, for its champions before and rollbacks", metavar="[TASK]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The champion of every task, or the history of one."""
    from goldgate.cli.champion_text import champions_text
    from goldgate.jobs.champions import run_champions

    result = run_champions(here(), task)
    finish(result.to_json(), as_json, champions_text(result))


@app.command()
def cache(
    prune: Annotated[bool, typer.Option("--prune", help="remove answers; alone: down to GOLDGATE_CACHE_MAX")] = False,
    days: Annotated[float | None, typer.Option(help="with --prune: what was not used for so many days", min=0)] = None,
    to: Annotated[
        str | None,
        typer.Option(help="with --prune: what was used longest ago, until each file holds so much, for instance 200MB"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The answers that are kept on this machine, and how to have fewer. Looks, runs and champions are no part of it."""
    from goldgate.cli.machine_text import cache_text
    from goldgate.jobs.cache import run_cache

    size = None if to is None else byte_size(to, "--to")
    result = run_cache(cache_folder(os.environ), cache_limit(os.environ), prune, days, size)
    finish(result.to_json(), as_json, cache_text(result))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """What this machine can do, and what is missing."""
    from goldgate.cli.machine_text import doctor_text
    from goldgate.jobs.doctor import run_doctor

    result = run_doctor(cache_folder(os.environ))
    finish(result.to_json(), as_json, doctor_text(result), result.passed)


def run() -> None:
    """The console script."""
    with interruptible():
        try:
            with extras_named():
                status = app(standalone_mode=False)
        except UserError as error:
            print(f"goldgate: {error}", file=sys.stderr)
            status = 2
        except (KeyboardInterrupt, typer.Abort):
            status = _INTERRUPTED
        except Exception as error:
            if not hasattr(error, "format_message"):  # click's usage errors, whichever click typer brings
                raise
            print(f"goldgate: {error.format_message()}", file=sys.stderr)
            status = 2
    if status == _INTERRUPTED:
        number = signal_that_came()
        print(interrupted(sys.argv[1:], number), file=sys.stderr)
        status = STATUS + number if number else _INTERRUPTED
    sys.exit(status if isinstance(status, int) else 0)
