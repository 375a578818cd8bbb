"""`goldgate curve`: the linear model on parts of train, and what more training data would bring."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from goldgate.base.errors import UserError
from goldgate.jobs.progress import Progress, Silent
from goldgate.jobs.run_suite import run_suite
from goldgate.jobs.workspace import Workspace
from goldgate.measures.learning import Forecast, LearningCurve, Point
from goldgate.scored.baselines import deciding_metrics
from goldgate.scored.scored import Scored
from goldgate.subjects.linear import LinearSubject
from goldgate.task.examples import Split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

SHARES = ((0.125, 3), (0.25, 2), (0.5, 1), (1.0, 1))
"""Share of train, and how often it is drawn: which examples are in a small part matters more."""
AHEAD = 8
"""How many times the data is asked about when it is said whether an accuracy can be reached."""
_LEAST, _EXAMPLES_OF_LABEL = 10, 2  # training examples of a point, in all and for each of its labels
_POINTS = 3  # fewest points of a curve


@dataclass(frozen=True)
class Curved:
    """A learning curve.

    Attributes:
        task: Name of the task.
        metric: The metric.
        points: What was measured, by size.
        now: The accuracy with all of train.
        twice: The forecast for twice as many examples.
        wanted: The accuracy that is needed; None if none is stated.
        chance: Posterior probability that `wanted` is reached with AHEAD times the data; None without it.
    """

    task: str
    metric: str
    points: tuple[Point, ...]
    now: Forecast
    twice: Forecast
    wanted: float | None
    chance: float | None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {**asdict(self), "ahead": AHEAD}


def run_curve(project: Project, name: str, wanted: float | None = None, progress: Progress | None = None) -> Curved:
    """Trains the linear model on 12.5, 25, 50 and 100% of train and forecasts its accuracy with more.

    Args:
        project: The project.
        name: Name of the task.
        wanted: The accuracy that is needed; None for the suite's highest threshold on the whole split.
        progress: Receives the progress.

    Returns:
        The curve.

    Raises:
        UserError: The task has no closed labels, or train is too small.
    """
    task = load_task(project, name)
    return curve_of(Workspace(project, task, progress or Silent()), wanted)


def curve_of(work: Workspace, wanted: float | None = None) -> Curved:
    """Measures the curve in a workspace, as `run_curve`."""
    task, dev = work.task, work.split("dev")
    if task.kind != "label":
        raise UserError(
            f"a learning curve of the linear model needs closed labels, but task {task.name} is of kind {task.kind}",
            hint=f"`goldgate train {task.name} --curve` trains adapters on a quarter and on half of the data",
        )
    metric, points, sizes = deciding_metrics(task)[0], [], _sizes(work)
    if len(sizes) < _POINTS:
        raise UserError(
            f"{len(work.split('train'))} training examples are too few for a learning curve",
            f"task {task.name}",
            f"a part needs {_LEAST} examples, and {_EXAMPLES_OF_LABEL} for each of its labels: collect more examples",
        )
    with work.progress.step("linear learns parts of train", "what more data would bring", len(sizes)) as advance:
        for parts in sizes:
            scores = [_score(work, part, dev, metric) for part in parts]
            points.append(Point(len(parts[0]), sum(scores) / len(scores), len(dev)))
            advance(len(points), "")
    curve, largest = LearningCurve(points), points[-1].count
    wanted = wanted_accuracy(work.project, task) if wanted is None else wanted
    chance = None if wanted is None else curve.chance(wanted, AHEAD * largest)
    return Curved(task.name, metric, tuple(points), curve.at(largest), curve.at(2 * largest), wanted, chance)


def can_curve(work: Workspace) -> bool:
    """Returns whether a task has closed labels and enough training examples for a learning curve."""
    return work.task.kind == "label" and len(_sizes(work)) >= _POINTS


def _sizes(work: Workspace) -> list[list[Split]]:
    """The parts of train by size, each drawn as often as SHARES says; sizes too small to learn from are left out."""
    sizes = ([_part(work, share, seed) for seed in range(draws)] for share, draws in SHARES)
    return [parts for parts in sizes if all(_is_enough(work.task, part) for part in parts)]


def _part(work: Workspace, share: float, seed: int) -> Split:
    """A part of train; of one draw, each contains the smaller ones."""
    if share == 1.0:
        return work.split("train")
    whole = sorted(work.split("train").examples, key=lambda e: e.digest)
    order = random.Random(seed).sample(whole, len(whole))
    return Split("train", tuple(order[: round(share * len(order))]))


def _is_enough(task: Task, part: Split) -> bool:
    labels = {task.label(str(e.output)) for e in part}
    return len(labels) > 1 and len(part) >= max(_LEAST, _EXAMPLES_OF_LABEL * len(labels))


def _score(work: Workspace, part: Split, dev: Split, metric: str) -> float:
    subject = LinearSubject(work.task, part, work.project.cache)
    return Scored("linear", work.scores(subject, dev)).measure(metric).value


def wanted_accuracy(project: Project, task: Task) -> float | None:
    """Reads from the suite what accuracy is needed.

    Args:
        project: The project.
        task: The task, whose linear model has answered dev.

    Returns:
        The highest threshold of a gate `>=` on the deciding metric over the whole split; None if there is none.
    """
    metric = deciding_metrics(task)[0]
    records = run_suite(project, task.name, "linear", "dev", generate=False).records
    found = [r.verdict.threshold for r in records if (r.verdict.metric, r.verdict.op) == (metric, ">=")]
    return max(found, default=None)


def curve_sentences(curved: Curved) -> Sequence[str]:
    """Says in words what the curve shows, with its intervals, and nothing that they do not show.

    Args:
        curved: The curve.

    Returns:
        One sentence a line.
    """
    now, twice = curved.now, curved.twice
    lines = [
        f"with all {now.count:,} training examples {curved.metric} is {now.middle:.2f}"
        f" (95% interval {now.sure[0]:.2f} to {now.sure[1]:.2f})",
        f"with twice the data ({twice.count:,}) it is {twice.likely[0]:.2f} to {twice.likely[1]:.2f} in 4 of 5 cases"
        f" (95% interval {twice.sure[0]:.2f} to {twice.sure[1]:.2f})",
    ]
    if curved.wanted is not None and curved.chance is not None:
        lines.append(_reachable(curved.wanted, curved.chance, now))
    return lines


def _reachable(wanted: float, chance: float, now: Forecast) -> str:
    told = f"(probability {chance:.2f} with {AHEAD} times the data)"
    if now.sure[0] >= wanted:
        return f"{wanted:.2f} is reached already"
    if chance >= 0.95:
        return f"{wanted:.2f} is shown to be reachable with more data of this kind {told}"
    if chance <= 0.05:
        return f"{wanted:.2f} is shown to be out of reach of more data of this kind {told}"
    return f"{wanted:.2f} is not shown to be reachable, nor to be out of reach {told}"
