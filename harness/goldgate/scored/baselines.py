"""Which prompting-only baseline is the best: chosen on dev, from the list that the task declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.scored.scored import Scored
from goldgate.scorers import scorer_versions, scorers_for
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
    """The best prompting baseline, and every one that was tried with its dev scores (metric → estimate).

    untried: name → why, of those with constrained decoding that were left out.
    """

    name: str
    tried: Mapping[str, Mapping[str, float]]
    untried: Mapping[str, str]


def declared_baselines(task: Task) -> tuple[SubjectName, ...]:
    """The subjects that task.yaml lists; a bare strategy is one on the task's own model. Raises UserError for an entry
    that names none.
    """
    return tuple(map(SubjectName.of_baseline, task.baselines))


def is_listed(task: Task, subject: str) -> bool:
    """Whether task.yaml's `baselines` hold a subject, with or without constrained decoding."""
    return SubjectName.parse(subject).plain in {b.plain for b in declared_baselines(task)}


def is_declared(task: Task, subject: str) -> bool:
    """Whether testing a subject on golden is no look: a listed baseline, the linear model, the plain base model, or the
    incumbent. A model folder or an endpoint on this machine never is: what answers under its name can be trained anew.
    """
    if kind_of(subject) is None or (name := SubjectName.parse(subject)).replaceable:
        return False
    return is_listed(task, subject) or name.plain == PLAIN_BASE or name.kind == "linear" or subject == task.incumbent


def what_was_tried(tried: Iterable[str], untried: Mapping[str, str]) -> str:
    """One line for people: what the best baseline is the best of."""
    left_out = "".join(f"; not tried: {name} ({why})" for name, why in untried.items())
    return f"prompted is the best on dev of {', '.join(tried)}{left_out}"


def deciding_metrics(task: Task) -> tuple[str, ...]:
    """The metrics by which two subjects of this task are compared, the most important first."""
    known = scorers_for(task)
    return tuple(m for m in _BY[task.kind] if m in known)


def rank(task: Task, scored: Scored) -> tuple[float, ...]:
    """Estimates of the deciding metrics: larger is better, compared in order."""
    return tuple(scored.measure(m).value for m in deciding_metrics(task))


def choose_prompted(
    project: Project,
    task: Task,
    dev: Split,
    identify: Callable[[str], str],
    score: Callable[[str], Scored],
    *,
    everything: bool,
) -> Prompted:
    """The best declared baseline on dev. identify: identity of a subject; score: its answers to dev, scored.

    Constrained decoding is tried for every declared strategy (`everything`) or for the best one alone: one pass over
    dev more instead of twice as many. The choice is kept in the cache under the digest of all that it depends on, so
    that a later test run need not repeat it. Raises UserError where a declared baseline cannot be measured: the best of
    the others would be a weaker opponent.
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
        str(n.held): f"tried for the best alone; `goldgate train {task.name}` tries it for all"
        for n in plain
        if n not in chosen
    }
    refused: dict[str, str] = {}
    for name in (str(n.held) for n in chosen):
        try:
            views[name] = _measured(task, name, score)
            ranks[name] = rank(task, views[name])
        except UserError as error:  # nobody declared it, and not every schema or endpoint allows it
            refused[name] = error.what
    metrics = deciding_metrics(task)
    best = max(ranks, key=lambda n: ranks[n])
    tried = {n: dict(zip(metrics, row, strict=True)) for n, row in ranks.items()}
    prompted = Prompted(best, tried, untried | refused)
    passing = any(a.passing for view in views.values() for a in view.answers.values())
    if not refused and not passing:  # both may be otherwise another time
        write_json(memo, asdict(prompted))
    return prompted


def _measured(task: Task, name: str, score: Callable[[str], Scored]) -> Scored:
    """A baseline on dev. Raises UserError where more than half of its answers are missing: what is left says nothing of
    the others.
    """
    hint = "or take it out of `baselines`, and know that prompting was then not measured at its best"
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
            f" dev are missing, the first: {lost[0]}",
            f"task {task.name}",
            f"mend what is said there, {hint}",
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
        ]
    )
    return project.cache / "prompted" / f"{key}.json"
