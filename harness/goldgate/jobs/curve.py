"""A learning curve: the first attempt's recipe on a quarter and a half of train. Would more data help?"""

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
    """The deciding metric on dev by the size of train, the whole last. first: the attempt on the whole, from the base.

    folder: holds what is trained, a folder a share; left: seconds that may be spent; name: of an adapter's subject.
    Empty, and said so, where they do not suffice, before or while it is measured, and where a share holds no example.
    A share is part of the next.
    """
    # With patience an epoch answers dev, which takes as long after a quarter of train as after the whole.
    trained = len(_SHARES) if first.recipe.patience else sum(_SHARES)
    needed = trained * first.trained + len(_SHARES) * first.judged
    if needed > left:
        work.progress.say(f"no learning curve: it would take {needed / 60:.0f} min, {max(0.0, left) / 60:.0f} are left")
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
