"""One string names a subject everywhere: this reads it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
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
from goldgate.subjects.remote import RemoteSubject
from goldgate.subjects.subject import Subject
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.subject_name import FORMS, SubjectName
from goldgate.task.task import Task


def parse_subject(name: str, task: Task, project: Project) -> Subject:
    """The subject of that name: base+STRATEGY, adapter:FOLDER, model:FOLDER (as exported) or
    openai:MODEL@URL+STRATEGY, each with +constrained, or linear.

    Reads data and digests, loads no model, asks nobody. Raises UserError for a name, strategy, folder or base that is
    not right.
    """
    who, sources = SubjectName.parse(name), sources_of(task, project)
    if who.constrained and task.kind == "text":
        raise UserError(f'"{name}": free text has no closed form to constrain', hint="drop +constrained")
    if who.kind == "linear":
        from goldgate.subjects.linear import LinearSubject

        return LinearSubject(task, load_split(project, task.name, "train"), project.cache)
    if who.kind == "endpoint":
        return RemoteSubject(who, task, parse_strategy(who.strategy, sources))
    made = partial(Who, name, task, project.cache, constrained=who.constrained)
    if who.kind == "base":
        model = model_digest(project.cache, task.model)
        return LocalSubject(made(model, None, parse_strategy(who.strategy, sources)))
    if who.kind == "adapter":
        adapter = read_adapter(_folder(who, project))
        model = model_digest(project.cache, task.model)
        check_base(adapter, model, task.model)
        return LocalSubject(made(model, adapter, parse_strategy(adapter.prompt, sources)))
    if who.kind == "model":
        merged = read_merged(_folder(who, project).resolve())
        model = model_digest(project.cache, str(merged.folder))
        return LocalSubject(made(model, None, parse_strategy(merged.prompt, sources), folder=merged.folder))
    raise UserError(f'no subject "{name}"', hint=near_names(name, FORMS))  # a role, which others know who plays


def can_constrain(name: SubjectName, task: Task) -> bool:
    """Whether a subject's answers can be held to the task's closed form."""
    return (task.kind == "json" and (name.local or name.kind == "endpoint")) or (task.kind == "label" and name.local)


def serving_digest(name: str, prompt: str | None, task: Task, project: Project) -> str:
    """Digest of what decides a subject's answers beside its weights: base model by name, prompt, template, decoding and
    constraint. Known without any model, so that a recorded answer can be told from one of another configuration.

    prompt: the strategy that an adapter was trained with; None for subjects that name theirs.
    """
    who = SubjectName.parse(name)
    if not who.local:
        return parse_subject(name, task, project).identity
    strategy = parse_strategy(prompt or who.strategy, sources_of(task, project))
    closed = {"schema": task.schema, "labels": list(task.labels)} if who.constrained else None
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


def _folder(name: SubjectName, project: Project) -> Path:
    """A relative path counts from the working folder first, then from the project."""
    folder = Path(name.folder).expanduser()
    return folder if folder.is_absolute() or folder.is_dir() else project.root / folder


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
