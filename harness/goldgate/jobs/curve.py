"""A learning curve, to see whether more data would help: the first recipe on a quarter and on half of train."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from goldgate.jobs.workspace import Workspace
from goldgate.scored.baselines import deciding_metrics
from goldgate.task.examples import Split
from goldgate_trainers import Attempt, CurvePoint, Recipe, TrainingResult

_SHARES = (0.25, 0.5)


def learning_curve(
    work: Workspace,
    first: Attempt,
    folder: Path,
    left: float,
    train: Callable[[Workspace, Recipe, Path], TrainingResult],
    name: Callable[[Path], str],
) -> list[CurvePoint]:
    """Measures the deciding metric on dev by the size of the training split. Each share contains the smaller ones.

    Args:
        work: The task's workspace.
        first: The first attempt, which was trained on the whole split from the base model.
        folder: Holds the adapters, one folder for each share.
        left: Seconds that may be spent.
        train: Trains a recipe into a folder.
        name: Returns the subject name of an adapter.

    Returns:
        The points by size, the whole split last. Empty if the time does not suffice, which is reported, or if a share
        holds no example.
    """
    # With patience, every epoch ends by answering dev, which takes as long after a quarter of train as after all of it.
    trained = len(_SHARES) if first.recipe.patience else sum(_SHARES)
    needed = trained * first.trained + len(_SHARES) * first.judged
    if needed > left:
        work.progress.say(
            f"no learning curve: it would take {needed / 60:.0f} min, and {max(0.0, left) / 60:.0f} are left"
        )
        return []
    metric, whole = deciding_metrics(work.task)[0], sorted(work.split("train").examples, key=lambda e: e.id)
    order = random.Random(first.recipe.seed).sample(whole, len(whole))
    points = []
    for share in _SHARES:
        part = Split("train", tuple(order[: round(share * len(order))]))
        if not part.examples:
            return []
        out = folder / f"{share:.0%}".rstrip("%")
        result = train(replace(work, splits={**work.splits, "train": part}), first.recipe, out)
        if result.time_up is not None:
            work.progress.say(f"no learning curve: with {share:.0%} of the examples training {result.time_up.words}")
            return []
        scored = work.scored(name(result.adapter), "dev", f"with {share:.0%} of the training examples")
        points.append(CurvePoint(len(part), scored.measure(metric).value))
    return [*points, CurvePoint(len(whole), first.dev.scores[metric])]
