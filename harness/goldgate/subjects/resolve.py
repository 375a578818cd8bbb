"""One string names a subject everywhere: this reads it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from goldgate.base.errors import UserError, near_names
from goldgate.base.fingerprint import digest
from goldgate.models.adapter import check_base, read_adapter
from goldgate.models.embedded import EMBEDDER_DIGEST, model_digest
from goldgate.models.embedder import embed, nearest
from goldgate.models.exported import read_merged
from goldgate.prompts import Sources, parse_strategy
from goldgate.subjects.local import LocalSubject, Who
from goldgate.subjects.remote import RemoteSubject, read_name
from goldgate.subjects.subject import Subject
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import Task

_FORMS = (
    "base+zero_shot",
    "base+few_shot:4",
    "base+nearest:4",
    "base+zero_shot+constrained",
    "adapter:FOLDER",
    "model:FOLDER",
    "openai:MODEL@URL+zero_shot",
    "linear",
)

_WHOLE = ("base+", "adapter:", "model:", "openai:")


def parse_subject(name: str, task: Task, project: Project) -> Subject:
    """The subject of that name: base+STRATEGY, adapter:FOLDER, model:FOLDER (as exported) or
    openai:MODEL@URL+STRATEGY, each with +constrained, or linear.

    Reads data and digests, loads no model, asks nobody. Raises UserError for a name, strategy, folder or base that is
    not right.
    """
    parts = name.split("+")
    if name == "linear":
        from goldgate.subjects.linear import LinearSubject

        return LinearSubject(task, load_split(project, task.name, "train"), project.cache)
    if name.startswith("openai:"):
        at = read_name(name)
        if at.constrained:
            _check_closed(task, name)
        return RemoteSubject(name, task, at, parse_strategy(at.strategy, sources_of(task, project)))
    constrained = len(parts) > 1 and parts[-1] == "constrained"
    if constrained:
        _check_closed(task, name)
        parts = parts[:-1]
    sources = sources_of(task, project)
    if parts[0] == "base" and len(parts) == 2:
        model = model_digest(project.cache, task.model)
        return LocalSubject(Who(name, task, project.cache, model, None, parse_strategy(parts[1], sources), constrained))
    if parts[0].startswith("adapter:"):
        adapter = read_adapter(_folder("+".join(parts).removeprefix("adapter:"), project))
        model = model_digest(project.cache, task.model)
        check_base(adapter, model, task.model)
        strategy = parse_strategy(adapter.prompt, sources)
        return LocalSubject(Who(name, task, project.cache, model, adapter, strategy, constrained))
    if parts[0].startswith("model:"):
        merged = read_merged(_folder("+".join(parts).removeprefix("model:"), project).resolve())
        model = model_digest(project.cache, str(merged.folder))
        strategy = parse_strategy(merged.prompt, sources)
        return LocalSubject(Who(name, task, project.cache, model, None, strategy, constrained, folder=merged.folder))
    raise UserError(f'no subject "{name}"', hint=near_names(name, _FORMS))


def is_whole(name: str) -> bool:
    """Whether a baseline in task.yaml is a whole subject; else it is a strategy for the task's own model."""
    return name == "linear" or name.startswith(_WHOLE)


def can_constrain(name: str, task: Task) -> bool:
    """Whether a subject's answers can be held to the task's closed form."""
    return task.kind == "json" or (task.kind == "label" and name != "linear" and not name.startswith("openai:"))


def serving_digest(name: str, prompt: str | None, task: Task, project: Project) -> str:
    """Digest of what decides a subject's answers beside its weights: base model by name, prompt, template, decoding and
    constraint. Known without any model, so that a recorded answer can be told from one of another configuration.

    prompt: the strategy that an adapter was trained with; None for subjects that name theirs.
    """
    if name == "linear" or name.startswith("openai:"):
        return parse_subject(name, task, project).identity
    plain = name.removesuffix("+constrained")
    strategy = parse_strategy(prompt or plain.removeprefix("base+"), sources_of(task, project))
    closed = {"schema": task.schema, "labels": list(task.labels)} if plain != name else None
    return digest(
        {
            "model": task.model,
            "prompt": strategy.spec(),
            "template": dict(task.template),
            "decoding": task.decoding.model_dump(),
            "constrained": closed,
            **task.chat,
        }
    )


def _folder(path: str, project: Project) -> Path:
    """A relative path counts from the working folder first, then from the project."""
    if not path:
        raise UserError(
            "adapter: or model: names no folder",
            hint="write adapter:runs/<task>/<run>/attempts/<k>/adapter, or model: and an exported folder",
        )
    folder = Path(path).expanduser()
    return folder if folder.is_absolute() or folder.is_dir() else project.root / folder


def _check_closed(task: Task, name: str) -> None:
    if task.kind == "text":
        raise UserError(f'"{name}": free text has no closed form to constrain', hint="drop +constrained")


def sources_of(task: Task, project: Project) -> Sources:
    """Where a task's prompts take their shots from: its train split, and the distances in it."""

    @cache
    def train() -> Split:
        return load_split(project, task.name, "train")

    @cache
    def vectors(pool: tuple[str, ...]) -> np.ndarray:
        return embed(pool, project.cache)

    def neighbours(pool: Sequence[str], texts: Sequence[str], many: int) -> np.ndarray:
        return nearest(vectors(tuple(pool)), embed(texts, project.cache), many)

    return Sources(task, train, neighbours, EMBEDDER_DIGEST)
