"""The `goldgate train` command."""

from __future__ import annotations

from typing import Annotated

import typer

from goldgate.base.errors import UserError
from goldgate.base.extras import require_training
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.place import here

_Task = Annotated[str | None, typer.Argument(help="Name of the task, which is a folder in suites/.", metavar="TASK")]
_Attempts = Annotated[int, typer.Option(help="Maximum number of attempts.", min=1)]
_Minutes = Annotated[
    float, typer.Option(help="Maximum training time, in minutes; with --base-models, for each model.", min=0.1)
]
_Looks = Annotated[
    int | None,
    typer.Option(
        help="Maximum number of looks at golden; 0 trains for dev alone. Default: as many as the ledger's error"
        " rate still allows, and no more than attempts.",
        min=0,
    ),
]
_Money = Annotated[
    float | None,
    typer.Option(help="Maximum cost of machine time, at task.yaml's machine_hour price. Default: no limit."),
]
_Curve = Annotated[
    bool,
    typer.Option("--curve", help="If nothing passes, train on parts of the data to see whether more data would help."),
]
_Seed = Annotated[int | None, typer.Option(help="Random seed of the recipe. Default: the recipe's own.")]
_Seeds = Annotated[
    int | None, typer.Option(help="Train one recipe with this many seeds, and let dev choose the adapter.", min=2)
]
_Search = Annotated[
    int | None, typer.Option(help="Maximum number of recipes to try, proposed by Optuna; dev chooses one.", min=2)
]
_BaseModels = Annotated[
    str | None, typer.Option(help="Base models to compare on dev, separated by commas.", metavar="A,B,C")
]
_Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Recipe setting to change; repeatable.", metavar="KEY=VALUE")
]
_Track = Annotated[
    list[str] | None,
    typer.Option(help="Tracker that logs every step to the run's folder: tensorboard or mlflow; repeatable."),
]
_Rerun = Annotated[
    str | None,
    typer.Option(help="Instead of TASK: train this run's best adapter again, and compare the two.", metavar="RUN"),
]


def train(
    task: _Task = None,
    attempts: _Attempts = 3,
    minutes: _Minutes = 60.0,
    looks: _Looks = None,
    money: _Money = None,
    curve: _Curve = False,
    seed: _Seed = None,
    seeds: _Seeds = None,
    search: _Search = None,
    base_models: _BaseModels = None,
    settings: _Settings = None,
    track: _Track = None,
    rerun: _Rerun = None,
    as_json: AsJson = False,
) -> None:
    """Train a LoRA adapter until the golden suite passes or the budget runs out.

    If the command is interrupted, run it again to continue from the last checkpoint.
    """
    from goldgate.cli.models_text import models_text
    from goldgate.cli.rerun_text import rerun_text
    from goldgate.cli.screen import Screen
    from goldgate.cli.train_text import train_text
    from goldgate.jobs.compare_models import run_compare
    from goldgate.jobs.modes import check_one_way, mode_of
    from goldgate.jobs.rerun import run_rerun
    from goldgate.jobs.train import Budget, run_train

    changes = [*(settings or []), *([] if seed is None else [f"seed={seed}"])]
    if (task is None) == (rerun is None):
        raise UserError(
            "takes either a task or a run to train again",
            "goldgate train",
            "write `goldgate train TASK`, or `goldgate train --rerun RUN`",
        )
    check_one_way({"--seeds": seeds, "--search": search, "--base-models": base_models})
    if track and (task is None or base_models is not None):
        raise UserError(
            "only a run of a single task can be tracked", "--track", "remove --track, or --rerun and --base-models"
        )
    require_training()
    screen = Screen()
    if task is None:
        again = run_rerun(here(), str(rerun), screen)
        finish(again.to_json(), as_json, rerun_text(again), again.passed)
    elif base_models is not None:
        names = [m.strip() for m in base_models.split(",")]
        compared = run_compare(here(), task, names, minutes, changes, screen)
        finish(compared.to_json(), as_json, models_text(compared), compared.passed)
    else:
        budget = Budget(seeds or search or attempts, minutes, looks, money, curve=curve)
        mode = mode_of(seeds, search, changes)
        result = run_train(here(), task, budget, changes, progress=screen, mode=mode, track=track or [])
        finish(result.to_json(), as_json, train_text(result), result.passed)
