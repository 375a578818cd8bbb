"""Which prompting-only baseline is best: chosen on dev, from the list that the task declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.scored.scored import Scored
from goldgate.scorers import quality_metrics, scorer_versions, scorers_for
from goldgate.scorers.own import OwnScorer
from goldgate.subjects import can_constrain
from goldgate.task.examples import Split
from goldgate.task.project import Project
from goldgate.task.subject_name import PLAIN_BASE, SubjectName, kind_of
from goldgate.task.task import Task

_BY = {  # what "best" means: the first metric decides, the next ones break ties
    "json": ("exact_match", "field_accuracy", "json_valid"),
    "label": ("exact_match",),
    "text": ("style_ok", "style_score", "similarity"),
}


@dataclass(frozen=True)
class Prompted:
    """The best prompting baseline.

    Attributes:
        name: The subject's name.
        tried: Every baseline that was tried → its scores on dev (metric → estimate).
        untried: Every baseline with constrained decoding that was left out → why.
    """

    name: str
    tried: Mapping[str, Mapping[str, float]]
    untried: Mapping[str, str]


def declared_baselines(task: Task) -> tuple[SubjectName, ...]:
    """Returns the subjects that task.yaml declares as baselines; a bare strategy applies to the task's own model.

    Raises:
        UserError: An entry is not the name of a subject.
    """
    return tuple(map(SubjectName.of_baseline, task.baselines))


def larger_models(task: Task) -> tuple[str, ...]:
    """Returns the declared opponents, as a rule larger, that are neither the task's own model nor linear."""
    names = [*map(str, declared_baselines(task)), *([] if task.incumbent is None else [task.incumbent])]
    return tuple(n for n in dict.fromkeys(names) if kind_of(n) not in ("base", "adapter", "linear"))


def is_listed(task: Task, subject: str) -> bool:
    """Returns whether task.yaml's `baselines` contain a subject, with or without constrained decoding."""
    return SubjectName.parse(subject).plain in {b.plain for b in declared_baselines(task)}


def is_declared(task: Task, subject: str) -> bool:
    """Returns whether a subject may be tested on golden without spending a look.

    That holds for a declared baseline, the linear model, the plain base model and the incumbent. It never holds for a
    model folder or an endpoint on this machine, because what answers under its name can be trained further.
    """
    if kind_of(subject) is None or (name := SubjectName.parse(subject)).replaceable:
        return False
    return is_listed(task, subject) or name.plain == PLAIN_BASE or name.kind == "linear" or subject == task.incumbent


def what_was_tried(tried: Iterable[str], untried: Mapping[str, str]) -> str:
    """Says in one line which baselines the best one was chosen from."""
    left_out = "".join(f"; not tried: {name} ({why})" for name, why in untried.items())
    return f"prompted is the best on dev of {', '.join(tried)}{left_out}"


def deciding_metrics(task: Task) -> tuple[str, ...]:
    """Returns the metrics by which two subjects of this task are compared, most important first."""
    known = scorers_for(task)
    return tuple(m for m in _BY[task.kind] if m in known)


def rank(task: Task, scored: Scored) -> tuple[float, ...]:
    """Returns estimates of the deciding metrics. Larger is better, compared in order."""
    return tuple(scored.measure(m).value for m in deciding_metrics(task))


def chooses(task: Task, metric: str) -> bool:
    """Returns whether a metric has a best prompt of its own: it judges answers, and is not the main metric.

    Cost, tokens and latency do not: the cheapest prompt is no opponent if nobody would serve it.
    """
    return metric != deciding_metrics(task)[0] and metric in quality_metrics(task)


def best_for(
    task: Task, prompted: Prompted, metric: str | OwnScorer, score: Callable[[str], Scored] | None = None
) -> str:
    """Returns the best baseline on dev for one metric, which is `prompted` in every gap in that metric.

    It is chosen on the whole of dev, whatever slice is compared. The deciding metrics break ties.

    Args:
        task: The task.
        prompted: The best baseline by the main metric, and all that were tried.
        metric: The metric; by all that is no quality of an answer, the best is the best by the main metric.
        score: Returns a subject's answers to dev, scored; only called for metrics that `tried` does not have.

    Raises:
        UserError: The metric cannot be computed for one of the baselines.
    """
    if isinstance(metric, str) and not chooses(task, metric):
        return prompted.name
    better = metric.better if isinstance(metric, OwnScorer) else quality_metrics(task)[metric]

    def value(name: str) -> float:
        if isinstance(metric, str) and metric in prompted.tried[name]:
            return prompted.tried[name][metric]
        assert score is not None
        view = score(name)
        return (view.measure(metric) if isinstance(metric, str) else view.by(metric)).value

    def order(name: str) -> tuple[float, ...]:
        ranks = (prompted.tried[name][m] for m in deciding_metrics(task))
        return (value(name) if better == "high" else -value(name), *ranks, name == prompted.name)

    return max(prompted.tried, key=order)


def choose_prompted(
    project: Project,
    task: Task,
    dev: Split,
    identify: Callable[[str], str],
    score: Callable[[str], Scored],
    *,
    everything: bool,
) -> Prompted:
    """Chooses the best declared baseline on dev.

    Constrained decoding is tried for every declared strategy or only for the best one, which costs one more pass over
    dev instead of twice as many. The choice is cached under the digest of everything it depends on, so a later test run
    need not repeat it.

    Args:
        project: The project.
        task: The task.
        dev: The dev split.
        identify: Returns a subject's identity.
        score: Returns a subject's answers to dev, scored.
        everything: Whether to try constrained decoding for every declared strategy.

    Returns:
        The best baseline, and what was tried.

    Raises:
        UserError: A declared baseline cannot be measured: the best of the others would be a weaker opponent.
    """
    declared = declared_baselines(task)
    names = list(map(str, declared))
    memo = _memo(project, task, dev, [[n, identify(n)] for n in names])
    if memo.is_file() and not everything:
        return Prompted(**read_json(memo))
    views = {name: _measured(task, name, score) for name in names}
    ranks = {name: rank(task, view) for name, view in views.items()}
    plain = [n for n in declared if not n.constrained and can_constrain(n, task) and n.held not in declared]
    chosen = plain if everything or not plain else [max(plain, key=lambda n: ranks[str(n)])]
    untried = {
        str(n.held): f"only tried for the best baseline; `goldgate train {task.name}` tries it for all"
        for n in plain
        if n not in chosen
    }
    refused: dict[str, str] = {}
    for name in (str(n.held) for n in chosen):
        try:
            views[name] = _measured(task, name, score)
            ranks[name] = rank(task, views[name])
        except UserError as error:  # it was not declared, and not every schema or endpoint supports it
            refused[name] = error.what
    best = max(ranks, key=lambda n: ranks[n])
    tried = {n: _estimates(task, views[n]) for n in ranks}
    prompted = Prompted(best, tried, untried | refused)
    passing = any(a.passing for view in views.values() for a in view.answers.values())
    if not refused and not passing:  # either may turn out differently another time
        write_json(memo, asdict(prompted))
    return prompted


def _estimates(task: Task, view: Scored) -> dict[str, float]:
    """The metrics by which prompts are compared; those that are not listed by default are left out."""
    wanted = quality_metrics(task)
    names = (*deciding_metrics(task), *(m for m in view.metrics() if m in wanted))
    return {m: view.measure(m).value for m in dict.fromkeys(names)}


def _measured(task: Task, name: str, score: Callable[[str], Scored]) -> Scored:
    """Scores a baseline on dev. Raises UserError if more than half of its answers are missing, too many to judge it."""
    hint = "or remove it from `baselines`, knowing that prompting is then not measured at its best"
    try:
        scored = score(name)
    except UserError as error:
        raise UserError(
            f"the baseline {name} could not be measured: {error.what}", error.where, f"{error.hint}; {hint}"
        ) from error
    lost = [a.error for a in scored.answers.values() if a.text is None]
    if 2 * len(lost) > len(scored.answers):
        raise UserError(
            f"the baseline {name} could not be measured: {len(lost)} of {len(scored.answers)} answers on"
            f" dev are missing; the first: {lost[0]}",
            f"task {task.name}",
            f"fix the cause, {hint}",
        )
    return scored


def _memo(project: Project, task: Task, dev: Split, identities: Sequence[Sequence[str]]) -> Path:
    key = digest(
        [
            list(identities),
            task.kind,
            task.schema,
            list(task.labels),
            {k: v.model_dump() for k, v in task.fields.items()},
            task.style.model_dump() if task.style else None,
            dev.fingerprint,
            scorer_versions(task),
            sorted(quality_metrics(task)),
        ]
    )
    return project.cache / "prompted" / f"{key}.json"
