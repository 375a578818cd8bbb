"""`goldgate curve` and `goldgate assess`: what to expect of more data, and whether to fine-tune at all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldgate.cli.ending import AsJson, finish
from goldgate.cli.place import TaskName, here

_Wanted = Annotated[
    float | None,
    typer.Option(help="Accuracy that is needed. Default: the suite's gate on the main metric.", min=0.0, max=1.0),
]


def curve(task: TaskName, wanted: _Wanted = None, as_json: AsJson = False) -> None:
    """Forecast what more training data would bring, with its uncertainty.

    The linear model learns 12.5, 25, 50 and 100% of train and answers dev. For tasks without closed labels, use
    `goldgate train TASK --curve`.
    """
    from goldgate.cli.advice_text import curve_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.forecast import run_curve

    result = run_curve(here(), task, wanted, Screen())
    finish(result.to_json(), as_json, curve_text(result))


def choose(
    task: TaskName,
    source: Annotated[Path, typer.Option("--from", help="File of inputs in any format that init reads.")],
    input_: Annotated[str, typer.Option("--input", help="Column that holds the inputs.")],
    to: Annotated[Path, typer.Option(help="File to write, .csv or .jsonl, with an empty column for the outputs.")],
    count: Annotated[int, typer.Option(help="How many inputs to choose.", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """Choose which inputs to label next, for train.

    Inputs that an example has, exactly or nearly, are left out. First come those that are typical of what train has
    none like; once train has five examples of a label on average, those that the linear model is least sure of. What is
    labelled after such a choice is for train alone: golden has to be what comes in.
    """
    from goldgate.cli.account_text import account_of_refusals
    from goldgate.cli.advice_text import choose_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.choose import run_choose

    with account_of_refusals():
        result = run_choose(here(), task, source, input_, count, to, Screen())
    finish(result.to_json(), as_json, choose_text(result))


def assess(task: TaskName, wanted: _Wanted = None, as_json: AsJson = False) -> None:
    """Advise whether to fine-tune at all: prompting, retrieval, more data, a linear model, or fine-tuning.

    Reads train, dev and the answers to dev that exist, and never looks at golden. The linear model is the only one that
    runs.
    """
    from goldgate.cli.advice_text import assess_text
    from goldgate.cli.screen import Screen
    from goldgate.jobs.assess import run_assess

    result = run_assess(here(), task, wanted, Screen())
    finish(result.to_json(), as_json, assess_text(result))
