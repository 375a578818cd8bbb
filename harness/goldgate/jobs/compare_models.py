"""`goldgate train TASK --base-models a,b,c`: trains one adapter on each base model and compares them on dev.

None of them looks at golden. Golden decides only about the base model in task.yaml, which is part of the suite's digest
and of how a champion is served. The comparison therefore ends with the line to write into task.yaml, and leaves every
run unfinished, just before its look: `goldgate train` then resumes the run whose base model task.yaml names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.jobs.progress import Progress
from goldgate.jobs.train import run_train
from goldgate.jobs.training import Mode
from goldgate.jobs.workspace import Workspace
from goldgate.ledger import suite_digest
from goldgate.models.embedded import ModelRef, ensure_model
from goldgate.runs.folder import Run
from goldgate.runs.part import needed
from goldgate.runs.record import Opened
from goldgate.scored.baselines import deciding_metrics
from goldgate.scorers import scorer_versions
from goldgate.task.examples import load_split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task
from goldgate_trainers import Attempt, Budget, Step
from goldgate_trainers.loop.until import LOOK_AT

_KIND = "base model"


@dataclass(frozen=True)
class OneOfModels:
    """The plan of one base model's run: the default recipe, once.

    Attributes:
        comparison: Digest of everything that the runs of the comparison share.
        comparing: Whether the run is part of a comparison.
        ended: Why there is no further attempt.
    """

    comparison: str
    comparing: bool = True
    ended: str = "each base model is trained once, and compared on dev"

    def next(self, done: Sequence[Attempt]) -> Step | None:
        return None

    def record(self, done: Sequence[Attempt]) -> dict[str, Any]:
        return {
            "kind": _KIND,
            "comparison": self.comparison,
            "words": "one of several base models that were compared on dev; none of them looked at golden",
        }


@dataclass(frozen=True)
class ComparedModels:
    """The result of a comparison.

    Attributes:
        task: The task.
        rows: One row for each base model, in the order they were named.
        settings: Recipe settings that were given with --set.
    """

    task: Task
    rows: Sequence[Mapping[str, Any]]
    settings: Sequence[str]

    @property
    def cheapest(self) -> Mapping[str, Any] | None:
        """The base model that needs the least computation per answer among those likely to pass; None if none is."""
        likely = [row for row in self.rows if row["likely"]]
        return min(likely, key=lambda row: float(row["gigaflops"])) if likely else None

    @property
    def passed(self) -> bool:
        """Whether any base model is likely to pass."""
        return self.cheapest is not None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        cheapest = self.cheapest
        return {
            "task": self.task.name,
            "models": list(self.rows),
            "cheapest": None if cheapest is None else cheapest["model"],
        }


def run_compare(
    project: Project, name: str, models: Sequence[str], minutes: float, settings: Sequence[str], progress: Progress
) -> ComparedModels:
    """Trains each base model with its default recipe, judges it on dev, and finds the cheapest that is likely to pass.

    Results of an earlier call of the same comparison are taken from its runs.

    Args:
        project: The project.
        name: Name of the task.
        models: Base models: aliases, folders or Hugging Face ids.
        minutes: Training time for each of them.
        settings: Recipe settings from --set.
        progress: Receives the progress.

    Returns:
        The comparison.

    Raises:
        UserError: A model is not available, is named twice, or is the only one.
    """
    task = load_task(project, name)
    refs = _found(project, models)
    comparison = _comparison(project, name, settings)
    rows = []
    for ref in refs:
        run = _compared(project, name, comparison, ref)
        if run is None:
            mode = Mode(plan=lambda training, recipe: OneOfModels(comparison))
            budget = Budget(1, minutes, looks=0)
            made = run_train(project, name, budget, settings, progress=progress, mode=mode, base=ref.alias)
            run = Run(project.runs(name) / made.run)
        run.update(Opened(status="running"))  # its look is still to come
        rows.append(_row(Workspace(project, task.on_model(ref.alias), progress), run, ref))
    return ComparedModels(task, rows, settings)


def _found(project: Project, models: Sequence[str]) -> list[ModelRef]:
    refs = [ensure_model(project.cache, model) for model in models]
    if len(refs) < 2:
        raise UserError(
            "a comparison needs at least two base models", "--base-models", "name several: --base-models a,b,c"
        )
    if len({ref.digest for ref in refs}) < len(refs):
        raise UserError("two of the base models are the same", "--base-models", "name each once")
    return refs


def _comparison(project: Project, name: str, settings: Sequence[str]) -> str:
    """Digest of everything except the base model that affects the outcome."""
    task = load_task(project, name).on_model("")
    return digest(
        {
            "suite": suite_digest(task, scorer_versions(task)),
            "train": dict(task.train),
            "data": {n: load_split(project, name, n).fingerprint for n in ("train", "dev", "golden")},
            "settings": list(settings),
        }
    )


def _compared(project: Project, name: str, comparison: str, model: ModelRef) -> Run | None:
    """The finished run of this base model in the comparison; None if there is none."""
    for path in sorted(project.runs(name).glob("*/run.json"), reverse=True):
        run = Run(path.parent)
        record = run.read()
        ours = record.plan is not None and record.plan.comparison == comparison
        if ours and record.spent is not None and record.model is not None and record.model.digest == model.digest:
            return run
    return None


def _row(work: Workspace, run: Run, model: ModelRef) -> dict[str, Any]:
    """The result of one base model.

    `gigaflops` is the computation of one answer, at 2 FLOP per parameter and token (Kaplan et al., 2020, arXiv
    2001.08361); `latency` is the median number of seconds per answer, one at a time.
    """
    record, where, hint = run.read(), str(run.path), f"remove the run folder {run.folder}, and compare again"
    (attempt,) = needed(record.attempts, "attempts", where, hint)
    subject, dev = needed(attempt.subject, "subject", where, hint), attempt.dev
    chance, spent = needed(attempt.chance, "chance", where, hint), needed(record.spent, "spent", where, hint)
    tokens = sum(needed(dev.get(m), m, where, hint) for m in ("tokens_in", "tokens_out"))
    latency = record.latency.get(subject)
    metric = deciding_metrics(work.task)[0]
    measure = work.scored(subject, "dev", "for the comparison").measure(metric)
    low, high = measure.interval()
    size = parameters(model.path)
    return {
        "model": model.alias,
        "run": run.id,
        "subject": subject,
        "chance": chance,
        "failing": list(attempt.failing or ()),
        "likely": chance >= LOOK_AT,
        "metric": metric,
        "estimate": measure.value,
        "low": low,
        "high": high,
        "n": measure.n,
        "parameters": size,
        "gigaflops": round(2e-9 * size * tokens, 6),
        "cost_per_1k": dev.get("cost_per_1k"),
        "latency": None if latency is None else latency.p50,
        "minutes": spent.minutes,
    }


def parameters(folder: Path) -> int:
    """Counts a model's parameters from the headers of its safetensors files.

    Args:
        folder: The model's folder.

    Returns:
        The number of parameters.
    """
    from math import prod

    from safetensors import safe_open

    total = 0
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as tensors:
            total += sum(prod(tensors.get_slice(key).get_shape()) for key in tensors.keys())  # noqa: SIM118
    return total
