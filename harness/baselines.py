"""Which prompting-only baseline is the best: chosen on dev, from the list that the task declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.examples import Split
from harness.files import read_json, write_json
from harness.fingerprint import digest
from harness.project import Project
from harness.scored import Scored
from harness.scorers import scorer_versions, scorers_for
from harness.task import Task

CONSTRAINED = "+constrained"
_BY = {  # what "best" means: the first metric decides, the next ones break ties
    "json": ("exact_match", "field_accuracy", "json_valid"),
    "label": ("exact_match",),
    "text": ("style_ok", "style_score", "similarity"),
}


@dataclass(frozen=True)
class Prompted:
    """The best prompting baseline, and every one that was tried with its dev scores (metric → estimate)."""

    name: str
    tried: Mapping[str, Mapping[str, float]]


def declared_baselines(task: Task) -> tuple[str, ...]:
    """The subjects that task.yaml lists; a bare strategy is one on the task's own model."""
    return tuple(b if (":" in b and "@" in b) or b.startswith(("base+", "adapter:")) else f"base+{b}"
                 for b in task.baselines)


def is_declared(task: Task, subject: str) -> bool:
    """Whether a subject is a baseline: a declared one, with or without constrained decoding, the linear model, the
    plain base model, or the incumbent. Testing one on golden is no look. An adapter never is: its name is a folder,
    and what lies in it can be trained anew.
    """
    if subject.startswith("adapter:"):
        return False
    plain = subject.removesuffix(CONSTRAINED)
    names = {b.removesuffix(CONSTRAINED) for b in declared_baselines(task)}
    return plain in names | {"base+zero_shot", "linear"} or subject == task.incumbent


def deciding_metrics(task: Task) -> tuple[str, ...]:
    """The metrics by which two subjects of this task are compared, the most important first."""
    known = scorers_for(task)
    return tuple(m for m in _BY[task.kind] if m in known)


def rank(task: Task, scored: Scored) -> tuple[float, ...]:
    """Estimates of the deciding metrics: larger is better, compared in order."""
    return tuple(scored.measure(m).value for m in deciding_metrics(task))


def choose_prompted(
    project: Project, task: Task, dev: Split, model: str, score: Callable[[str], Scored], *, everything: bool
) -> Prompted:
    """The best declared baseline on dev. `score` answers and scores one subject on dev; model: digest of the base.

    Constrained decoding is tried for every declared strategy (`everything`) or for the best one alone. The choice is
    kept in the cache under the digest of all that it depends on, so that a later test run need not repeat it.
    """
    names = declared_baselines(task)
    memo = _memo(project, task, dev, model)
    if memo.is_file() and not everything:
        found = read_json(memo)
        return Prompted(found["name"], found["tried"])
    tried: dict[str, tuple[float, ...]] = {n: rank(task, score(n)) for n in names}
    open_ended = [n for n in names if not n.endswith(CONSTRAINED)] if task.kind != "text" else []
    if open_ended and not everything:
        open_ended = [max(open_ended, key=lambda n: tried[n])]
    for name in open_ended:
        if name + CONSTRAINED not in tried:
            tried[name + CONSTRAINED] = rank(task, score(name + CONSTRAINED))
    metrics = deciding_metrics(task)
    best = max(tried, key=lambda n: tried[n])
    prompted = Prompted(best, {n: dict(zip(metrics, row, strict=True)) for n, row in tried.items()})
    write_json(memo, {"name": prompted.name, "tried": prompted.tried})
    return prompted


def _memo(project: Project, task: Task, dev: Split, model: str) -> Path:
    train = project.golden(task.name) / "card.json"
    key = digest([
        task.name, task.kind, task.instructions, dict(task.template), task.decoding.model_dump(), task.schema,
        list(task.labels), {k: v.model_dump() for k, v in task.fields.items()}, list(task.baselines),
        task.style.model_dump() if task.style else None, dev.fingerprint,
        read_json(train)["splits"]["train"]["fingerprint"], model, scorer_versions(task),
    ])
    return project.cache / "prompted" / f"{key}.json"
