"""The `goldgate` command: its subcommands, their exit status, and how errors reach the user."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from goldgate import __version__
from goldgate.base.errors import UserError
from goldgate.base.extras import extras_named
from goldgate.base.interrupt import STATUS, interruptible, signal_that_came
from goldgate.cli.advice import assess, choose, curve
from goldgate.cli.champion import champions, export, promote, rollback
from goldgate.cli.demo import demo
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.init import init
from goldgate.cli.interrupted import interrupted
from goldgate.cli.place import TaskName, here
from goldgate.cli.prepare import prepare
from goldgate.cli.review import review
from goldgate.cli.serve import serve
from goldgate.cli.train import train
from goldgate.task.project import byte_size, cache_folder, cache_limit

_EXIT_STATUS = """\b
Exit status:
  0    The command succeeded and everything it checked passed.
  1    The command ran, but something did not pass: a gate failed, the budget ran
       out, an export or a rerun came out different, or doctor found a fault.
  2    The input or the usage is wrong; one message names the file, line and field.
  130  Interrupted by Ctrl-C.
  143  Terminated by SIGTERM.
"""

app = typer.Typer(
    name="goldgate",
    help="Evaluation-first fine-tuning: a golden test suite in pytest decides which model ships.",
    epilog=_EXIT_STATUS,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_INTERRUPTED = 130  # typer's status after Ctrl-C, as the shells have it


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        print(f"goldgate {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)


app.command()(demo)


app.command(context_settings={"allow_extra_args": True})(init)


app.command()(prepare)


@app.command()
def plan(
    task: TaskName,
    subject: Annotated[
        str | None,
        typer.Option(
            help="Subject whose dev answers to plan from. Default: the champion, or the best baseline with answers."
        ),
    ] = None,
    truth: Annotated[
        list[str] | None,
        typer.Option(
            help="Assumed true value: 0.95 for every rate, METRIC=0.95 for one measure; repeatable."
            " Default: the estimate on dev."
        ),
    ] = None,
    golden: Annotated[
        int | None,
        typer.Option(help="Number of golden examples to plan for. Default: the actual number.", min=1, max=1_000_000),
    ] = None,
    look: Annotated[
        int | None, typer.Option(help="Number of the look to plan for. Default: the next one.", min=1, max=50)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate each gate's power, how many golden examples it needs, and how stable its verdict is."""
    from goldgate.cli.plan_text import plan_text
    from goldgate.jobs.plan import Asked, run_plan

    result = run_plan(here(), task, Asked(subject, truth or [], golden, look))
    finish(result.to_json(), as_json, plan_text(result))


app.command()(curve)
app.command()(choose)
app.command()(review)


app.command()(serve)
app.command()(assess)


@app.command()
def evaluate(
    task: TaskName,
    subject: Annotated[str, typer.Option(help="Subject to score, such as base+few_shot:4 or adapter:PATH.")],
    split: Annotated[
        str, typer.Option(help="Split to score on: dev, or golden for declared baselines and the linear model only.")
    ] = "dev",
    as_json: AsJson = False,
) -> None:
    """Score one subject on a split."""
    from goldgate.cli.screen import Screen
    from goldgate.cli.short_text import evaluate_text
    from goldgate.jobs.commands import run_evaluate

    result = run_evaluate(here(), task, subject, split, Screen())
    finish(result.to_json(), as_json, evaluate_text(result))


@app.command()
def record(
    task: TaskName,
    subject: Annotated[
        str,
        typer.Option(
            help="Subject to keep the answers of, such as openai:ft:MODEL@URL; without +STRATEGY, as decided."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Keep a subject's answers on dev and golden, and name it as the task's incumbent.

    Gates compare with these answers from then on, also when the subject is gone. Nothing is scored, so this is no look
    at golden. Run again, the command asks only what is not kept yet.
    """
    from goldgate.cli.record_text import record_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.record import run_record

    result = run_record(here(), task, subject, Screen())
    finish(result.to_json(), as_json, record_text(result), result.complete)


@app.command()
def search(
    task: TaskName,
    subject: Annotated[str, typer.Option(help="Subject to search, such as adapter:PATH or champion.")],
    budget: Annotated[int, typer.Option(help="Maximum number of answers to request.", min=1)] = 200,
    run: Annotated[
        str | None, typer.Option(help="Run to record the results in, so that its report shows them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search for counterexamples: minimal perturbations that turn a correct dev answer wrong."""
    from goldgate.cli.screen import Screen
    from goldgate.cli.search_text import search_text
    from goldgate.jobs.search import run_search

    result = run_search(here(), task, subject, budget, run, Screen())
    finish(result.to_json(), as_json, search_text(result))


app.command()(train)


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="ID or folder of the run.", metavar="RUN")], as_json: AsJson = False
) -> None:
    """Write report.html and summary.md for a run."""
    from goldgate.cli.short_text import report_text
    from goldgate.jobs.commands import run_report

    result = run_report(here(), run)
    finish(result.to_json(), as_json, report_text(result))


app.command()(promote)
app.command()(rollback)
app.command()(export)
app.command()(champions)


@app.command()
def cache(
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove answers; without --days or --to, down to GOLDGATE_CACHE_MAX.")
    ] = False,
    days: Annotated[
        float | None, typer.Option(help="With --prune: remove answers not used for this many days.", min=0)
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="With --prune: remove the least recently used answers until each file is at most this size,"
            " such as 200MB.",
            metavar="SIZE",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the answers cached on this machine, and remove some on request.

    Looks, runs and champions are not part of the cache.
    """
    from goldgate.cli.machine_text import cache_text
    from goldgate.jobs.cache import run_cache

    size = None if to is None else byte_size(to, "--to")
    result = run_cache(cache_folder(os.environ), cache_limit(os.environ), prune, days, size)
    finish(result.to_json(), as_json, cache_text(result))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Show what this machine can do, and what is missing."""
    from goldgate.cli.machine_text import doctor_text
    from goldgate.jobs.doctor import run_doctor

    result = run_doctor(cache_folder(os.environ))
    finish(result.to_json(), as_json, doctor_text(result), result.passed)


def run() -> None:
    """The console script."""
    # Threads that wait for each other must not spin: on a machine that does something else too, they would take the
    # cores from the thread they wait for. OpenMP reads this when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
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
