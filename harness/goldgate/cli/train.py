"""`goldgate train` on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from goldgate.base.errors import UserError
from goldgate.base.extras import require_training
from goldgate.cli.ending import AsJson, finish
from goldgate.cli.place import here


def train(
    task: Annotated[str | None, typer.Argument(help="name of the task: a folder of suites/", metavar="TASK")] = None,
    attempts: Annotated[int, typer.Option(help="attempts at most", min=1)] = 3,
    minutes: Annotated[float, typer.Option(help="training minutes at most", min=0.1)] = 60.0,
    looks: Annotated[int | None, typer.Option(help="looks at golden at most; 0: train for dev alone", min=0)] = None,
    money: Annotated[float | None, typer.Option(help="for machine time at most, at task.yaml's machine_hour")] = None,
    curve: Annotated[bool, typer.Option("--curve", help="without a pass: would more training data help?")] = False,
    seed: Annotated[int | None, typer.Option(help="seed of the recipe")] = None,
    seeds: Annotated[
        int | None, typer.Option(help="adapters of one recipe, with this many seeds; dev picks one", min=2)
    ] = None,
    search: Annotated[
        int | None, typer.Option(help="recipes to try at most, proposed by Optuna; dev picks one", min=2)
    ] = None,
    base_models: Annotated[
        str | None, typer.Option(help="base models to compare on dev, a,b,c; --minutes for each")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="recipe setting, key=value")] = None,
    track: Annotated[
        list[str] | None, typer.Option(help="tensorboard or mlflow: told of every step, in the run's folder")
    ] = None,
    rerun: Annotated[
        str | None, typer.Option(help="without TASK: train this run's best adapter again, and compare", metavar="RUN")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Trains a LoRA adapter until the golden suite passes or the budget ends; started again, it goes on."""
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
            "takes either a task, or a run to train again",
            "goldgate train",
            "write `goldgate train TASK`, or `goldgate train --rerun RUN`",
        )
    check_one_way({"--seeds": seeds, "--search": search, "--base-models": base_models})
    if track and (task is None or base_models is not None):
        raise UserError("follows one task's run alone", "--track", "leave out --rerun and --base-models, or --track")
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
