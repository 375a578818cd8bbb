"""`goldgate train TASK --base-models a,b,c`: one adapter on each base model, compared on dev; none looks at golden.

Golden is asked about the model that task.yaml names: it is part of the suite's digest, and of what a champion is served
by. So the comparison names the line to write, and leaves every run unfinished, before its look: `goldgate train` takes
up the one whose base model task.yaml names.
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
    """The plan of one base model's run: its default recipe, once. comparison: digest of what all its runs share."""

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
    """What a comparison came to. rows: one a base model, in the order in which they were named; settings: those of the
    recipe that were given.
    """

    task: Task
    rows: Sequence[Mapping[str, Any]]
    settings: Sequence[str]

    @property
    def cheapest(self) -> Mapping[str, Any] | None:
        """Of those that are likely to pass, the one with the least computation an answer; None where none is likely."""
        likely = [row for row in self.rows if row["likely"]]
        return min(likely, key=lambda row: float(row["gigaflops"])) if likely else None

    @property
    def passed(self) -> bool:
        """Whether one is likely to pass."""
        return self.cheapest is not None

    def to_json(self) -> dict[str, Any]:
        cheapest = self.cheapest
        return {
            "task": self.task.name,
            "models": list(self.rows),
            "cheapest": None if cheapest is None else cheapest["model"],
        }


def run_compare(
    project: Project, name: str, models: Sequence[str], minutes: float, settings: Sequence[str], progress: Progress
) -> ComparedModels:
    """Trains the default recipe of each base model, judges it on dev, and names the cheapest that is likely to pass.

    models: aliases, folders or Hugging Face ids; minutes: for each. What an earlier call of the same comparison came to
    is taken from its runs. Raises UserError for a model that cannot be had, or is named twice.
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
        raise UserError("one base model is no comparison", "--base-models", "name several: --base-models a,b,c")
    if len({ref.digest for ref in refs}) < len(refs):
        raise UserError("two of the base models are the same", "--base-models", "name each once")
    return refs


def _comparison(project: Project, name: str, settings: Sequence[str]) -> str:
    """Digest of what decides the outcome beside the base model."""
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
    """The run that has this base model's part of the comparison, whole."""
    for path in sorted(project.runs(name).glob("*/run.json"), reverse=True):
        run = Run(path.parent)
        record = run.read()
        ours = record.plan is not None and record.plan.comparison == comparison
        if ours and record.spent is not None and record.model is not None and record.model.digest == model.digest:
            return run
    return None


def _row(work: Workspace, run: Run, model: ModelRef) -> dict[str, Any]:
    """What there is to say of one base model. gigaflops: of an answer, 2 for every parameter and token (Kaplan et al.,
    2020, arXiv 2001.08361); latency: median seconds of an answer, one at a time.
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
    """Parameters of a model folder, counted from the headers of its safetensors files."""
    from math import prod

    from safetensors import safe_open

    total = 0
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as tensors:
            total += sum(prod(tensors.get_slice(key).get_shape()) for key in tensors.keys())  # noqa: SIM118
    return total
