"""`goldgate train`, which the demo runs as well: everything from the data to the report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from goldgate.base.fingerprint import digest
from goldgate.base.hardware import device
from goldgate.data.check import check_task_data
from goldgate.data.nearness import refresh_novelty
from goldgate.jobs.comparison import choices, references
from goldgate.jobs.doctor import machine
from goldgate.jobs.expected import as_training
from goldgate.jobs.finish import finish
from goldgate.jobs.optimize import search_missing
from goldgate.jobs.progress import Progress, Timed
from goldgate.jobs.trained import Trained
from goldgate.jobs.training import Mode, Training
from goldgate.jobs.workspace import Workspace
from goldgate.ledger import check_ledger, looks_left, suite_digest
from goldgate.models.embedded import ModelRef, ensure_model, hidden_size
from goldgate.runs.folder import Run, clear_parts, git_commit, one_training, open_run, versions
from goldgate.runs.record import ModelFacts, PlanFacts, Planned, SplitFacts, Started, Surroundings
from goldgate.scored.baselines import Prompted, deciding_metrics, declared_baselines
from goldgate.scorers import scorer_versions
from goldgate.task.examples import render_output
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName
from goldgate.task.task import load_task
from goldgate_trainers import (
    Budget,
    Outcome,
    Plan,
    Recipe,
    check_trackers,
    conditions,
    default_recipe,
    demo_recipe,
    first_step,
    from_dict,
    parse_settings,
    settled,
    train_until,
)

__all__ = ["Budget", "run_train"]


def run_train(
    project: Project,
    name: str,
    budget: Budget,
    settings: Sequence[str],
    *,
    progress: Progress,
    quick: bool = False,
    mode: Mode | None = None,
    base: str | None = None,
    track: Sequence[str] = (),
) -> Trained:
    """Trains until the golden suite passes or the budget is spent, promotes a model that passed, and writes the report.

    A run that was interrupted is resumed.

    Args:
        project: The project.
        name: Name of the task.
        budget: The most attempts, minutes, money and looks.
        settings: Recipe settings from --set.
        progress: Receives the progress.
        quick: Whether to use the demo's recipe, and constrained decoding for the best strategy only.
        mode: How attempts are chosen; None for the ladder.
        base: Base model to use instead of the one in task.yaml, for a run that takes no look.
        track: Names of trackers to log every step to, in the run's folder.

    Returns:
        The result of the run.

    Raises:
        UserError: The input is invalid or something that is needed is not available.
    """
    progress = Timed(progress)
    started, trackers = time.monotonic(), check_trackers(track)
    task = load_task(project, name).on_model(base)
    budget = budget.at_price(task.prices.machine_hour if task.prices else None)
    work = Workspace(project, task, progress, trackers=trackers)
    with progress.step("check the data", "schema, duplicates, no golden example in train"):
        quality = check_task_data(project, task)
    check_ledger(work.ledger, sealed=task.golden == "sealed")  # now, not after hours of training
    work.splits.update(quality.splits)
    for remark in quality.remarks:
        progress.say(f"  {remark}")
    with progress.step("fetch the base model", f"{task.model}, once; it stays in {project.cache}"):
        model = ensure_model(project.cache, task.model)
    recipe = _recipe(work, model, settings, quick)  # a bad setting fails here, before a run is created
    with progress.step("how new is golden?", "each example's distance to train, by embedding and by words"):
        novelty = refresh_novelty(project, name, quality.splits)
    progress.say(f"  {novelty}")
    with one_training(project, name):
        return _train(work, model, recipe, budget, settings, quick, mode or Mode(), progress, started)


def _train(
    work: Workspace,
    model: ModelRef,
    recipe: Recipe,
    budget: Budget,
    settings: Sequence[str],
    quick: bool,
    mode: Mode,
    progress: Timed,
    started: float,
) -> Trained:
    run, again = _open(work, model, recipe, [*settings, *mode.key], quick)
    if again:
        clear_parts(run.folder)
        progress.say(f"  run {run.id} is resumed: everything that is complete is kept")
        # Read back, because choosing it again could differ: whether bf16 is faster is measured.
        recipe = from_dict(run.read().recipe or recipe.to_dict(), f'{run.path}, field "recipe"')
    opponents = [*declared_baselines(work.task), *map(SubjectName.parse, references(work.task))]
    search_missing(work, opponents, lambda: as_training(work, recipe, budget))
    prompted = work.prompted(everything=not quick)
    _say_baselines(work, prompted)
    for reference, why in references(work.task).items():
        work.scored(reference, "dev", why)
    training = Training(work, run, model, quick, prompted.name)
    if budget.looks is None:
        budget = replace(budget, looks=looks_left(work.looks(), work.task.error, budget.attempts))
    plan = mode.plan(training, recipe)
    outcome = _loop(training, recipe, budget, plan)
    run.update(Planned(plan=PlanFacts.model_validate(plan.record(outcome.attempts))))
    return finish(training, outcome, prompted, budget, progress.steps, started)


def _open(work: Workspace, model: ModelRef, recipe: Recipe, settings: Sequence[str], quick: bool) -> tuple[Run, bool]:
    task = work.task
    key = digest(
        {
            "task": task.name,
            "model": model.digest,
            "suite": suite_digest(task, scorer_versions(task)),
            "instructions": task.instructions,
            "decoding": task.decoding.model_dump(),
            "train": dict(task.train),
            "data": {
                split.name: split.fingerprint for split in (work.learned, work.split("dev"), work.split("golden"))
            },
            "settings": list(settings),
            "quick": quick,
        }
    )
    now = datetime.now(UTC)
    run, again = open_run(work.project, task.name, key, now.strftime("%Y%m%d-%H%M%S"))
    if not again:
        run.update(
            Started(
                started=now.isoformat(timespec="seconds"),
                seed=recipe.seed,
                recipe=recipe.to_dict(),
                model=ModelFacts(alias=model.alias, digest=model.digest),
                data={n: SplitFacts(count=len(s), fingerprint=s.fingerprint) for n, s in work.splits.items()},
                suite=suite_digest(task, scorer_versions(task)),
                fields=dict(task.fields),
                prices=task.prices.model_dump(exclude={"subjects"}) if task.prices else {},
            )
        )
    # A run may be resumed with other versions or on another machine, which affect what is trained from now on.
    run.update(
        Surroundings(
            versions=versions(),
            machine=machine(),
            git=git_commit(work.project.root),
            conditions=conditions(model, task, work.learned),
        )
    )
    return run, again


def _recipe(work: Workspace, model: ModelRef, settings: Sequence[str], quick: bool) -> Recipe:
    hidden = hidden_size(model)
    train, changes = work.learned, parse_settings(settings)
    if not quick:
        return settled(default_recipe(work.task, len(train), hidden, changes, on=device()))
    characters = sum(len(e.text) + len(render_output(e.output)) for e in train)
    return settled(demo_recipe(work.task, len(train), hidden, changes, characters=characters, on=device()))


def _say_baselines(work: Workspace, prompted: Prompted) -> None:
    metric = deciding_metrics(work.task)[0]
    for name, row in sorted(prompted.tried.items(), key=lambda pair: -pair[1][metric]):
        mark = "  <- the best prompting baseline" if name == prompted.name else ""
        work.progress.say(f"  {name:<32} {metric} {row[metric]:.3f} on dev{mark}")
    for name, why in prompted.untried.items():
        work.progress.say(f"  {name:<32} not tried: {why}")
    chosen = choices(work, prompted)
    if words := chosen[metric].words:
        work.progress.say(f"  {words}")
    for other, choice in chosen.items():
        if choice.subject != prompted.name:
            better = f"; another one may be up to {choice.points} points better" if choice.points else ""
            work.progress.say(f"  for {other} the best prompt is {choice.subject}{better}")


def _loop(training: Training, recipe: Recipe, budget: Budget, plan: Plan) -> Outcome:
    first = first_step(recipe, "the demo's recipe" if training.quick else "the default recipe")
    return train_until(
        first,
        training.train,
        training.judge,
        training.look,
        training.run.folder,
        budget,
        told=lambda step, k: training.work.progress.say(f"attempt {k}: {step.reason}"),
        plan=plan,
        judging=training.judging,
        chance=training.chance,
    )
